import numpy as np
import pytest

from smug.errors import SmugError
from smug.masks.network import DenseNetwork
from smug.masks.robust.problem import robust_problem

NETWORK = DenseNetwork(
    (np.array([[1.0, -1.0], [0.5, 0.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])),
    (np.zeros(2), np.zeros(2)),
)
X = np.array([0.9, 0.5, 0.1])


def test_box_is_clipped_to_the_range_and_fixed_elsewhere():
    problem = robust_problem(NETWORK, X, 0, epsilon=0.2)
    low, high = problem.box(np.array([True, False, True]))
    np.testing.assert_allclose(low, [0.7, 0.5, 0.0])
    np.testing.assert_allclose(high, [1.0, 0.5, 0.3])


def test_no_epsilon_is_the_whole_range():
    problem = robust_problem(NETWORK, X, 0, epsilon=None, input_range=(-1, [1, 2, 3]))
    np.testing.assert_allclose(problem.low, [-1, -1, -1])
    np.testing.assert_allclose(problem.high, [1, 2, 3])


def test_groups_move_together_and_add_up():
    problem = robust_problem(NETWORK, X, 0, groups=np.array([0, 1, 0]))
    low, _ = problem.box(np.array([True, False]))
    np.testing.assert_allclose(low, [0.85, 0.5, 0.05])
    np.testing.assert_allclose(problem.by_variable(np.array([1.0, 2.0, 4.0])), [5.0, 2.0])


def test_leads_are_those_of_the_logits():
    problem = robust_problem(NETWORK, X, 0)
    logits = NETWORK.logits(X[None])[0]
    np.testing.assert_allclose(problem.leads(X[None])[0], [logits[0] - logits[1]])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(epsilon=-0.1), "epsilon=-0.1 is outside"),
        (dict(epsilon=float("nan")), "epsilon=nan"),
        (dict(margin=0.0), "margin=0.0"),
        (dict(x=[0.9, 0.5]), "2 values, the network takes 3"),
        (dict(x=[0.9, np.nan, 0.1]), "NaN"),
        (dict(x=[0.9, 1.5, 0.1]), "feature 1 of x is 1.5, outside its input range"),
        (dict(label=2), "label=2"),
        (dict(label=1), "not even all features|no set of features is sufficient"),
        (dict(input_range=(1, 0)), "input_range"),
        (dict(input_range=(0, np.inf)), "input_range"),
        (dict(input_range=3), "input_range=3"),
        (dict(input_range=("a", "b")), "input_range"),
        (dict(input_range=([0, 0], 1)), "input_range"),
        (dict(groups=np.array([0, 2, 2])), "without holes"),
        (dict(groups=np.array([0, 1])), "groups"),
    ],
)
def test_what_does_not_fit_is_refused(change, words):
    arguments = dict(x=X, label=0) | change
    with pytest.raises(SmugError, match=words):
        robust_problem(NETWORK, arguments.pop("x"), arguments.pop("label"), **arguments)


def test_tied_logits_are_refused_by_the_margin():
    tied = np.array([0.5, 0.0, 1.0])
    with pytest.raises(SmugError, match="leads by"):
        robust_problem(NETWORK, tied, 0)
