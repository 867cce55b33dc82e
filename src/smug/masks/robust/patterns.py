"""Activation patterns: the demand of one hidden layer on a free set, for all its shifts at once.

The lead over a rival is ``sum_j v_j relu(z_j) + c``. Where ``v_j < 0``, the term is the least of
``v_j a z_j`` over ``a`` in {0, 1}; so the lead is the least, over the patterns ``a`` of these
neurons, of functions that are convex in the input. By duality the least value of a convex one over
a box is the largest, over slopes in [0, 1] of the other neurons, of a linear function's least
value, to which each free feature adds a cost of its own. A set is therefore sufficient if and only
if, for every rival and every pattern, some slopes keep the sum of the costs below what the lead
has to spare: linear rows, once a feature's cost counts only while it is free.

There are exponentially many patterns, but those of a few counterexamples prove the smallest set.
"""

from __future__ import annotations

import highspy
import numpy as np
from scipy import sparse

from smug.masks.problem import Status
from smug.masks.robust.problem import SLACK, RobustProblem
from smug.masks.robust.program import Program
from smug.masks.solvers.highs import solve_milp

#: Part by which the largest cost of a feature is taken larger, for the rounding of its sum.
ROUNDING = 1e-9


class Patterns:
    """The patterns seen so far as one mixed-integer program.

    Parameters
    ----------
    problem : RobustProblem
        Of a network with one hidden layer.
    """

    def __init__(self, problem: RobustProblem) -> None:
        self.problem = problem
        W, b = problem.network.weights[0], problem.network.biases[0]
        self._start = problem.x @ W + b
        self._down, self._up = problem.low - problem.x, problem.high - problem.x
        ends = self._down[:, None] * W, self._up[:, None] * W
        self._off = self._start + np.maximum(*ends).sum(axis=0) <= 0
        self._on = self._start + np.minimum(*ends).sum(axis=0) >= 0
        self._seen: set[tuple[int, bytes]] = set()
        self._blocks: list[tuple[int, np.ndarray]] = []

    def add(self, point: np.ndarray) -> bool:
        """Add the pattern of a counterexample, shape (inputs,), for the rival that wins there.

        Returns
        -------
        bool
            Whether it is new.
        """
        problem = self.problem
        rival = int(problem.leads(point[None])[0].argmin())
        network = problem.network
        firing = point @ network.weights[0] + network.biases[0] > 0
        falling = problem.output[0][:, rival] < 0
        key = rival, (firing & falling).tobytes()
        if key in self._seen:
            return False
        self._seen.add(key)
        self._blocks.append((rival, firing))
        return True

    def solve(self, time_limit: float) -> tuple[np.ndarray | None, int]:
        """Largest free set that all patterns allow.

        Returns
        -------
        free : numpy.ndarray of bool, shape (size,), or None
            The best one found in the time.
        most : int
            No sufficient set leaves more variables free.
        """
        program, size = Program(), self.problem.size
        free = program.columns(np.zeros(size), np.ones(size))
        # An empty row: a program of no pattern has none of its own.
        program.rows([(free, np.ones((1, size)))], 0.0, float(size))
        for rival, firing in self._blocks:
            self._demand(program, free, rival, firing)
        program.load()
        model = program.model
        cost = np.zeros(model.num_col_)
        cost[free] = -1.0
        model.col_cost_ = cost
        whole = np.arange(model.num_col_) < size
        integer, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
        model.integrality_ = [integer if chosen else real for chosen in whole]
        found = solve_milp(model, time_limit=time_limit)
        if found.status == Status.INFEASIBLE:
            return None, 0
        most = size if np.isinf(found.bound) else int(np.floor(-found.bound + 1e-6))
        return None if found.x is None else found.x[:size] > 0.5, most

    def _demand(self, program: Program, free: np.ndarray, rival: int, firing: np.ndarray) -> None:
        """Rows of one pattern: its slopes, each feature's cost, and what they may sum to."""
        problem = self.problem
        W = problem.network.weights[0]
        v, c = problem.output[0][:, rival], problem.output[1][rival]
        # Neurons that are always on or off, and those of the pattern, have a known slope.
        open_ = np.flatnonzero((v > 0) & ~self._on & ~self._off)
        known = np.where(v > 0, self._on, (firing | self._on) & ~self._off) * v
        slopes = program.columns(np.zeros(len(open_)), np.ones(len(open_)))
        steady, varying = W @ known, W[:, open_] * v[open_]
        least = steady + np.minimum(varying, 0).sum(axis=1)
        most = steady + np.maximum(varying, 0).sum(axis=1)
        largest = np.maximum(np.maximum(-least * self._up, -most * self._down), 0)
        largest = largest * (1 + ROUNDING)
        moving = np.flatnonzero(largest > 0)
        costs = program.columns(np.zeros(len(moving)), largest[moving])
        for end, gradient in ((self._up, least), (self._down, most)):
            features = moving[-(gradient * end)[moving] > 0]
            if not len(features):
                continue
            eye = sparse.eye_array(len(features))
            chosen = sparse.csr_array(
                (largest[features], (np.arange(len(features)), problem.groups[features])),
                shape=(len(features), problem.size),
            )
            # cost >= -gradient * end while the feature is free, and nothing is asked otherwise.
            program.rows(
                [
                    (costs[np.searchsorted(moving, features)], eye),
                    (slopes, end[features, None] * varying[features]),
                    (free, -chosen),
                ],
                -(steady * end)[features] - largest[features],
                np.inf,
            )
        spare = known @ self._start + c - problem.margin * (1 - SLACK)
        gained = (v[open_] * self._start[open_])[None]
        ones = np.ones((1, len(moving)))
        program.rows([(costs, ones), (slopes, -gained)], -np.inf, spare)
