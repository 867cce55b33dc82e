import numpy as np
import pytest

from smug.masks.network import DenseNetwork
from smug.masks.robust.oracle import Oracle
from smug.masks.robust.problem import robust_problem
from smug.masks.robust.scenarios import Scenarios
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
    _, free, _, _ = searched(problem)
    np.testing.assert_array_equal(free, [False, True, True, True, True])
