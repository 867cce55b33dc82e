"""The exact answer to "is this set sufficient?": bounds, attacks, and branch and bound between.

A ReLU whose sign the box leaves open is branched on; a node's linear program has the triangle
between ``relu`` and its chord for those still open. At a node without open ReLUs the program is
exact, so the search decides. A node counts as proven by its safe dual bound
(:mod:`smug.masks.robust.program`); rounding is covered by the problem's margin.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from smug.errors import SmugError
from smug.masks.robust.attack import attack
from smug.masks.robust.bounds import LayerBounds, hidden_bounds, linear_bound
from smug.masks.robust.problem import SLACK, RobustProblem
from smug.masks.robust.program import Program, encode


class OutOfTime(Exception):
    """The deadline passed before the question was decided."""


@dataclass(frozen=True)
class Verdict:
    """Answer for one set of free variables.

    Parameters
    ----------
    kept : bool
        Whether the class keeps its lead over the whole box.
    lead : float
        A proven lower bound on the least lead where ``kept``, else the lead at ``point``.
    point : numpy.ndarray, shape (inputs,)
        Counterexample: a point of the box whose lead is below the margin; ``x`` where ``kept``.
    """

    kept: bool
    lead: float
    point: np.ndarray


class Oracle:
    """Decides sets of one problem; counts its work.

    Parameters
    ----------
    problem : RobustProblem
    deadline : float
        ``perf_counter`` time.
    """

    def __init__(self, problem: RobustProblem, deadline: float = np.inf) -> None:
        self.problem, self.deadline = problem, deadline
        self.calls = self.nodes = 0

    def decide(self, free: np.ndarray) -> Verdict:
        """Decide whether the class is kept while the variables of ``free`` move.

        Parameters
        ----------
        free : numpy.ndarray of bool, shape (size,)

        Raises
        ------
        OutOfTime
            If the deadline passes first.
        SmugError
            If the solver's arithmetic is too coarse for the margin.
        """
        self.calls += 1
        problem = self.problem
        low, high = problem.box(free[None])
        layers = hidden_bounds(problem.network, low, high)
        bound = linear_bound(problem.network, layers, *problem.output, low, high)
        least = bound.least[0]
        doubtful = np.flatnonzero(least < problem.margin)
        if not len(doubtful):
            return Verdict(True, float(least.min()), problem.x)
        corners = np.where(bound.coefficients[0, doubtful] > 0, low, high)
        starts = np.concatenate([np.repeat(problem.x[None], len(doubtful), 0), corners])
        rival = np.concatenate([doubtful, doubtful])
        low_, high_ = (np.broadcast_to(end, starts.shape) for end in (low, high))
        points, leads = attack(problem, low_, high_, starts, rival)
        if leads.min() < problem.margin:
            return Verdict(False, float(leads.min()), points[leads.argmin()])
        proven = np.where(least < problem.margin, np.inf, least).min(initial=np.inf)
        program = NodeProgram(problem, low[0], high[0], layers)
        for j in doubtful[np.argsort(least[doubtful])]:
            verdict = self._search(program, int(j))
            if not verdict.kept:
                return verdict
            proven = min(proven, verdict.lead)
        return Verdict(True, float(proven), problem.x)

    def _search(self, program: NodeProgram, rival: int) -> Verdict:
        """Depth-first over the signs of the open ReLUs of one rival."""
        problem, enough = self.problem, self.problem.margin * (1 - SLACK)
        program.aim(rival)
        stack: list[tuple[tuple[int, bool], ...]] = [()]
        proven = np.inf
        while stack:
            if perf_counter() > self.deadline:
                raise OutOfTime
            signs = stack.pop()
            self.nodes += 1
            node = program.solve(signs, self.deadline)
            if node.bound >= enough:
                proven = min(proven, node.bound)
                continue
            point, lead = self._try(program, node.point, rival)
            if lead < problem.margin:
                return Verdict(False, lead, point)
            if perf_counter() > self.deadline:
                raise OutOfTime
            if node.branch is None:
                # Exact, and yet neither proven nor refuted: the solver's tolerance is too coarse.
                raise SmugError(
                    f"HiGHS leaves the least lead between {node.bound:.3g} and {lead:.3g} logits, "
                    f"around margin={problem.margin:g}; raise margin"
                )
            neuron, on = node.branch
            stack += [(*signs, (neuron, not on)), (*signs, (neuron, on))]
        return Verdict(True, float(proven), problem.x)

    def _try(self, program: NodeProgram, point: np.ndarray, rival: int) -> tuple[np.ndarray, float]:
        ends = program.low[None], program.high[None]
        points, leads = attack(self.problem, *ends, point[None], np.array([rival]))
        return points[0], float(leads[0])


@dataclass(frozen=True)
class Node:
    """Solved relaxation: its proven bound, its point, and the ReLU and sign to branch on first."""

    bound: float
    point: np.ndarray
    branch: tuple[int, bool] | None


class NodeProgram:
    """The relaxation of one box as a linear program that is solved again and again.

    Parameters
    ----------
    problem : RobustProblem
    low, high : numpy.ndarray, shape (inputs,)
    layers : list of LayerBounds
        Bounds of the hidden layers on this box.
    """

    def __init__(
        self, problem: RobustProblem, low: np.ndarray, high: np.ndarray, layers: list[LayerBounds]
    ) -> None:
        self.problem, self.low, self.high = problem, low, high
        self._moving = np.flatnonzero(low < high)
        W, b = problem.network.weights[0], problem.network.biases[0]
        fixed = np.where(low < high, 0.0, low)
        program = self._program = Program()
        self._inputs = program.columns(low[self._moving], high[self._moving])
        first = (W[self._moving], b + fixed @ W)
        made = encode(program, problem.network, self._inputs, first, layers)
        self._pre = np.concatenate([p[o] for p, o in zip(made.pre, made.open_, strict=True)])
        self._post = np.concatenate([p[o] for p, o in zip(made.post, made.open_, strict=True)])
        self._above = np.concatenate(made.above)
        self._last = made.post[-1]
        self._offset = 0.0
        program.load()
        self._sides = program.lower, program.upper, program.row_upper

    def aim(self, rival: int) -> None:
        """Minimise the lead over this rival (a position in ``problem.rivals``)."""
        W, b = self.problem.output
        self._offset = float(b[rival])
        self._program.set_cost(self._last, W[:, rival])

    def solve(self, signs: tuple[tuple[int, bool], ...], deadline: float = np.inf) -> Node:
        """Solve with the signs of some open ReLUs fixed, ``(number, on)`` each."""
        lower, upper, row_upper = (side.copy() for side in self._sides)
        for number, on in signs:
            if on:
                lower[self._pre[number]] = row_upper[self._above[number]] = 0.0
            else:
                upper[self._pre[number]] = upper[self._post[number]] = 0.0
        self._program.set_columns(lower, upper)
        self._program.set_rows(row_upper)
        found = self._program.minimise(deadline)
        if found.x is None:
            return Node(found.bound, self.problem.x, self._first(signs))
        point = self.low.copy()
        point[self._moving] = np.clip(
            found.x[self._inputs], self.low[self._moving], self.high[self._moving]
        )
        return Node(found.bound + self._offset, point, self._branch(found.x, signs))

    def _first(self, signs: tuple[tuple[int, bool], ...]) -> tuple[int, bool] | None:
        left = np.setdiff1d(np.arange(len(self._pre)), [number for number, _ in signs])
        return (int(left[0]), True) if len(left) else None

    def _branch(
        self, x: np.ndarray, signs: tuple[tuple[int, bool], ...]
    ) -> tuple[int, bool] | None:
        """The open ReLU that the relaxation gets most wrong."""
        if len(signs) == len(self._pre):
            return None
        wrong = x[self._post] - np.maximum(x[self._pre], 0)
        wrong[[number for number, _ in signs]] = -np.inf
        number = int(wrong.argmax())
        return number, bool(x[self._pre[number]] > 0)
