import numpy as np
import pytest

from smug.masks.problem import Status
from smug.masks.robust import scenarios as scenarios_module
from smug.masks.robust import search
from smug.masks.robust.oracle import Oracle, OutOfTime
from smug.masks.robust.outer import sorted_bounds
from smug.masks.robust.scenarios import Scenarios, corner
from smug.masks.robust.search import smallest_set
from tests.unit.masks.robust.toy import every_set, largest_free, least_lead, random_problem


@pytest.fixture(params=[0, search.SMALL], ids=["branching", "mixed-integer"])
def small(request, monkeypatch):
    """Both ways to a proof, whatever the size."""
    monkeypatch.setattr(search, "SMALL", request.param)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("hidden", [(4,), (2, 3)])
@pytest.mark.parametrize("seed", range(8))
def test_smallest_set_equals_brute_force(seed, hidden):
    problem = random_problem(seed, hidden=hidden, epsilon=(0.1, 0.3, None)[seed % 3])
    found = smallest_set(problem)
    assert found.status == Status.OPTIMAL
    assert found.objective == found.bound == problem.size - largest_free(problem)
    assert least_lead(problem, ~found.kept) >= problem.margin * 0.98
    assert found.minimal
    for variable in np.flatnonzero(found.kept):
        point = found.counterexample(problem, variable)
        moving = ~found.kept
        moving[variable] = True
        low, high = problem.box(moving)
        assert ((low <= point) & (point <= high)).all()
        assert problem.leads(point[None]).min() < problem.margin


@pytest.mark.parametrize("seed", range(4))
def test_groups_are_kept_or_freed_whole(seed):
    problem = random_problem(seed, inputs=9, epsilon=0.3, groups=np.arange(9) // 2)
    found = smallest_set(problem)
    assert problem.size == 5
    assert found.objective == found.bound == 5 - largest_free(problem)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(3))
def test_bound_is_true_whenever_the_search_stops(seed):
    problem = random_problem(seed, inputs=25, hidden=(5, 4), epsilon=0.2)
    seen = []
    final = smallest_set(problem, time_limit=10.0, progress=lambda *event: seen.append(event))
    sizes, bounds = np.array(seen)[:, 1], np.array(seen)[:, 2]
    assert (np.diff(sizes) <= 0).all()
    assert (np.diff(bounds) >= 0).all()
    assert (bounds <= final.objective).all()
    assert final.bound <= sizes.min()


def test_time_over_gives_the_whole_input():
    problem = random_problem(0, inputs=40, hidden=(8, 8), epsilon=0.2)
    found = smallest_set(problem, time_limit=1e-9)
    assert found.status == Status.FEASIBLE
    assert found.objective == 40
    assert found.bound == 0
    assert not found.minimal


@pytest.mark.parametrize("calls", [1, 2, 4, 8])
def test_best_set_so_far_is_kept_when_the_time_is_over(monkeypatch, calls):
    problem = random_problem(1, inputs=8, hidden=(4,), epsilon=0.4)
    decide, left = Oracle.decide, [calls]

    def limited(self, free):
        if not left[0]:
            raise OutOfTime
        left[0] -= 1
        return decide(self, free)

    monkeypatch.setattr(Oracle, "decide", limited)
    found = smallest_set(problem)
    assert least_lead(problem, ~found.kept) >= problem.margin * 0.98
    assert found.bound <= problem.size - largest_free(problem) <= found.objective
    if calls == 8:
        assert found.objective < problem.size


def test_the_bound_has_its_turn_after_a_question_that_is_too_hard(monkeypatch):
    problem = random_problem(1, inputs=8, hidden=(4,), epsilon=0.4)
    decide, deadlines = Oracle.decide, []

    def hard(self, free):
        deadlines.append(self.deadline)
        if self.deadline == deadlines[0]:
            raise OutOfTime
        return decide(self, free)

    monkeypatch.setattr(Oracle, "decide", hard)
    found = smallest_set(problem)
    assert len(set(deadlines)) == 2
    assert found.objective == found.bound == 8 - largest_free(problem) > 0


def test_slices_are_cut_in_two_and_the_answer_stays(monkeypatch):
    problem = random_problem(1, inputs=40, hidden=(5, 4), epsilon=0.1)
    whole = smallest_set(problem)
    monkeypatch.setattr(search, "SMALL", 0)
    monkeypatch.setattr(search, "THIN", 2)
    assert smallest_set(problem).objective == whole.objective == whole.bound


@pytest.mark.parametrize("seed", range(4))
def test_sorted_bounds_hold_for_every_set_of_these_sizes(seed):
    problem = random_problem(seed, hidden=(4, 3), epsilon=0.4)
    scenarios = Scenarios(problem)
    scenarios.add(corner(problem, problem.x, 0))
    layers = sorted_bounds(scenarios, 0, 2, 4)
    sets = every_set(problem.size)
    sets = sets[(sets.sum(axis=1) >= 2) & (sets.sum(axis=1) <= 4)]
    a = problem.x + scenarios.shifts[0] * sets
    for W, b, layer in zip(problem.network.weights, problem.network.biases, layers, strict=False):
        h = a @ W + b
        assert (layer.lower <= h + 1e-9).all()
        assert (h <= layer.upper + 1e-9).all()
        a = np.maximum(h, 0)


def test_time_over_within_a_mixed_integer_program_leaves_the_rest_to_branching(monkeypatch):
    problem = random_problem(1, inputs=12, hidden=(4, 3), epsilon=0.2)
    whole = smallest_set(problem)
    monkeypatch.setattr(search, "WHOLE_SECONDS", 0.0)
    assert smallest_set(problem).objective == whole.objective == whole.bound > 0


@pytest.mark.parametrize("share", [0.0, 1.1])
def test_scenarios_speak_about_every_set_at_once(monkeypatch, share):
    """With effects kept dense, and sparse."""
    monkeypatch.setattr(scenarios_module, "SPARSE", share)
    problem = random_problem(3, hidden=(4, 3), epsilon=0.4)
    scenarios = Scenarios(problem)
    for share in (0.2, 0.7):
        shift = problem.low - problem.x + share * (problem.high - problem.low)
        number = scenarios.add(shift)
        assert scenarios.add(shift.copy()) == number == len(scenarios) - 1
    sets = every_set(problem.size)
    leads = scenarios.leads(sets)
    for number in range(len(scenarios)):
        points = np.array([scenarios.point(number, free) for free in sets])
        np.testing.assert_allclose(leads[number], problem.leads(points))
    more = np.flatnonzero(~sets[5])
    with_each = np.array([sets[5] | (np.arange(problem.size) == i) for i in more])
    for numbers in ([0], [1, 0]):
        some = scenarios.leads_with(sets[5], more, np.array(numbers))
        np.testing.assert_allclose(some, scenarios.leads(with_each)[numbers])
