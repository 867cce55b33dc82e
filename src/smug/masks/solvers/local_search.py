"""Small masks at once: local search by swapping variables under growing row weights."""

from __future__ import annotations

from time import perf_counter

import numpy as np
from scipy import sparse

#: Rows must be met by this much more, so that a mask of ours survives the exact check.
SAFETY = 1e-9
#: Weight of the size of a row's deficit (in units of its largest coefficient) beside its count.
DEFICIT = 0.3
#: Rounds (beside two for each variable) after which even a first mask is left to others.
FIRST_ROUNDS = 1000


class LocalSearch:
    """Minimal masks by swapping variables under row weights that grow while a row is violated.

    The cost of a mask is the weighted sum over violated rows of ``1 + DEFICIT * deficit``;
    ``score[j]`` is how much flipping variable ``j`` lowers it, kept up to date at each flip.
    Growing weights push the search out of local minima (as in weighting local search for set
    covering), so it needs no restarts and hardly any randomness.
    """

    def __init__(self, A: sparse.csr_array, demand: np.ndarray, seed: int) -> None:
        self.A, self.columns, self.entry = A, A.tocsc(), np.arange(A.nnz)
        self.row_of = np.repeat(np.arange(A.shape[0]), np.diff(A.indptr))
        # Sums of whole numbers (cardinalities, cuts) are exact, and often must be met exactly.
        rounded = np.bincount(self.row_of, A.data != np.rint(A.data), A.shape[0]) > 0
        self.demand = demand + SAFETY * (1 + np.abs(demand)) * rounded
        largest = np.maximum.reduceat(np.append(np.abs(A.data), 0), A.indptr[:-1])
        self.scale = DEFICIT / np.maximum(largest, 1e-12)
        self.weight = np.ones(A.shape[0])
        self.rng = np.random.default_rng(seed)
        self.flipped_at = np.zeros(A.shape[1], np.int64)
        self.steps, self.tabu = 0, -1
        self.best: np.ndarray | None = None
        self.move_to(np.zeros(A.shape[1], bool))

    def move_to(self, mask: np.ndarray) -> None:
        """Make ``mask`` the current one; remember it if it is the smallest valid one."""
        self.mask, self.sign = mask.copy(), np.where(mask, -1.0, 1.0)
        self.activity = self.A @ mask.astype(np.float64)
        self.score = np.bincount(
            self.A.indices, self._relief(self.entry), minlength=self.A.shape[1]
        ).astype(np.float64)
        self._remember()

    def construct(self, deadline: float) -> None:
        """First mask: add what helps most; where nothing helps, weigh the violated rows more.

        It never takes anything away, so it may end without a mask where rows limit each other.
        """
        for _ in range(FIRST_ROUNDS + 2 * self.mask.size):
            if self.best is not None or perf_counter() >= deadline:
                return
            violated = np.flatnonzero(self.activity < self.demand)
            j = int(np.where(self.mask, -np.inf, self.score).argmax())
            if not violated.size:
                self._remember()
            elif not self.mask[j] and self.score[j] > 1e-9:
                self._flip(j)
            else:
                self._weigh(violated)

    def run(self, deadline: float) -> None:
        """Improve the mask until the deadline (``time.perf_counter``)."""
        while self.best is not None and perf_counter() < deadline:
            self.steps += 1
            violated = np.flatnonzero(self.activity < self.demand)
            if not violated.size:
                self._remember()
                self._drop()
                continue
            if self.mask.sum() >= self.best.sum() - 1:
                self._drop()
                violated = np.flatnonzero(self.activity < self.demand)
            if violated.size:
                self._mend(violated[self.rng.integers(violated.size)])
                self._weigh(np.flatnonzero(self.activity < self.demand))

    def _relief(self, entries: np.ndarray) -> np.ndarray:
        """Drop in a row's cost if the variable of each matrix entry flips."""
        rows = self.row_of[entries]
        lack = self.demand[rows] - self.activity[rows]
        after = lack - self.sign[self.A.indices[entries]] * self.A.data[entries]
        scale = self.scale[rows]
        cost = (lack > 0) * (1 + scale * lack) - (after > 0) * (1 + scale * after)
        return self.weight[rows] * cost

    def _entries(self, rows: np.ndarray) -> np.ndarray:
        start = self.A.indptr
        return np.concatenate([self.entry[start[row] : start[row + 1]] for row in rows])

    def _flip(self, j: int) -> None:
        own = slice(self.columns.indptr[j], self.columns.indptr[j + 1])
        rows = self.columns.indices[own]
        if rows.size:
            entries = self._entries(rows)
            before = self._relief(entries)
            self.activity[rows] += self.sign[j] * self.columns.data[own]
        self.mask[j] ^= True
        self.sign[j] = -self.sign[j]
        if rows.size:
            np.add.at(self.score, self.A.indices[entries], self._relief(entries) - before)
        self.flipped_at[j] = self.steps

    def _best_of(self, candidates: np.ndarray) -> int:
        """Highest score; among equals the one that has rested longest."""
        score = self.score[candidates]
        equal = candidates[score >= score.max() - 1e-9]
        return int(equal[self.flipped_at[equal].argmin()])

    def _drop(self) -> None:
        chosen = np.flatnonzero(self.mask)
        chosen = chosen[chosen != self.tabu]
        if chosen.size:
            self._flip(self._best_of(chosen))

    def _mend(self, row: int) -> None:
        """Flip the best variable that helps one violated row and did not flip in this step."""
        own = slice(self.A.indptr[row], self.A.indptr[row + 1])
        names = self.A.indices[own]
        helps = self.sign[names] * self.A.data[own] > 0
        names = names[helps & (self.flipped_at[names] < self.steps)]
        if names.size:
            self.tabu = self._best_of(names)
            self._flip(self.tabu)

    def _weigh(self, rows: np.ndarray) -> None:
        if rows.size:
            entries = self._entries(rows)
            gain = self._relief(entries) / self.weight[self.row_of[entries]]
            np.add.at(self.score, self.A.indices[entries], gain)
            self.weight[rows] += 1

    def _remember(self) -> None:
        if self.best is None or self.mask.sum() < self.best.sum():
            # Activities are updated step by step; a fresh product removes their drift.
            self.activity = self.A @ self.mask.astype(np.float64)
            if (self.activity >= self.demand).all():
                self.best = self.mask.copy()
