"""The smallest mask by deepening: sizes 0, 1, 2, … are decided one after another.

Answers are small, so each size is either tried out whole (forward passes) or searched by branch
and bound, where a node's few remaining masks are tried out as soon as that costs less than
another linear program. Every size that is excluded lifts the proven bound by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from time import perf_counter

import numpy as np

from smug.masks.network.problem import NetworkMaskProblem
from smug.masks.network.relaxation import CLEAR, Relaxation, Relaxed
from smug.masks.network.subsets import try_subsets

ROOT_ROUNDS, NODE_ROUNDS = 30, 8  # rounds of cuts
TRY_WORK = 1e7  # multiplications of forward passes that are worth one linear program


class OutOfTime(Exception):
    """The deadline passed before a size was decided."""


@dataclass(frozen=True)
class _Node:
    """Windows that are still open lie where ``lower < upper``; kept ones have lower = 1."""

    lower: np.ndarray
    upper: np.ndarray

    @property
    def kept(self) -> np.ndarray:
        return np.flatnonzero(self.lower > 0.5)

    @property
    def open(self) -> np.ndarray:
        return np.flatnonzero(self.upper > self.lower)

    def branch(self, window: int) -> tuple[_Node, _Node]:
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[window], upper[window] = 1, 0
        return _Node(self.lower, upper), _Node(lower, self.upper)


class Deepening:
    """Decides one size after another; what the relaxation of one size learned serves the next.

    Parameters
    ----------
    problem : NetworkMaskProblem
        What to decide.
    deadline : float
        ``perf_counter`` time at which to stop with :class:`OutOfTime`.
    seed : int
        HiGHS random seed.
    """

    def __init__(self, problem: NetworkMaskProblem, deadline: float, seed: int = 0) -> None:
        self.problem, self.deadline, self.seed = problem, deadline, seed
        self._relaxation: Relaxation | None = None
        # Behind a second hidden layer the relaxation is weak and slow: try out more.
        self._work = TRY_WORK * (30 if problem.hidden else 1)

    def find(self, count: int) -> np.ndarray | None:
        """Indices of ``count`` active windows that meet the demand; None: proven impossible."""
        n = self.problem.size
        root = _Node(np.zeros(n), np.ones(n))
        if self._few(root, count):
            return try_subsets(self.problem, root.kept, root.open, count)
        relaxation = Relaxation(
            self.problem, count, self.deadline, self.seed, previous=self._relaxation
        )
        relaxed = relaxation.solve(root.lower, root.upper, ROOT_ROUNDS)
        relaxation.drop_slack_cuts()
        self._relaxation = relaxation
        stack = [] if relaxed is None else [root]
        while stack:
            if perf_counter() > self.deadline:
                raise OutOfTime
            node = stack.pop()
            remaining = count - len(node.kept)
            if not 0 <= remaining <= len(node.open):
                continue
            if self._few(node, remaining):
                found = try_subsets(self.problem, node.kept, node.open, remaining)
                if found is not None:
                    return found
                continue
            relaxed = relaxation.solve(node.lower, node.upper, NODE_ROUNDS)
            if relaxed is None:
                continue
            rounded = np.argsort(-relaxed.windows, kind="stable")[:count]
            if self.problem.satisfied(rounded):
                return rounded
            node = _fix(node, relaxed)
            if len(node.open):
                stack += node.branch(node.open[relaxed.windows[node.open].argmax()])
            else:
                stack.append(node)
        return None

    def _few(self, node: _Node, count: int) -> bool:
        return comb(len(node.open), count) * self.problem.work <= self._work


def _fix(node: _Node, relaxed: Relaxed) -> _Node:
    """Close windows whose reduced cost proves that flipping them makes the slack negative."""
    hopeless = relaxed.slack - np.abs(relaxed.costs) < -CLEAR
    open_ = node.upper > node.lower
    lower, upper = node.lower.copy(), node.upper.copy()
    upper[open_ & hopeless & (relaxed.windows < 1e-6) & (relaxed.costs > 0)] = 0
    lower[open_ & hopeless & (relaxed.windows > 1 - 1e-6) & (relaxed.costs < 0)] = 1
    return _Node(lower, upper)
