"""Whole-network minimum for text: the proven smallest set of words that keeps a prediction.

Network: embeddings → convolution → ReLU → global max-pool → dense → sigmoid. With the other words'
embeddings masked, the response of a window depends on the mask bits of its own words only, a pooled
feature is a maximum over windows, and the sigmoid is monotone, so "the prediction stays at or above
the threshold" is one linear inequality in the pooled features.

The search deepens by the number of words. Chosen words split into *clusters*: words of one cluster
share windows, words of different clusters never do. The pooled features of a set are then exactly
the element-wise maximum over its clusters, which makes the change of the logit cheap to update and
easy to bound: what a cluster adds to features of positive weight can only shrink when others are
there already, and what clusters take away is at least their cost-weighted average.

There are ``n (width - 1) ** (k - 1)`` clusters of k words. Where their table would outgrow
:data:`LARGEST_TABLE`, or half of the time is over, a mixed-integer program
(:mod:`smug.masks.text.milp`) goes on from what is known: the best set and the sizes that are proven
impossible.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import product

import numpy as np

from smug.errors import SmugError
from smug.masks.problem import MaskSolution, Status
from smug.masks.text.milp import solve_text_milp
from smug.masks.text.problem import MaskedText

#: Numbers in the tables of clusters, 8 bytes each; sets of up to 7 words of a review of 140.
LARGEST_TABLE = 4_000_000

_SLACK = 1e-9  # rounding allowance of the bounds; every mask found is evaluated in full


@dataclass
class _Clusters:
    """Clusters with their pooled features, scaled by the dense weights' magnitude."""

    gain: np.ndarray  # (clusters, filters of positive weight)
    loss: np.ndarray  # (clusters, filters of negative weight)
    first: np.ndarray  # (clusters,) first word
    last: np.ndarray  # (clusters,) last word
    cost: np.ndarray  # (clusters,) number of words
    shape: np.ndarray  # (clusters,) bits: which of the words from the first on are chosen

    def take(self, rows: np.ndarray) -> _Clusters:
        return _Clusters(*(a[rows] for a in vars(self).values()))


class _GaveUp(Exception):
    """The search ran out of time or of memory granted."""


