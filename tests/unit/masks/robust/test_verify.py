import numpy as np
import pytest

from smug.errors import SmugError
from smug.masks.robust.search import smallest_set
from smug.masks.robust.verify import verify
from tests.unit.masks.robust.toy import every_set, least_lead, random_problem


@pytest.mark.parametrize("oracle", ["milp", "z3"])
@pytest.mark.parametrize("seed", range(3))
def test_both_oracles_agree_with_enumeration(seed, oracle):
    problem = random_problem(seed, inputs=5, hidden=(2, 3), epsilon=0.3)
    for free in every_set(problem.size)[[0, 5, 14, 31]]:
        exact = least_lead(problem, free)
        assert abs(exact) > 1e-3  # the oracles' margins differ there
        assert verify(problem, ~free, oracle=oracle) is bool(exact > 0)


@pytest.mark.parametrize("oracle", ["milp", "z3"])
def test_a_found_set_is_proven_again_and_a_smaller_one_is_not(oracle):
    problem = random_problem(1, inputs=6, hidden=(4,), epsilon=0.3)
    kept = smallest_set(problem).kept
    assert kept.any()
    assert verify(problem, kept, oracle=oracle) is True
    less = kept.copy()
    less[np.flatnonzero(kept)[0]] = False
    assert verify(problem, less, oracle=oracle) is False


def test_what_does_not_fit_is_refused():
    problem = random_problem(1)
    with pytest.raises(SmugError, match="unknown oracle"):
        verify(problem, np.ones(6, bool), oracle="highs")
    with pytest.raises(SmugError, match=r"shape \(5,\)"):
        verify(problem, np.ones(5, bool))
