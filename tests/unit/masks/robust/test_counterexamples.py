from dataclasses import replace

import numpy as np
import pytest

from smug.masks.robust.counterexamples import counterexamples, faults
from smug.masks.robust.search import smallest_set
from tests.unit.masks.robust.toy import random_problem


@pytest.fixture(scope="module")
def solved():
    """Two problems of two variables a feature pair, their sets and counterexamples."""
    problems = [random_problem(s, epsilon=0.3, groups=np.arange(6) // 2) for s in (1, 2)]
    sets = [smallest_set(problem) for problem in problems]
    assert all(found.kept.any() for found in sets)
    return problems, sets, counterexamples(list(zip(problems, sets, strict=True)), (3, 2))


def test_each_kept_variable_has_one_that_holds(solved):
    problems, sets, made = solved
    assert made.points.shape == (sum(found.objective for found in sets), 3, 2)
    for i, (problem, found) in enumerate(zip(problems, sets, strict=True)):
        own = made.of(i)
        np.testing.assert_array_equal(own.frees, np.flatnonzero(found.kept))
        logits = problem.network.logits(own.points.reshape(len(own), -1))
        rows = np.arange(len(own))
        lead = logits[:, problem.label] - logits[rows, own.becomes]
        np.testing.assert_allclose(own.lead, lead)
        assert (lead < problem.margin).all()
        # No other class is closer to winning.
        logits[:, problem.label] = -np.inf
        np.testing.assert_array_equal(logits.argmax(axis=1), own.becomes)
        assert list(faults(problem, found.kept, own)) == []


def changed(own, name, value):
    values = getattr(own, name).copy()
    values[0] = value
    return replace(own, **{name: values})


def test_what_does_not_hold_is_said(solved):
    [problem, _], [found, _], made = solved
    own = made.of(0)
    frees = own.frees[0]
    moving = ~found.kept[problem.groups] | (problem.groups == frees)
    fixed, free = np.flatnonzero(~moving), np.flatnonzero(moving)
    for name, value, said in [
        ("frees", 9, "9 is not in the set"),
        ("becomes", problem.label, "names class"),
        ("points", problem.x.reshape(3, 2), f"class {problem.label} leads class"),
        ("points", np.nan, "feature 0 is nan"),
    ]:
        [fault] = faults(problem, found.kept, changed(own, name, value))
        assert said in fault
    for feature, step in [(free[0], 0.31), (free[0], -0.31), *((i, 1e-9) for i in fixed)]:
        point = own.points[0].reshape(-1).copy()
        point[feature] = problem.x[feature] + step
        [fault] = faults(problem, found.kept, changed(own, "points", point.reshape(3, 2)))
        assert f"feature {feature} is {point[feature]:g}, outside" in fault