class _Search:
    """Depth-first search for a set of exactly ``size`` words that reaches the threshold."""

    def __init__(self, text: MaskedText, threshold: float, deadline: float) -> None:
        self.text, self.threshold, self.deadline = text, threshold, deadline
        weights = text.network.weights
        self.up, self.down = np.flatnonzero(weights > 0), np.flatnonzero(weights < 0)
        self.scale = np.abs(weights)
        self.tables: list[_Clusters] = []

    def find(self, size: int) -> np.ndarray | None:
        """Mask of ``size`` words that reaches the threshold, or None: proven, there is none."""
        if size == 0:
            empty = np.zeros(self.text.words, bool)
            return empty if self.text.logit(empty) >= self.threshold else None
        while len(self.tables) < size:
            self._check_room(len(self.tables) + 1)
            self.tables.append(self._clusters(len(self.tables) + 1))
        tables = [vars(table) for table in self.tables[:size]]
        clusters = _Clusters(*(np.concatenate([t[k] for t in tables]) for k in tables[0]))
        up, down = self._base(size)
        return self._extend(up, down, clusters, size, [])

    def _base(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Bounds on the pooled features of the windows that no chosen word is in.

        Upper bounds where the weight is positive, lower bounds where it is negative. They differ
        only by windows that mix padding and words, or if no fully masked window is sure to stay.
        """
        text, scale = self.text, self.scale
        # Windows of words alone, all masked.
        pure = np.maximum(text.base[text.offset :][: max(0, text.words - text.width + 1)], 0)
        sure = text.rest
        if len(pure) > size * text.width:
            sure = np.maximum(sure, pure[0])
        most = np.maximum(text.rest, np.maximum(text.base, 0).max(axis=0))
        return (scale * most)[self.up], (scale * sure)[self.down]

    def _clusters(self, size: int) -> _Clusters:
        """All clusters of ``size`` words, with exact features."""
        text, width = self.text, self.text.width
        parts = []
        for gaps in product(range(1, width), repeat=size - 1):
            self._check_time()
            places = np.concatenate([[0], np.cumsum(gaps, dtype=int)])
            starts = np.arange(text.words - places[-1])
            if starts.size:
                parts.append(self._features(starts, places))
        if not parts:
            empty = np.zeros(0, np.int64)
            return _Clusters(
                np.zeros((0, len(self.up))), np.zeros((0, len(self.down))), *[empty] * 4
            )
        return _Clusters(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def _features(self, starts: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, ...]:
        text = self.text
        chosen = set(places.tolist())
        pooled = np.zeros((len(starts), len(self.scale)))
        for shift in range(1 - text.width, int(places[-1]) + 1):
            windows = starts + text.offset + shift
            inside = (windows >= 0) & (windows < len(text.base))
            response = text.base[windows[inside]]
            for k in range(text.width):
                if shift + k in chosen:
                    response += text.taps[k, starts[inside] + shift + k]
            pooled[inside] = np.maximum(pooled[inside], response)
        pooled *= self.scale
        bits = sum(1 << int(place) for place in places)
        return (
            pooled[:, self.up],
            pooled[:, self.down],
            starts,
            starts + places[-1],
            np.full(len(starts), len(places)),
            np.full(len(starts), bits),
        )

    def _extend(
        self,
        up: np.ndarray,
        down: np.ndarray,
        clusters: _Clusters,
        left: int,
        chosen: list[tuple[int, int]],
    ) -> np.ndarray | None:
        """Add clusters of together ``left`` words to ``chosen``; ``up`` and ``down`` are pooled."""
        self._check_time()
        need = self.threshold - self.text.network.shift - up.sum() + down.sum() - _SLACK
        gain = np.maximum(clusters.gain - up, 0).sum(axis=1)
        loss = np.maximum(clusters.loss - down, 0).sum(axis=1)
        for i in np.flatnonzero((clusters.cost == left) & (gain - loss >= need)).tolist():
            mask = self._mask([*chosen, (clusters.first[i], clusters.shape[i])])
            if self.text.logit(mask) >= self.threshold:
                return mask
        # Σ loss of several clusters >= their cost-weighted mean, hence loss / left per word.
        rate = gain / clusters.cost - loss / left
        order = np.argsort(-rate, kind="stable")
        order = order[clusters.cost[order] < left]
        clusters, gain, rate = clusters.take(order), gain[order], rate[order]
        # A set is built from its member of highest rate on; only that one has to be this good.
        for i in range(int(np.count_nonzero(left * rate >= need))):
            remaining = left - clusters.cost[i]
            up_next = np.maximum(up, clusters.gain[i])
            down_next = np.maximum(down, clusters.loss[i])
            need_next = need - (up_next - up).sum() + (down_next - down).sum()
            later = self._useful(clusters, gain, i, remaining, need_next)
            if later.size:
                found = self._extend(
                    up_next,
                    down_next,
                    clusters.take(later),
                    remaining,
                    [*chosen, (clusters.first[i], clusters.shape[i])],
                )
                if found is not None:
                    return found
        return None

    def _useful(
        self, clusters: _Clusters, gain: np.ndarray, i: int, left: int, need: float
    ) -> np.ndarray:
        """Later clusters that do not touch cluster ``i`` and can still help to reach ``need``."""
        reach = self.text.width
        later = np.arange(i + 1, len(gain))
        apart = (clusters.first[later] - clusters.last[i] >= reach) | (
            clusters.first[i] - clusters.last[later] >= reach
        )
        later = later[apart & (clusters.cost[later] <= left)]
        if not later.size:
            return later
        best = (gain[later] / clusters.cost[later]).max()
        return later[gain[later] + (left - clusters.cost[later]) * best >= need]

    def _mask(self, chosen: list[tuple[int, int]]) -> np.ndarray:
        mask = np.zeros(self.text.words, bool)
        for first, bits in chosen:
            for place in range(int(bits).bit_length()):
                mask[first + place] = int(bits) >> place & 1
        return mask

    def _check_time(self) -> None:
        if time.perf_counter() > self.deadline:
            raise _GaveUp

    def _check_room(self, size: int) -> None:
        """Give up before the tables of clusters of up to ``size`` words outgrow their room."""
        patterns = sum((self.text.width - 1) ** (k - 1) for k in range(1, size + 1))
        if patterns * self.text.words * len(self.scale) > LARGEST_TABLE:
            raise _GaveUp


def smallest_mask(
    text: MaskedText,
    threshold: float,
    *,
    time_limit: float = 10.0,
    start: np.ndarray | None = None,
) -> MaskSolution:
    """Smallest set of words whose logit alone reaches ``threshold``, with proof.

    Parameters
    ----------
    text : MaskedText
        Review and network.
    threshold : float
        Logit to reach (``>=``); for a probability p, ``log(p / (1 - p))``.
    time_limit : float
        Seconds; when they are over, the best mask so far is returned with its bound.
    start : numpy.ndarray of bool, shape (n,), optional
        A mask that reaches the threshold, such as the first sufficient input subset.

    Returns
    -------
    MaskSolution
        Mask over the n words. All sizes below ``bound`` are proven impossible.

    Raises
    ------
    SmugError
        ``start`` has another length or does not reach the threshold.
    """
    began = time.perf_counter()
    n, best = text.words, None
    if start is not None:
        best = np.asarray(start, bool)
        if best.shape != (n,) or text.logit(best) < threshold:
            raise SmugError(
                f"the start mask of shape {best.shape} has to cover the {n} words and reach the "
                f"threshold {threshold:.6g}; leave it out or give a sufficient subset"
            )
    best, bound, finished = _deepen(text, threshold, best, began + time_limit / 2)
    solver = "deepening"
    left = began + time_limit - time.perf_counter()
    if not finished and left > 0:
        best, bound, finished = solve_text_milp(
            text, threshold, best=best, bound=bound, time_limit=left
        )
        solver = "deepening, milp"
    return _solution(n, best, bound, finished, time.perf_counter() - began, solver)


def _deepen(
    text: MaskedText, threshold: float, best: np.ndarray | None, deadline: float
) -> tuple[np.ndarray | None, int, bool]:
    """Try one size after the other: the best mask, the sizes below which there is none, the end."""
    search, bound = _Search(text, threshold, deadline), 0
    largest = text.words if best is None else int(best.sum()) - 1
    try:
        for size in range(largest + 1):
            found = search.find(size)
            if found is not None:
                return found, size, True
            bound = size + 1
    except _GaveUp:
        return best, bound, False
    return best, bound, True


def _solution(
    n: int, best: np.ndarray | None, bound: int, finished: bool, seconds: float, solver: str
) -> MaskSolution:
    """Put what the search knows into words: mask, status and bound."""
    objective = float("inf") if best is None else float(best.sum())
    if best is None:
        status = Status.INFEASIBLE if finished else Status.TIMEOUT
    else:
        status = Status.OPTIMAL if bound >= objective else Status.FEASIBLE
    return MaskSolution(
        mask=np.zeros(n, bool) if best is None else best,
        status=status,
        objective=objective,
        bound=float(bound),
        seconds=seconds,
        solver=solver,
        masks=() if best is None else (best,),
    )
