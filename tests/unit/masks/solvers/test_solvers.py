import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from scipy import sparse

from smug import limits
from smug.errors import SmugError
from smug.masks import network, solvers
from smug.masks.problem import MaskProblem, MaskSolution, Status
from smug.masks.solvers import SOLVERS, solve, solvers_of

from .toy import Registered, brute_force, hard_problem, problems, random_problem, valid

WITHOUT_ORTOOLS = ["auto", "highs", "anytime", "z3", "z3_pb"]
#: Solvers that go on from a start mask; Z3's optimiser takes none.
STARTING = ["auto", "highs", "anytime"]


@pytest.mark.parametrize("solver", WITHOUT_ORTOOLS)
@settings(max_examples=40, deadline=None)
@given(problem=problems())
def test_optimum_equals_brute_force(solver, problem):
    # With hardly a margin a demand may be below all rounding errors, out of reach of float bounds.
    assume(solver != "anytime" or problem.margin > 1e-9)
    size, masks = brute_force(problem)
    solution = solve(problem, solver=solver, time_limit=30)
    assert solution.solver == solver
    assert solution.objective == size
    if masks:
        assert solution.status is Status.OPTIMAL
        assert solution.bound == size
        assert frozenset(np.flatnonzero(solution.mask)) in masks
    else:
        assert solution.status is Status.INFEASIBLE
        assert not solution.mask.any()
        assert solution.masks == ()


@pytest.mark.parametrize("solver", WITHOUT_ORTOOLS)
@pytest.mark.parametrize("seed", range(3))
def test_rows_scaled_as_the_encoder_does(solver, seed):
    problem = random_problem(seed, variables=11, gamma=[0.0, 0.5, 0.8][seed], bias=seed % 2)
    size, masks = brute_force(problem)
    assert 0 < size < math.inf
    solution = solve(problem, solver=solver)
    assert (solution.status, solution.objective) == (Status.OPTIMAL, size)
    assert frozenset(np.flatnonzero(solution.mask)) in masks


@pytest.mark.parametrize("solver", WITHOUT_ORTOOLS)
def test_all_minimal_masks_on_request(solver):
    problem = random_problem(3, variables=9, rows=3, gamma=0.1)
    size, masks = brute_force(problem)
    assert len(masks) > 3
    some = solve(problem, solver=solver, solutions=3)
    every = solve(problem, solver=solver, solutions=len(masks) + 5)
    assert np.array_equal(some.masks[0], some.mask)
    found = [frozenset(np.flatnonzero(mask)) for mask in some.masks]
    assert len(found) == len(set(found)) == 3
    assert set(found) <= masks
    assert {frozenset(np.flatnonzero(mask)) for mask in every.masks} == masks
    assert len(every.masks) == len(masks)
    assert (every.status, every.objective) == (Status.OPTIMAL, size)


def test_the_empty_mask_is_the_only_one_of_its_size():
    problem = MaskProblem(sparse.csr_array(np.ones((2, 3))), 0.5, offset=np.array([0.9, 0.6]))
    solution = solve(problem, solutions=4)
    assert (solution.status, solution.objective, solution.gap) == (Status.OPTIMAL, 0, 0)
    assert [mask.any() for mask in solution.masks] == [False]


def test_no_rows_and_no_variables():
    assert solve(MaskProblem(sparse.csr_array((0, 3)), 0.5)).objective == 0
    assert solve(MaskProblem(sparse.csr_array((0, 0)), 0.5)).status is Status.OPTIMAL
    nothing_to_choose = solve(MaskProblem(sparse.csr_array((1, 0)), 0.5))
    assert nothing_to_choose.status is Status.INFEASIBLE
    assert nothing_to_choose.mask.shape == (0,)


@pytest.mark.parametrize("solver", WITHOUT_ORTOOLS)
def test_rows_that_exclude_each_other_are_infeasible(solver):
    # Row 1 needs the first variable, row 2 forbids it; each alone can be met.
    A = sparse.csr_array(np.array([[1.0, 0.1], [-1.0, 0.6]]))
    solution = solve(MaskProblem(A, 0.5), solver=solver)
    assert solution.status is Status.INFEASIBLE
    assert (solution.objective, solution.bound, solution.gap) == (math.inf,) * 3


@pytest.mark.parametrize("solver", WITHOUT_ORTOOLS)
def test_a_timeout_is_no_mask(solver):
    problem = hard_problem()
    solution = solve(problem, solver=solver, time_limit=1)
    if solution.status is Status.TIMEOUT:
        assert solution.objective == math.inf
        assert solution.masks == ()
    else:
        assert solution.status is Status.FEASIBLE
        assert valid(problem, solution.mask)
        assert solution.objective == solution.mask.sum()
        assert 0 < solution.gap < 1
    assert 1 <= solution.bound < solution.objective


