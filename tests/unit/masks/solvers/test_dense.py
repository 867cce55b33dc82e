import itertools
import math
from time import perf_counter

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog

from smug.masks.problem import MaskProblem, Status
from smug.masks.solvers import anytime, solve
from smug.masks.solvers.dense import DenseTree
from smug.masks.solvers.dense_simplex import certified, impossible, refresh, relax


def random_rows(seed, rows, variables, level):
    rng = np.random.default_rng(seed)
    A = rng.normal(0.4, 1, (rows, variables))
    A[rng.random(A.shape) < 0.1] = 0
    return A, level * A.sum(axis=1)


def smallest_size(A, demand):
    masks = np.array(list(itertools.product((0, 1), repeat=A.shape[1])))
    valid = (masks @ A.T >= demand).all(axis=1)
    return masks[valid].sum(axis=1).min() if valid.any() else math.inf


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("rows", [1, 12])
@pytest.mark.parametrize("level", [0.3, 0.8])
def test_each_size_is_decided_as_brute_force_decides_it(rows, level, threads):
    for seed in range(3):
        A, demand = random_rows(seed, rows, 10, level)
        best, tree = smallest_size(A, demand), DenseTree(A, demand, threads)
        for size in range(11):
            decided, mask = tree.find(size, perf_counter() + 60)
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
    assert tree.find(int(best) - 1, perf_counter() + 60) == (True, None)
    assert tree.find(int(best), perf_counter() + 60)[1].sum() == best


def test_infeasible_rows_are_proven_so():
    A = np.array([[1.0, 1, -2, 0.5], [-1.0, -1, 2, -0.5]])
    tree = DenseTree(A, np.array([0.1, 0.1]))
    assert tree.root_bound() == math.inf
    assert tree.find(4, perf_counter() + 60) == (True, None)


@pytest.mark.parametrize(("rows", "variables"), [(3, 20), (20, 150), (30, 60)])
def test_root_bound_is_the_linear_optimum(rows, variables):
    for seed in range(3):
        A, demand = random_rows(seed, rows, variables, 0.5)
        lp = linprog(np.ones(variables), -A, -demand, bounds=(0, 1))
        assert DenseTree(A, demand).root_bound() == pytest.approx(lp.fun, rel=1e-6)


def bounds(rng, count, variables):
    """Bounds of nodes: a fifth of the variables at 1, a fifth of the others at 0."""
    low = rng.random((count, variables)) < 0.2
    high = low | (rng.random((count, variables)) < 0.8)
    return low.astype(float), high.astype(float)


def least_size(A, demand, low, high):
    masks = np.array(list(itertools.product((0, 1), repeat=A.shape[1])))
    masks = masks[((masks >= low) & (masks <= high)).all(axis=1)]
    valid = (masks @ A.T >= demand).all(axis=1)
    return masks[valid].sum(axis=1).min() if valid.any() else math.inf


@pytest.mark.parametrize("scale", [0.1, 1e6, 1e30, 1e300, math.inf])
def test_no_prices_however_wrong_exclude_a_mask(scale):
    A, demand = random_rows(4, 5, 10, 0.4)
    worker, rng = DenseTree(A, demand)._workers[0], np.random.default_rng(1)
    prices = rng.normal(size=(60, 5)) * scale
    prices[0] = np.nan
    found = []
    for price, low, high in zip(prices, *bounds(rng, 60, 10), strict=True):
        found.append(least_size(A, demand, low, high))
        worker.scratch.prices[:] = price
        # NaN is no claim either.
        assert not certified(worker.rows, low, high, worker.scratch) > found[-1]
        worker.scratch.prices[:] = price
        assert not (impossible(worker.rows, low, high, worker.scratch) and found[-1] < math.inf)
    assert np.isfinite(found).any()


def test_rays_of_any_length_prove_no_more_than_rounding_allows():
    # The whole input meets these rows with nothing to spare: no ray excludes it, however long.
    rng = np.random.default_rng(3)
    A = rng.normal(size=(6, 12))
    worker, every = DenseTree(A, A.sum(axis=1))._workers[0], np.ones(12)
    for ray in rng.random((50, 6)) * np.logspace(-20, 20, 50)[:, None]:
        worker.scratch.prices[:] = ray
        assert not impossible(worker.rows, every, every, worker.scratch)


def test_costs_belong_to_the_prices_that_prove_the_bound():
    # However far rounding has carried the costs away: variables are fixed by them.
    A, demand = random_rows(6, 6, 40, 0.6)
    worker, rng = DenseTree(A, demand)._workers[0], np.random.default_rng(2)
    for size in (10.0, math.inf):
        worker.start(size)
        nodes, slot = worker.nodes, worker.nodes.order[0]
        for noise in (1e-9, 1e-5, 0.1):
            nodes.costs[slot] += noise * rng.normal(size=46)
            bound = relax(worker.rows, nodes, slot, size, worker.scratch)
            prices, outside = worker.scratch.prices, np.ones(46, bool)
            outside[nodes.basis[slot]] = False
            costs = 1 - prices @ worker.rows.A
            np.testing.assert_allclose(
                nodes.costs[slot, :40][outside[:40]], costs[outside[:40]], atol=1e-12
            )
            proven = prices @ worker.rows.demand + np.minimum(costs, 0).sum()
            assert bound == pytest.approx(proven, abs=1e-9)
            assert (prices >= 0).all()


def test_a_singular_basis_gives_way_to_the_slacks():
    A, demand = random_rows(2, 3, 8, 0.5)
    A[:, 1] = 0
    worker = DenseTree(A, demand)._workers[0]
    worker.nodes.high[0] = 1
    worker.nodes.basis[0] = [0, 1, 2]
    refresh(worker.rows, worker.nodes, 0, worker.scratch)
    assert worker.nodes.basis[0].tolist() == [8, 9, 10]


def test_threads_share_a_tree_out_and_agree():
    A, demand = random_rows(5, 12, 60, 0.6)
    alone, together = DenseTree(A, demand), DenseTree(A, demand, 2)
    size = math.ceil(alone.root_bound())
    while (answer := alone.find(size, perf_counter() + 60))[1] is None:
        assert answer[0]
        assert together.find(size, perf_counter() + 60) == (True, None)
        size += 1
    assert together.find(size, perf_counter() + 60)[1].sum() == size
    assert all(worker.seen.sum() for worker in together._workers)


def test_out_of_time_decides_nothing():
    A, demand = random_rows(0, 20, 150, 0.6)
    size = math.ceil(DenseTree(A, demand).root_bound()) + 1
    assert DenseTree(A, demand).find(size, perf_counter() - 1) == (False, None)


def test_a_search_that_ran_out_of_time_goes_on():
    A, demand = random_rows(0, 14, 120, 0.6)
    tree, whole = DenseTree(A, demand), DenseTree(A, demand)
    size = math.ceil(tree.root_bound())
    while whole.find(size, perf_counter() + 60)[1] is None:
        size += 1
    turns = 0
    while (answer := tree.find(size - 1, perf_counter() + 0.05)) == (False, None):
        turns += 1
    assert answer == (True, None)
    assert turns > 0
    assert tree.find(size, perf_counter() + 60)[1].sum() == size


def test_anytime_hands_small_dense_problems_over_and_agrees_with_highs(monkeypatch):
    sizes = []
    find = DenseTree.find

    def watched(self, size, *settings, **more):
        sizes.append(size)
        return find(self, size, *settings, **more)

    monkeypatch.setattr(DenseTree, "find", watched)
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
