import itertools
import math
from time import perf_counter

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog

from smug.masks.problem import MaskProblem, Status
from smug.masks.solvers import anytime, solve
from smug.masks.solvers.dense import DenseTree, _Relaxed, _State


def random_rows(seed, rows, variables, level):
    rng = np.random.default_rng(seed)
    A = rng.normal(0.4, 1, (rows, variables))
    A[rng.random(A.shape) < 0.1] = 0
    return A, level * A.sum(axis=1)


def smallest_size(A, demand):
    masks = np.array(list(itertools.product((0, 1), repeat=A.shape[1])))
    valid = (masks @ A.T >= demand).all(axis=1)
    return masks[valid].sum(axis=1).min() if valid.any() else math.inf


@pytest.mark.parametrize(("batch", "threads"), [(1, 1), (16, 1), (16, 2)])
@pytest.mark.parametrize("rows", [1, 12])
@pytest.mark.parametrize("level", [0.3, 0.8])
def test_each_size_is_decided_as_brute_force_decides_it(rows, level, batch, threads):
    for seed in range(3):
        A, demand = random_rows(seed, rows, 10, level)
        best, tree = smallest_size(A, demand), DenseTree(A, demand)
        for size in range(11):
            decided, mask = tree.find(size, perf_counter() + 60, batch, threads)
            assert decided
            assert (mask is not None) == (size >= best)
            if mask is not None:
                assert mask.sum() <= size
                assert (A @ mask >= demand - 1e-7).all()


@pytest.mark.parametrize("scale", [1e-4, 1e5])
def test_scale_of_rows_does_not_matter(scale):
    A, demand = random_rows(3, 6, 12, 0.6)
    best = smallest_size(A, demand)
    factors = np.where(np.arange(6) % 2, scale, 1.0)
    tree = DenseTree(A * factors[:, None], demand * factors)
    assert tree.find(int(best) - 1, perf_counter() + 60, 8) == (True, None)
    assert tree.find(int(best), perf_counter() + 60, 8)[1].sum() == best


def test_infeasible_rows_are_proven_so():
    A = np.array([[1.0, 1, -2, 0.5], [-1.0, -1, 2, -0.5]])
    tree = DenseTree(A, np.array([0.1, 0.1]))
    assert tree.root_bound() == math.inf
    assert tree.find(4, perf_counter() + 60, 8) == (True, None)


@pytest.mark.parametrize(("rows", "variables"), [(3, 20), (20, 150), (30, 60)])
def test_root_bound_is_the_linear_optimum(rows, variables):
    for seed in range(3):
        A, demand = random_rows(seed, rows, variables, 0.5)
        lp = linprog(np.ones(variables), -A, -demand, bounds=(0, 1))
        assert DenseTree(A, demand).root_bound() == pytest.approx(lp.fun, rel=1e-6)


def state_of(simplex, low, free, prices):
    """Linear programs as they may stand after rounding errors, whatever the prices."""
    none = np.zeros((len(low), simplex.rows), bool)
    low, free, basis = np.hstack([low, none]), np.hstack([free, ~none]), none.astype(np.int16)
    return _State(np.arange(len(low)), low, free, free, basis, *[prices] * 4)


def unanswered(simplex, count):
    shape = (count, simplex.variables)
    basis = np.tile(simplex.slacks, (count, 1))
    return _Relaxed(np.zeros(count, bool), np.zeros(count), np.zeros(shape), np.zeros(shape), basis)


def least_size(A, demand, low, free):
    masks = np.array(list(itertools.product((False, True), repeat=A.shape[1])))
    masks = masks[((masks >= low) & (masks <= low | free)).all(axis=1)]
    valid = (masks @ A.T >= demand).all(axis=1)
    return masks[valid].sum(axis=1).min() if valid.any() else math.inf


@pytest.mark.parametrize("scale", [0.1, 1e6, 1e30, math.inf])
def test_no_prices_however_wrong_exclude_a_mask(scale):
    A, demand = random_rows(4, 5, 10, 0.4)
    simplex, rng = DenseTree(A, demand).simplex, np.random.default_rng(1)
    low, free = rng.random((2, 60, 10)) < 0.2
    free &= ~low
    prices = rng.normal(size=(60, 5)).astype(np.float32) * np.float32(scale)
    prices[0] = np.nan
    best = np.array([least_size(A, demand, *fixed) for fixed in zip(low, free, strict=True)])
    assert np.isfinite(best).any()
    state, answer = state_of(simplex, low, free, prices), unanswered(simplex, 60)
    with np.errstate(all="ignore"):
        simplex._finish(state, np.zeros((60, 15)), 10, answer)
        assert (answer.bound <= best).all()
        simplex._settle(state, prices, answer)
    assert (answer.bound <= best).all()


def test_rays_of_any_length_prove_no_more_than_rounding_allows():
    # The whole input meets these rows with nothing to spare: no ray excludes it, however long.
    rng = np.random.default_rng(3)
    A = rng.normal(size=(6, 12))
    simplex, low = DenseTree(A, A.sum(axis=1)).simplex, np.ones((50, 12), bool)
    rays = rng.random((50, 6)) * np.logspace(-20, 20, 50)[:, None]
    answer = unanswered(simplex, 50)
    simplex._settle(state_of(simplex, low, ~low, rays), rays, answer)
    assert answer.open.all()


def test_out_of_time_decides_nothing():
    A, demand = random_rows(0, 20, 150, 0.6)
    size = math.ceil(DenseTree(A, demand).root_bound()) + 1
    assert DenseTree(A, demand).find(size, perf_counter() - 1, 8) == (False, None)


def test_anytime_hands_small_dense_problems_over_and_agrees_with_highs(monkeypatch):
    sizes = []
    find = DenseTree.find

    def watched(self, size, *settings, **more):
        sizes.append(size)
        return find(self, size, *settings, **more)

    monkeypatch.setattr(anytime.DenseTree, "find", watched)
    monkeypatch.setattr(anytime, "HIGHS_SECONDS", 0.0)
    A, _ = random_rows(1, 8, 60, 0.5)
    A /= A.sum(axis=1, keepdims=True)
    problem = MaskProblem(sparse.csr_array(A), 0.7)
    found = solve(problem, solver="anytime", time_limit=60)
    known = solve(problem, solver="highs", time_limit=60)
    assert sizes
    assert found.status is known.status is Status.OPTIMAL
    assert found.objective == found.bound == known.objective
    assert (A @ found.mask >= problem.demand).all()