@pytest.mark.parametrize("solver", WITHOUT_ORTOOLS)
def test_a_timeout_still_returns_the_start_mask(solver):
    problem = hard_problem()
    start = np.ones(problem.A.shape[1])
    solution = solve(problem, solver=solver, time_limit=0.05, start=start)
    assert solution.status is Status.FEASIBLE
    assert valid(problem, solution.mask)
    assert solution.objective <= start.sum()


@pytest.mark.parametrize("solver", WITHOUT_ORTOOLS)
@pytest.mark.parametrize("kind", ["optimal", "everything", "violating"])
def test_no_start_keeps_from_the_optimum(solver, kind, monkeypatch):
    problem = random_problem(5)
    size, masks = brute_force(problem)
    start = np.zeros(10, bool)
    if kind == "optimal":
        start[list(min(masks, key=sorted))] = True
    elif kind == "everything":
        start[:] = True
    assert valid(problem, start) == (kind != "violating")
    given, inner = [], SOLVERS[solver].load()

    def watched(problem, *, start, **settings):
        given.append(start)
        return inner(problem, start=start, **settings)

    monkeypatch.setitem(SOLVERS, solver, Registered(watched))
    assert solve(problem, solver=solver, start=start).objective == size
    # Every solver is offered a valid start, and none a wrong one, whatever it makes of it.
    assert [mask is not None for mask in given] == [kind != "violating"]


@pytest.mark.parametrize("solver", STARTING)
def test_the_start_is_the_first_incumbent(solver):
    problem, seen = hard_problem(), []
    start = solve(problem, time_limit=2).mask

    def watch(*event):
        seen.append(event)

    solve(problem, solver=solver, time_limit=1, start=start, progress=watch)
    assert seen[0][1] == start.sum()


@pytest.mark.parametrize("solver", WITHOUT_ORTOOLS)
def test_progress_only_improves_and_ends_at_the_optimum(solver):
    problem, seen = random_problem(11, variables=11, rows=6), []
    solution = solve(problem, solver=solver, progress=lambda *event: seen.append(event))
    seconds, objectives, bounds = (list(column) for column in zip(*seen, strict=True))
    assert seconds == sorted(seconds)
    assert objectives == sorted(objectives, reverse=True)
    assert bounds == sorted(bounds)
    assert objectives[-1] == solution.objective
    assert 0 <= bounds[0] <= bounds[-1] <= solution.objective


@pytest.mark.parametrize("solver", WITHOUT_ORTOOLS)
def test_the_same_seed_gives_the_same_mask(solver):
    problem = random_problem(2, variables=10, rows=6)
    masks = [solve(problem, solver=solver, seed=4).mask for _ in range(2)]
    assert np.array_equal(*masks)


def test_threads_may_change_between_calls():
    problem = random_problem(8)
    sizes = [solve(problem, threads=threads).objective for threads in (1, 2, 1)]
    assert len(set(sizes)) == 1


@pytest.fixture
def stub(monkeypatch):
    """Register a solver that first returns the given masks, whatever the rows say."""

    def register(masks, status=Status.OPTIMAL):
        calls = []

        def lying(problem, **settings):
            calls.append(problem)
            if len(calls) > len(masks):
                return SOLVERS["highs"].load()(problem, **settings)
            mask = np.array(masks[len(calls) - 1], bool)
            return MaskSolution(mask, status, float(mask.sum()), 0.0, 0.0, "lying")

        monkeypatch.setitem(SOLVERS, "lying", Registered(lying))
        return calls

    return register


def test_a_violating_mask_is_repaired_without_losing_the_optimum(stub):
    problem = random_problem(6)
    size, masks = brute_force(problem)
    wrong = [np.zeros(10, bool), np.eye(10, dtype=bool)[0]]
    assert not any(valid(problem, mask) for mask in wrong)
    calls = stub(wrong)
    solution = solve(problem, solver="lying")
    assert len(calls) == 3
    assert (solution.status, solution.objective) == (Status.OPTIMAL, size)
    assert frozenset(np.flatnonzero(solution.mask)) in masks
    # Each round's problem excludes every wrong mask so far and no mask that is right.
    for number, current in enumerate(calls):
        assert all(not valid(current, mask) for mask in wrong[:number])
        assert brute_force(current) == (size, masks)


