"""Mask problems for the tests of all solvers, and what brute force says of them."""

import math
from itertools import combinations

import numpy as np
from hypothesis import strategies as st
from scipy import sparse

from smug.masks.problem import MaskProblem
from smug.masks.solvers import Solver
from smug.masks.verify import violated_rows


class Registered(Solver):
    """Entry of the registry for a function of a test, which no path names."""

    def __init__(self, function):
        super().__init__("tests:stub", "stub", "stub")
        object.__setattr__(self, "load", lambda: function)

    def prepare(self, problem):
        pass


def valid(problem, mask):
    return not violated_rows(problem, mask).size


def brute_force(problem):
    """All smallest valid masks (as sets of variables), by trying every subset by size."""
    variables = problem.A.shape[1]
    for size in range(variables + 1):
        found = []
        for chosen in combinations(range(variables), size):
            mask = np.zeros(variables, bool)
            mask[list(chosen)] = True
            if valid(problem, mask):
                found.append(frozenset(chosen))
        if found:
            return size, set(found)
    return math.inf, set()


def random_problem(seed, variables=10, rows=8, gamma=0.5, bias=0.0):
    """Rows of mixed sign, scaled as the encoder does: A @ 1 + offset == 1."""
    rng = np.random.default_rng(seed)
    A = rng.normal(0.4, 1, (rows, variables)) * (rng.random((rows, variables)) < 0.7)
    A[:, 0] = np.maximum(A[:, 0], 0.1)
    offset = rng.normal(0, 0.2, rows) * bias
    full = A.sum(axis=1) + offset
    keep = full > 0.1
    A, offset, full = A[keep], offset[keep], full[keep]
    return MaskProblem(sparse.csr_array(A / full[:, None]), gamma, offset=offset / full)


def hard_problem():
    """Dense and wide: no solver proves it within a second."""
    rng = np.random.default_rng(7)
    A = rng.normal(0.1, 1, (60, 400))
    A = A[A.sum(axis=1) > 5]
    return MaskProblem(sparse.csr_array(A / A.sum(axis=1, keepdims=True)), 0.5)


coefficient = st.integers(-40, 60).map(lambda n: n / 16) | st.floats(-2, 3).map(float)


@st.composite
def problems(draw):
    variables, rows = draw(st.integers(1, 8)), draw(st.integers(1, 6))
    cells = draw(st.lists(coefficient, min_size=rows * variables, max_size=rows * variables))
    offset = draw(st.lists(st.floats(-1, 1), min_size=rows, max_size=rows))
    gamma = draw(st.sampled_from([0.0, 0.25, 0.5, 0.9]))
    A = sparse.csr_array(np.array(cells).reshape(rows, variables))
    return MaskProblem(A, gamma, draw(st.sampled_from([1e-300, 1e-4])), np.array(offset))
