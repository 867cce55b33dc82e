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
from smug.masks.text.problem import MaskedText

#: Values of a batch of masked inputs: (batch, n, ...) → (batch,).
Predict = Callable[[np.ndarray], np.ndarray]

#: Values with each candidate masked too: (mask of those present, candidates) → (candidates,).
ValuesWithout = Callable[[np.ndarray, np.ndarray], np.ndarray]

# Positions in the order masked, and the value after each.
_Order = tuple[list[int], list[float]]


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
    fill: np.ndarray | float = 0.0,
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
    fill : array or float
        What a masked position holds; zeros are the mask of SMUG, the mean embedding that of
        Carter et al.
    maskable : numpy.ndarray of bool, shape (n,), optional
        Positions that count; the others (padding) always stay.
    ties : float
        Values this close to the best count as equal; the lowest position is masked first.
    limit : int, optional
        Stop after so many subsets.
    batch : int
        Inputs per call of ``predict``.

    Returns
    -------
    list of Subset
        In the order found; empty when the whole input stays below the threshold. A first subset
        without members says that the fully masked input reaches the threshold already.
    """
    x = np.asarray(x)
    masked = np.broadcast_to(np.asarray(fill, x.dtype), x.shape)
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

    return _collect(
        lambda present: float(np.asarray(predict(shown(present)[None])).reshape(())),
        lambda present: _back_select(values_without, present, ties),
        maskable,
        threshold,
        limit,
    )


def _back_select(values_without: ValuesWithout, present: np.ndarray, ties: float) -> _Order:
    """Backward selection by full evaluations: order of masking and the values after each step."""
    present, order, values = present.copy(), [], []
    while present.any():
        candidates = np.flatnonzero(present)
        after = values_without(present, candidates)
        best = _first_best(after, ties)
        present[candidates[best]] = False
        order.append(int(candidates[best]))
        values.append(float(after[best]))
    return order, values


def sufficient_words(
    text: MaskedText, threshold: float, *, ties: float = 0.0, limit: int | None = None
) -> list[Subset]:
    """All disjoint sufficient input subsets of a review, by exact incremental updates.

    The same order, values and subsets as :func:`sufficient_subsets` with ``text.logit``: masking a
    word changes only the windows that hold it, and the pooled maxima without these windows are
    running maxima from both ends. Values are logits.

    Parameters
    ----------
    text : MaskedText
        Review and network; use ``network.negated()`` for predictions that have to stay low.
    threshold : float
        Logit that a subset alone has to reach.
    ties, limit
        As in :func:`sufficient_subsets`.
    """

    def back_select(present: np.ndarray) -> tuple[list[int], list[float]]:
        return _back_select_words(text, present, ties)

    return _collect(text.logit, back_select, np.ones(text.words, bool), threshold, limit)


def _back_select_words(text: MaskedText, present: np.ndarray, ties: float) -> _Order:
    """Backward selection that recomputes only the windows around the word masked last."""
    network, width, windows = text.network, text.width, len(text.base)
    present, order, values = present.copy(), [], []
    response = text.responses(present)
    around = np.zeros((text.words, len(network.bias)))  # pooled over a word's windows without it
    stale = np.flatnonzero(present)
    before = np.empty((windows + 1, response.shape[1]))
    after = np.empty_like(before)
    before[0] = after[windows] = text.rest
    low = np.maximum(np.arange(text.words) + text.offset - width + 1, 0)
    high = np.minimum(np.arange(text.words) + text.offset + 1, windows)
    while present.any():
        if stale.size:
            around[stale] = _pooled_without(text, present, stale)
        np.maximum.accumulate(response, axis=0, out=before[1:])
        np.maximum(before, text.rest, out=before)
        np.maximum.accumulate(response[::-1], axis=0, out=after[windows - 1 :: -1])
        np.maximum(after, text.rest, out=after)
        candidates = np.flatnonzero(present)
        pooled = np.maximum(before[low[candidates]], after[high[candidates]])
        np.maximum(pooled, around[candidates], out=pooled)
        logits = pooled @ network.weights + network.shift
        best = _first_best(logits, ties)
        word = candidates[best]
        present[word] = False
        order.append(int(word))
        values.append(float(logits[best]))
        touched = np.arange(low[word], high[word])
        response[touched] = text.responses(present, touched)
        near = np.arange(max(0, word - width + 1), min(text.words, word + width))
        stale = near[present[near]]
    return order, values


def _pooled_without(text: MaskedText, present: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Maximum over the windows of each word with that word masked too, (words, filters)."""
    pooled = np.zeros((len(words), text.base.shape[1]))
    for k in range(text.width):  # place of the word in the window
        window = words + text.offset - k
        inside = (window >= 0) & (window < len(text.base))
        response = text.base[window[inside]]
        for other in range(text.width):
            neighbour = words[inside] - k + other
            chosen = (neighbour >= 0) & (neighbour < text.words) & (other != k)
            chosen[chosen] = present[neighbour[chosen]]
            response[chosen] += text.taps[other, neighbour[chosen]]
        pooled[inside] = np.maximum(pooled[inside], response)
    return pooled


def _collect(
    value_of: Callable[[np.ndarray], float],
    back_select: Callable[[np.ndarray], _Order],
    available: np.ndarray,
    threshold: float,
    limit: int | None,
) -> list[Subset]:
    """SIScollection: find a subset, mask it, go on with the rest."""
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


def _first_best(values: np.ndarray, ties: float) -> int:
    return int(np.argmax(values >= values.max() - ties))
