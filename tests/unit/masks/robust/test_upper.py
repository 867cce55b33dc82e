import numpy as np
import pytest

from smug.masks.network import DenseNetwork
from smug.masks.robust.oracle import Oracle, OutOfTime
from smug.masks.robust.problem import robust_problem
from smug.masks.robust.scenarios import Scenarios
from smug.masks.robust.search import smallest_set
from smug.masks.robust.upper import UpperSearch
from tests.unit.masks.robust.toy import largest_free, least_lead, random_problem


def searched(problem):
    search = UpperSearch(Oracle(problem), Scenarios(problem))
    first = search.large_set()
    return (first, *search.maximal(first), search.scenarios)


@pytest.mark.parametrize("hidden", [(4,), (2, 3)])
@pytest.mark.parametrize("seed", range(4))
def test_set_is_sufficient_and_no_variable_can_be_added(seed, hidden):
    problem = random_problem(seed, hidden=hidden, epsilon=(0.1, 0.3, None)[seed % 3])
    first, free, against, scenarios = searched(problem)
    assert (free | ~first).all()
    assert least_lead(problem, free) >= problem.margin * 0.98
    assert free.sum() <= largest_free(problem)
    for variable in np.flatnonzero(~free):
        more = free.copy()
        more[variable] = True
        assert least_lead(problem, more) < problem.margin
        low, high = problem.box(more)
        point = scenarios.point(against[variable], more)
        assert (low <= point).all()
        assert (point <= high).all()
        assert problem.leads(point[None]).min() < problem.margin
    assert (against[free] == -1).all()


def test_linear_network_is_a_knapsack():
    """Positive weights, all neurons on: the cheapest features may move while the lead lasts."""
    gain = np.array([5.0, 1.0, 2.0, 0.5, 4.0])
    network = DenseNetwork(
        (gain[:, None], np.array([[1.0, 0.0]])), (np.zeros(1), np.array([0, 4.0]))
    )
    # lead = gain @ x - 4 = 8.5; moving feature i to 0 costs gain_i.
    problem = robust_problem(network, np.ones(5), 0, epsilon=None)
    first, free, _, _ = searched(problem)
    right = [False, True, True, True, True]
    np.testing.assert_array_equal(first, right)
    np.testing.assert_array_equal(free, right)
    # No sign is open, and so bounds alone are exact.
    alone = UpperSearch(Oracle(problem), Scenarios(problem)).certified()
    np.testing.assert_array_equal(alone, right)


@pytest.mark.parametrize("hidden", [(4,), (2, 3)])
def test_bounds_alone_give_a_sufficient_set(hidden):
    sizes = []
    for seed in range(6):
        problem = random_problem(seed, hidden=hidden, epsilon=0.2)
        oracle = Oracle(problem)
        free = UpperSearch(oracle, Scenarios(problem)).certified()
        assert oracle.calls == 0
        assert least_lead(problem, free) >= problem.margin * 0.98
        sizes.append(int(free.sum()))
    assert 0 < min(sizes) < max(sizes)


def test_a_set_stands_before_the_oracle_has_answered(monkeypatch):
    def never(self, free):
        raise OutOfTime

    monkeypatch.setattr(Oracle, "decide", never)
    problem = random_problem(1, inputs=30, hidden=(6, 5), epsilon=0.1)
    found = smallest_set(problem)
    assert found.objective < 30
    assert found.bound == 0
    assert not found.minimal
