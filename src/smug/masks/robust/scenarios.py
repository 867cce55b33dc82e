"""Scenarios: one attack of all features at once, of which a free set feels its own part.

A *scenario* is a shift ``delta`` with ``low <= x + delta <= high``. While the variables of a set
are free, ``x + delta`` restricted to them is one of the points they allow; so the set is
insufficient if the class is lost there. One scenario so speaks about every set at once.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from smug.masks.robust.attack import gradients
from smug.masks.robust.problem import RobustProblem

#: Share of non-zero entries below which a matrix is kept sparse.
SPARSE = 0.25


class Scenarios:
    """Scenarios of a problem, with what each variable's part does to the first layer."""

    def __init__(self, problem: RobustProblem) -> None:
        self.problem = problem
        self.shifts: list[np.ndarray] = []
        self.effects: list[np.ndarray | sparse.csr_array] = []
        network = problem.network
        self.start = problem.x @ network.weights[0] + network.biases[0]

    def __len__(self) -> int:
        return len(self.shifts)

    def add(self, shift: np.ndarray) -> int:
        """Add a scenario, shape (inputs,), unless it is known; its number."""
        for number, known in enumerate(self.shifts):
            if np.array_equal(shift, known):
                return number
        self.shifts.append(shift)
        self.effects.append(self.effect(shift))
        return len(self.shifts) - 1

    def effect(self, shift: np.ndarray) -> np.ndarray | sparse.csr_array:
        """Change of the first pre-activations by each variable's part: (size, hidden).

        Sparse where that is shorter, as for a convolution.
        """
        effect = self.problem.by_variable(shift[:, None] * self.problem.network.weights[0])
        few = np.count_nonzero(effect) < SPARSE * effect.size
        return sparse.csr_array(effect) if few else effect

    def leads(self, free: np.ndarray) -> np.ndarray:
        """Leads of sets under every scenario.

        Parameters
        ----------
        free : numpy.ndarray of bool, shape (batch, size)

        Returns
        -------
        numpy.ndarray, shape (scenarios, batch, classes - 1)
        """
        free = np.asarray(free, np.float64)
        pre = np.stack([self.start + free @ effect for effect in self.effects])
        return self.problem.leads_after(pre)

    def leads_with(self, free: np.ndarray, more: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Leads of one set with each of some variables added, under some scenarios.

        Parameters
        ----------
        free : numpy.ndarray of bool, shape (size,)
        more : numpy.ndarray of int, shape (more,)
        numbers : numpy.ndarray of int, shape (numbers,)
            Of the scenarios.

        Returns
        -------
        numpy.ndarray, shape (numbers, more, classes - 1)
        """
        effects = [self.effects[number] for number in numbers]
        pre = [self.start + free @ effect + dense(effect[more]) for effect in effects]
        return self.problem.leads_after(np.stack(pre))

    def point(self, number: int, free: np.ndarray) -> np.ndarray:
        """The input that a set sees under a scenario, shape (inputs,)."""
        return self.problem.x + self.shifts[number] * free[self.problem.groups]


def dense(array: np.ndarray | sparse.csr_array) -> np.ndarray:
    """An array that may be sparse, as a dense one."""
    return array if isinstance(array, np.ndarray) else array.toarray()


def corner(problem: RobustProblem, point: np.ndarray, rival: int) -> np.ndarray:
    """Shift that lowers a lead most in the linear piece at a point, shape (inputs,)."""
    _, slope = gradients(problem, point[None], np.array([rival]))
    return np.where(slope[0] > 0, problem.low, problem.high) - problem.x


def whole(problem: RobustProblem, point: np.ndarray, free: np.ndarray, rival: int) -> np.ndarray:
    """Scenario that does to a set what a point does, and the corner's shift to the rest."""
    shift = corner(problem, point, rival)
    return np.where(free[problem.groups], point - problem.x, shift)
