from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from smug.errors import SmugError
from smug.masks.problem import MaskProblem
from smug.masks.verify import (
    hopeless_rows,
    integer_rows,
    violated_rows,
    violation_cut,
    with_cuts,
)


def exactly_violated(problem, mask):
    """The definition, in rationals."""
    rows = []
    for i, (row, demand) in enumerate(zip(problem.A.toarray(), problem.demand, strict=True)):
        total = sum((Fraction(a) for a, m in zip(row, mask, strict=True) if m), Fraction(0))
        if total < Fraction(demand):
            rows.append(i)
    return rows


def all_masks(problem):
    return [np.array(bits, bool) for bits in product([0, 1], repeat=problem.A.shape[1])]


numbers = st.floats(-1e6, 1e6, allow_nan=False) | st.sampled_from(
    [0.0, 0.1, 0.2, 0.3, -0.1, 1.0, 1e-9, 1e-17, -1e-17, 1e16, -1e16, 5e-324]
)


@st.composite
def problems(draw, most_variables=5):
    variables = draw(st.integers(1, most_variables))
    rows = draw(st.integers(1, 4))
    A = np.array(draw(st.lists(numbers, min_size=rows * variables, max_size=rows * variables)))
    offset = np.array(draw(st.lists(numbers, min_size=rows, max_size=rows)))
    gamma = draw(st.sampled_from([0.0, 0.3, 0.5, 0.9]))
    return MaskProblem(
        sparse.csr_array(A.reshape(rows, variables)),
        gamma,
        draw(st.sampled_from([1e-300, 1e-4])),
        offset,
    )


@settings(max_examples=200, deadline=None)
@given(problems())
def test_violated_rows_agree_with_rational_arithmetic(problem):
    for mask in all_masks(problem):
        assert violated_rows(problem, mask).tolist() == exactly_violated(problem, mask)


@settings(max_examples=150, deadline=None)
@given(problems())
def test_integer_rows_lose_no_valid_mask(problem):
    for bits in (8, 30, 40):
        A, demand = integer_rows(problem, bits)
        assert (abs(A).sum(axis=1) < 2**bits + problem.A.shape[1]).all()
        for mask in all_masks(problem):
            missed = np.flatnonzero(A @ mask.astype(np.int64) < demand)
            assert set(missed) <= set(violated_rows(problem, mask))


@settings(max_examples=150, deadline=None)
@given(problems())
def test_violation_cut_cuts_the_mask_and_keeps_every_valid_one(problem):
    masks = all_masks(problem)
    missed = [set(violated_rows(problem, mask)) for mask in masks]
    for mask, rows in zip(masks, missed, strict=True):
        for row in rows:
            columns, values, demand = violation_cut(problem, row, mask)
            assert (values * mask[columns]).sum() < demand
            for other, others in zip(masks, missed, strict=True):
                assert row in others or (values * other[columns]).sum() >= demand


@settings(max_examples=100, deadline=None)
@given(problems())
def test_hopeless_rows_are_those_no_mask_meets(problem):
    never = set(range(problem.A.shape[0]))
    for mask in all_masks(problem):
        never &= set(violated_rows(problem, mask))
    assert set(hopeless_rows(problem)) == never


@given(
    demand=st.integers(-3, 3),
    gamma=st.floats(0, 0.99),
    offset=st.floats(-5, 5),
    coefficients=st.lists(st.sampled_from([-1, 1]), min_size=3, max_size=3),
)
def test_appended_cuts_mean_the_integer_inequality(demand, gamma, offset, coefficients):
    problem = MaskProblem(sparse.csr_array((1, 3)), gamma, 1e-9, np.array([offset]))
    cut = (np.arange(3), np.array(coefficients), demand)
    extended = with_cuts(problem, [cut])
    assert extended.A.shape == (2, 3)
    for mask in all_masks(problem):
        holds = (np.array(coefficients) * mask).sum() >= demand
        assert (1 not in violated_rows(extended, mask)) == holds


def test_a_row_that_floating_point_sums_get_wrong():
    # 0.1 + 0.2 is 0.30000000000000004 in doubles; the exact sum of the doubles 0.1 and 0.2 lies
    # between the doubles 0.3 and 0.30000000000000004.
    A = sparse.csr_array(np.array([[0.1, 0.2]]))
    rounded = MaskProblem(A, 0.1, 0.2)
    assert rounded.demand[0] == 0.1 + 0.2
    assert violated_rows(rounded, np.ones(2)).tolist() == [0]
    assert violated_rows(MaskProblem(A, 0.15, 0.15), np.ones(2)).tolist() == []


def test_a_small_term_that_doubles_would_swallow_decides():
    A = sparse.csr_array(np.array([[1e16, -1e16, 1e-9], [1e16, -1e16, -1e-9]]))
    # A demand of exactly 0.
    problem = MaskProblem(A, 0.0, 0.25, np.full(2, 0.25))
    assert violated_rows(problem, np.ones(3)).tolist() == [1]


@pytest.mark.parametrize(
    ("mask", "message"),
    [(np.ones(3), r"shape \(3,\).*2 variables"), (np.array([0.5, 1]), "other than 0 and 1")],
)
def test_a_mask_that_is_none_is_refused(mask, message):
    problem = MaskProblem(sparse.csr_array(np.ones((1, 2))), 0.5)
    with pytest.raises(SmugError, match=message):
        violated_rows(problem, mask)


def test_no_rows_and_no_variables():
    assert violated_rows(MaskProblem(sparse.csr_array((0, 3)), 0.0), np.zeros(3)).size == 0
    empty = MaskProblem(sparse.csr_array((2, 0)), 0.0, 1e-4, np.array([1.0, 0.0]))
    assert violated_rows(empty, np.zeros(0)).tolist() == [1]
