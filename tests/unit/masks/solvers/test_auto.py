"""HiGHS first, the anytime search where it has not finished: same answers, nothing thrown away."""

import math
import sys

import numpy as np
import pytest
from scipy import sparse

from smug.masks.problem import MaskProblem, MaskSolution, Status
from smug.masks.solvers import auto, solve
from smug.masks.verify import violated_rows

from .test_anytime import brute_force, random_rows, strips


def run(problem, time_limit=20.0):
    return auto.solve_auto(
        problem, time_limit=time_limit, start=None, seed=0, threads=1, progress=None
    )


def stopped(problem, mask=None, bound=0.0):
    """HiGHS as it answers when its turn ends."""
    status = Status.TIMEOUT if mask is None else Status.FEASIBLE
    mask = np.zeros(problem.A.shape[1], bool) if mask is None else mask
    size = float(mask.sum()) or math.inf
    return MaskSolution(mask, status, size, bound, 0.1, "highs")


@pytest.mark.parametrize("gamma", [0.0, 0.6])
@pytest.mark.parametrize("first", [5.0, 1e-9])
def test_the_smallest_mask_whoever_finds_it(gamma, first, monkeypatch):
    monkeypatch.setattr(auto, "FIRST_SECONDS", first)
    rng = np.random.default_rng(3)
    for A in (random_rows(rng, 8, 12), strips(rng, 14)):
        problem = MaskProblem(sparse.csr_array(A), gamma)
        found, smallest = solve(problem, solver="auto"), brute_force(problem)
        assert found.objective == smallest
        expected = Status.INFEASIBLE if math.isinf(smallest) else Status.OPTIMAL
        assert found.status is expected
        assert found.solver == "auto"


def test_the_search_goes_on_from_the_mask_and_the_bound_that_are_there(monkeypatch):
    problem = MaskProblem(sparse.csr_array(strips(np.random.default_rng(0), 200)), 0.3)
    best = solve(problem, solver="highs")
    assert best.status is Status.OPTIMAL
    monkeypatch.setattr(
        auto, "solve_highs", lambda problem, **_: stopped(problem, best.mask, best.objective - 0.4)
    )
    found = run(problem)
    # A whole size above objective - 0.4 is the objective: no search is needed, and none is lost.
    assert (found.objective, found.bound) == (best.objective, best.objective)
    assert found.status is Status.OPTIMAL
    assert not violated_rows(problem, found.mask).size


def test_without_a_mask_from_highs_the_search_finds_its_own(monkeypatch):
    problem = MaskProblem(sparse.csr_array(strips(np.random.default_rng(1), 120)), 0.3)
    best = solve(problem, solver="highs")
    monkeypatch.setattr(auto, "solve_highs", lambda problem, **_: stopped(problem))
    assert run(problem).objective == best.objective


def test_long_rows_stay_with_highs_all_the_time(monkeypatch):
    rng = np.random.default_rng(2)
    A = rng.random((60, 500))
    problem = MaskProblem(sparse.csr_array(A / A.sum(axis=1, keepdims=True)), 0.5)
    limits = []

    def watched(problem, time_limit, **_):
        limits.append(time_limit)
        return stopped(problem, np.ones(500, bool), 7.0)

    monkeypatch.setattr(auto, "solve_highs", watched)
    found = run(problem, time_limit=40.0)
    assert limits == [40.0]
    assert (found.objective, found.bound, found.status) == (500, 7, Status.FEASIBLE)


def test_nothing_is_compiled_where_highs_finishes(monkeypatch):
    # Its import, of a compiler, takes longer than HiGHS.
    monkeypatch.setitem(sys.modules, "smug.masks.solvers.dense", None)
    problem = MaskProblem(sparse.csr_array(random_rows(np.random.default_rng(4), 8, 12)), 0.1)
    assert solve(problem, solver="auto").objective == brute_force(problem) < math.inf
