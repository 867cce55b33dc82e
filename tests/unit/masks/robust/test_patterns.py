import numpy as np
import pytest

from smug.masks.robust.oracle import Oracle
from smug.masks.robust.patterns import Patterns
from smug.masks.robust.search import smallest_set
from tests.unit.masks.robust.toy import every_set, largest_free, least_lead, random_problem


def proven(problem):
    """Largest free set by patterns alone, and how often they were asked."""
    oracle, patterns = Oracle(problem), Patterns(problem)
    for asked in range(1, 1000):
        free, most = patterns.solve(30.0)
        assert free.sum() == most
        verdict = oracle.decide(free)
        if verdict.kept:
            return free, asked
        assert patterns.add(verdict.point)
        assert not patterns.add(verdict.point)
    raise AssertionError("the patterns do not end")


@pytest.mark.parametrize("epsilon", [0.1, 0.4, None])
@pytest.mark.parametrize("seed", range(4))
def test_patterns_end_at_the_largest_free_set(seed, epsilon):
    problem = random_problem(seed, inputs=7, hidden=(6,), epsilon=epsilon)
    free, asked = proven(problem)
    assert free.sum() == largest_free(problem)
    assert asked <= 2**6


@pytest.mark.parametrize("seed", range(3))
def test_no_pattern_forbids_a_sufficient_set(seed):
    problem = random_problem(seed, inputs=6, hidden=(5,), epsilon=0.4)
    patterns = Patterns(problem)
    rng = np.random.default_rng(seed)
    for point in rng.uniform(problem.low, problem.high, (8, 6)):
        patterns.add(point)
    _, most = patterns.solve(30.0)
    sets = every_set(problem.size)
    sufficient = [s for s in sets if least_lead(problem, s) >= problem.margin]
    assert most >= max(s.sum() for s in sufficient)


def test_patterns_free_groups_whole():
    problem = random_problem(1, inputs=9, hidden=(5,), epsilon=0.3, groups=np.arange(9) // 3)
    free, _ = proven(problem)
    assert len(free) == 3
    assert free.sum() == largest_free(problem)


def test_a_table_of_thirty_columns_is_proven():
    problem = random_problem(0, inputs=30, hidden=(8,), epsilon=0.5)
    found = smallest_set(problem, time_limit=200.0)
    assert found.objective == found.bound
    assert found.minimal