def test_a_solver_that_never_answers_right_gets_its_mask_completed(stub, monkeypatch):
    monkeypatch.setattr(solvers, "REPAIR_ROUNDS", 3)
    problem = random_problem(6)
    calls = stub([np.zeros(10)] * 99)
    solution = solve(problem, solver="lying")
    assert len(calls) == 3
    assert solution.status is Status.FEASIBLE
    assert valid(problem, solution.mask)
    assert solution.objective >= brute_force(problem)[0] >= solution.bound


def test_a_solver_wrong_by_its_tolerance_is_corrected():
    # The first variable misses the demand by 1e-9, below HiGHS's tolerance; two are needed.
    A = sparse.csr_array(np.array([[0.5 - 1e-9, 0.25, 0.25]]))
    problem = MaskProblem(A, 0.25, 0.25)
    settings = {"start": None, "seed": 0, "threads": 1, "progress": None}
    raw = SOLVERS["highs"].load()(problem, time_limit=9, **settings)
    assert raw.objective == 1
    assert not valid(problem, raw.mask)
    for solver in WITHOUT_ORTOOLS:
        solution = solve(problem, solver=solver)
        assert (solution.status, solution.objective) == (Status.OPTIMAL, 2)
        assert valid(problem, solution.mask)


def test_a_false_infeasible_is_not_believed(monkeypatch):
    def denying(problem, **settings):
        nothing = np.zeros(problem.A.shape[1], bool)
        return MaskSolution(nothing, Status.INFEASIBLE, math.inf, math.inf, 0.0, "denying")

    monkeypatch.setitem(SOLVERS, "denying", Registered(denying))
    problem = random_problem(1)
    solution = solve(problem, solver="denying")
    assert solution.status is Status.FEASIBLE
    assert valid(problem, solution.mask)


def test_coefficients_that_highs_ignores_still_count():
    # Ten coefficients of 9e-10 reach a demand that HiGHS would never see met.
    tiny = MaskProblem(sparse.csr_array(np.full((1, 10), 9e-10)), 0.0, 8.5e-9)
    assert (solve(tiny).status, solve(tiny).objective) == (Status.OPTIMAL, 10)
    mixed = MaskProblem(sparse.csr_array(np.array([[0.5, 0.5, -5e-10, 5e-10]])), 0.25, 0.25)
    assert solve(mixed).objective == 1


def test_huge_and_small_coefficients_in_one_row():
    A = sparse.csr_array(np.array([[3e5, -3e5, 0.6, 0.7], [0.0, 1.0, 0.0, 0.0]]))
    problem = MaskProblem(A, 0.5)
    for solver in WITHOUT_ORTOOLS:
        assert solve(problem, solver=solver).objective == brute_force(problem)[0] == 3


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"solver": "hihgs"}, r"unknown solver 'hihgs'; known: .*cpsat.* Did you mean 'highs'"),
        ({"time_limit": 0}, r"time_limit=0 is outside \(0, 10000000\]; raise time_limit"),
        ({"time_limit": math.nan}, "time_limit=nan"),
        ({"solutions": 0}, r"solutions=0 is outside \[1, 1000000000\]"),
        ({"threads": 1.5}, "threads=1.5 is no whole number"),
        ({"seed": -1}, "seed=-1 is outside"),
        ({"start": np.ones(3)}, r"start mask has shape \(3,\)"),
        ({"start": np.full(10, 0.5)}, "start mask holds values other than 0 and 1"),
    ],
)
def test_bad_settings_are_named(settings_, message):
    with pytest.raises(SmugError, match=message):
        solve(random_problem(0), **settings_)


def test_a_nan_offset_is_refused():
    problem = MaskProblem(sparse.csr_array(np.ones((1, 2))), 0.5, offset=np.array([np.nan]))
    with pytest.raises(SmugError, match="NaN or infinite offset"):
        solve(problem)


def test_solvers_are_imported_only_when_called():
    code = (
        "import sys, smug.masks.solvers as s; "
        "print([m for m in ('highspy', 'z3', 'ortools', 'keras') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("name", SOLVERS)
def test_every_entry_of_the_registry_names_a_function_and_known_encodings(name):
    entry = SOLVERS[name]
    assert callable(entry.load())
    assert set(entry.encodings) <= set(limits.NAMES["encoding"])
    assert entry.name
    assert entry.about


def test_solvers_of_an_encoding_come_from_the_registry():
    assert "anytime" in solvers_of("first_layer")
    assert solvers_of("network") == tuple(network._SEARCHES)


def test_the_registry_imports_no_solver():
    code = "import sys, smug.masks.solvers; print({'z3', 'highspy', 'numba'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
