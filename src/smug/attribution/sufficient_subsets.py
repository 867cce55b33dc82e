"""Sufficient input subsets (SIS): few inputs whose values alone keep the model's decision.

Carter, Mueller, Jain & Gifford 2019. *BackSelect* masks one input after the other, each time the
one whose absence leaves the highest value. *FindSIS* keeps the shortest tail of that order whose
value alone reaches the threshold. *SIScollection* masks the subset found and starts again with the
rest, until the rest no longer reaches the threshold; so the subsets are disjoint.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from scipy.special import logit as logit_of

from smug.errors import SmugError
from smug.limits import check_name

#: Values of a batch of masked inputs: (batch, n, ...) → (batch,).
Predict = Callable[[np.ndarray], np.ndarray]

#: Values with each candidate masked too: (mask of those present, candidates) → (candidates,).
ValuesWithout = Callable[[np.ndarray, np.ndarray], np.ndarray]

#: Positions in the order masked, and the value after each.
Order = tuple[list[int], list[float]]


@dataclass(frozen=True)
class Subset:
    """One sufficient input subset.

    Parameters
    ----------
    members : numpy.ndarray of int, shape (k,)
        Positions of the subset, the one masked last first.
    order : numpy.ndarray of int, shape (m,)
        Order in which backward selection masked all positions still there.
    values : numpy.ndarray of float, shape (m,)
        Value after each of those steps.
    value : float
        Value of the subset alone.
    """

    members: np.ndarray
    order: np.ndarray
    values: np.ndarray
    value: float

    def mask(self, n: int) -> np.ndarray:
        """Boolean mask of the subset, shape (n,)."""
        mask = np.zeros(n, bool)
        mask[self.members] = True
        return mask


def ranked(subsets: Sequence[Subset], n: int) -> np.ndarray:
    """Score of every position, shape (n,): 1 in the first subset, evenly to 0 outside all."""
    scores = np.zeros(n)
    for rank, subset in enumerate(subsets):
        scores[subset.members] = (len(subsets) - rank) / len(subsets)
    return scores


@dataclass(frozen=True)
class Threshold:
    """Side of a probability on which the prediction has to stay.

    Parameters
    ----------
    logit : float
        What ``logit`` has to reach, or ``-logit`` where the prediction has to stay below. The
        probability itself would round to 1 for predictions that are sure of themselves.
    above : bool
        Whether the prediction has to stay at or above, or at or below.
    """

    logit: float
    above: bool

    @property
    def probability(self) -> float:
        """The threshold as a probability."""
        return float(expit(self.logit if self.above else -self.logit))


def choose_threshold(
    logit: float,
    *,
    rule: str = "fixed",
    high: float = 0.85,
    low: float = 0.45,
    fraction: float = 0.9,
) -> Threshold | None:
    """Threshold for a prediction, or None when the rule gives it none.

    Parameters
    ----------
    logit : float
        Logit of the prediction on the whole input.
    rule : str
        ``fixed``: at least ``high`` for predictions that reach it, at most ``low`` for those that
        do not exceed it, nothing in between (Carter et al., beer reviews).
        ``fraction``: keep this fraction of the distance to 0.5, on the prediction's side.
    high, low, fraction : float
        Values of the rules, all between 0 and 1.
    """
    check_name("threshold_rule", rule)
    if not 0 < low <= high < 1:
        raise SmugError(f"low={low}, high={high}: 0 < low <= high < 1 is needed")
    if not 0 <= fraction <= 1:
        raise SmugError(f"fraction={fraction} is outside [0, 1]")
    if rule == "fixed":
        if logit >= logit_of(high):
            return Threshold(float(logit_of(high)), above=True)
        below = Threshold(float(logit_of(1 - low)), above=False)
        return below if -logit >= below.logit else None
    return Threshold(_share_of(abs(logit), fraction), above=logit >= 0)


def _share_of(logit: float, fraction: float) -> float:
    """Logit >= 0 of the probability that keeps ``fraction`` of the distance to 0.5."""
    # One minus that probability, which stays exact where the probability rounds to 1.
    rest = (1 - fraction) / 2 + fraction * float(expit(-logit))
    return min(logit, math.log((1 - rest) / rest)) if rest > 0 else logit


def sufficient_subsets(
    predict: Predict,
    x: np.ndarray,
    threshold: float,
    *,
    replacement: np.ndarray | float = 0.0,
    maskable: np.ndarray | None = None,
    ties: float = 0.0,
    limit: int | None = None,
    batch: int = 128,
) -> list[Subset]:
    """All disjoint sufficient input subsets of one input, for any model.

    Parameters
    ----------
    predict : callable
        Value to keep high, for a batch of inputs.
    x : numpy.ndarray, shape (n, ...)
        The input; its positions (words, pixels) are the first axis.
    threshold : float
        Value that a subset alone has to reach.
    replacement : array or float
        What a masked position holds; zeros are the mask of SMUG, the mean embedding that of
        Carter et al.
    maskable : numpy.ndarray of bool, shape (n,), optional
        Positions that count; the others (padding) always stay.
    ties : float
        Values this close to the best count as equal; the lowest position is masked first.
    limit : int, optional
        Number of subsets after which the search stops; by default it finds all.
    batch : int
        Inputs per call of ``predict``.

    Returns
    -------
    list of Subset
        In the order found; empty when the whole input stays below the threshold. A first subset
        without members says that the fully masked input reaches the threshold already.
    """
    x = np.asarray(x)
    masked = np.broadcast_to(np.asarray(replacement, x.dtype), x.shape)
    maskable = np.ones(len(x), bool) if maskable is None else np.asarray(maskable, bool)
    if maskable.shape != (len(x),):
        raise SmugError(f"maskable has shape {maskable.shape}; ({len(x)},) is needed")

    def shown(present: np.ndarray) -> np.ndarray:
        kept = (present | ~maskable).reshape((-1,) + (1,) * (x.ndim - 1))
        return np.where(kept, x, masked)

    def values_without(present: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        current, values = shown(present), []
        for start in range(0, len(candidates), batch):
            rows = candidates[start : start + batch]
            inputs = np.repeat(current[None], len(rows), axis=0)
            inputs[np.arange(len(rows)), rows] = masked[rows]
            values.append(np.asarray(predict(inputs), np.float64).reshape(len(rows)))
        return np.concatenate(values)

    return collect(
        lambda present: float(np.asarray(predict(shown(present)[None])).reshape(())),
        lambda present: _back_select(values_without, present, ties),
        maskable,
        threshold,
        limit,
    )


def _back_select(values_without: ValuesWithout, present: np.ndarray, ties: float) -> Order:
    """Backward selection by full evaluations: order of masking and the values after each step."""
    present, order, values = present.copy(), [], []
    while present.any():
        candidates = np.flatnonzero(present)
        after = values_without(present, candidates)
        best = first_best(after, ties)
        present[candidates[best]] = False
        order.append(int(candidates[best]))
        values.append(float(after[best]))
    return order, values


def collect(
    value_of: Callable[[np.ndarray], float],
    back_select: Callable[[np.ndarray], Order],
    available: np.ndarray,
    threshold: float,
    limit: int | None,
) -> list[Subset]:
    """SIScollection: find a subset, mask it, go on with the rest.

    Parameters
    ----------
    value_of : callable
        Value with only the positions of a mask present.
    back_select : callable
        Backward selection among the positions of a mask.
    available : numpy.ndarray of bool, shape (n,)
        Positions that count.
    threshold, limit
        As in :func:`sufficient_subsets`.
    """
    if not math.isfinite(threshold):
        raise SmugError(f"threshold={threshold} is not a finite number")
    present = available.copy()
    subsets: list[Subset] = []
    while (limit is None or len(subsets) < limit) and value_of(present) >= threshold:
        if not present.any():
            break
        order, values = back_select(present)
        size = next((k for k, v in enumerate(reversed(values)) if v >= threshold), len(order))
        members = np.array(order[len(order) - size :][::-1], np.int64)
        value = values[-size - 1] if size < len(order) else value_of(present)
        subsets.append(Subset(members, np.array(order), np.array(values), float(value)))
        if not size:
            break
        present[members] = False
    return subsets


def first_best(values: np.ndarray, ties: float) -> int:
    """Lowest position whose value counts as the best."""
    return int(np.argmax(values >= values.max() - ties))
