"""Sufficient input subsets of a review's words, by exact updates of what a masked word changes."""

from __future__ import annotations

import numpy as np
from tqdm import tqdm

from smug.attribution.sufficient_subsets import Order, Subset, collect, first_best
from smug.masks.text.problem import MaskedText

# Rows that a changed maximum is carried over before it is asked whether it changes any further.
_STRIDE = 512


def sufficient_words(
    text: MaskedText, threshold: float, *, ties: float = 0.0, limit: int | None = None
) -> list[Subset]:
    """All disjoint sufficient input subsets of a review, by exact incremental updates.

    The same order, values and subsets as
    :func:`~smug.attribution.sufficient_subsets.sufficient_subsets` with ``text.logit``: masking a
    word changes only the windows that hold it, and the pooled maxima without these windows are
    running maxima from both ends. Values are logits. A bar shows the progress on a terminal.

    Parameters
    ----------
    text : MaskedText
        Review and network; use ``network.negated()`` for predictions that have to stay low.
    threshold : float
        Logit that a subset alone has to reach.
    ties, limit
        As in :func:`~smug.attribution.sufficient_subsets.sufficient_subsets`.
    """

    def back_select(present: np.ndarray) -> Order:
        return _back_select(text, present, ties)

    return collect(text.logit, back_select, np.ones(text.words, bool), threshold, limit)


def _back_select(text: MaskedText, present: np.ndarray, ties: float) -> Order:
    """Backward selection that recomputes only what the word masked last has changed."""
    review = _Review(text, present)
    order: list[int] = []
    values: list[float] = []
    count = np.count_nonzero(present)
    for _ in tqdm(range(count), desc="words", disable=None, leave=False, delay=1.0):
        word = first_best(review.logits, ties)
        order.append(word)
        values.append(float(review.logits[word]))
        review.mask(word)
    return order, values


class _Review:
    """Logit with each word masked too; -inf for words that are masked already."""

    def __init__(self, text: MaskedText, present: np.ndarray) -> None:
        self.text, self.present = text, present.copy()
        place, windows = np.arange(text.words) + text.offset, len(text.base)
        self.low = np.maximum(place - text.width + 1, 0)  # windows of each word
        self.high = np.minimum(place + 1, windows)
        self.response = text.responses(present)
        # Running maxima over the windows before each one, and from each one on.
        self.before = np.empty((windows + 1, self.response.shape[1]))
        self.after = np.empty_like(self.before)
        self.before[0] = self.after[windows] = text.rest
        _run(self.before, self.response, None)
        _run(self.after[::-1], self.response[::-1], None)
        words = np.flatnonzero(present)
        # Maximum over a word's windows without it, and over all windows.
        self.around = np.zeros((text.words, self.response.shape[1]))
        self.around[words] = _pooled_without(text, present, words)
        self.pooled = np.zeros_like(self.around)
        self.logits = np.full(text.words, -np.inf)
        self._pool(words, None)
        self._evaluate(words)

    def mask(self, word: int) -> None:
        """Mask a word that is still there."""
        text, low, high = self.text, self.low[word], self.high[word]
        self.present[word] = False
        self.logits[word] = -np.inf
        touched = np.arange(low, high)
        self.response[touched] = text.responses(self.present, touched)
        last, filters = _update(self.before, self.response, low, high)
        changed = [self._words(self.low, high + 1, last)]
        columns = [filters]
        windows = len(self.response)
        last, filters = _update(
            self.after[::-1], self.response[::-1], windows - high, windows - low
        )
        changed.append(self._words(self.high, windows - last, low - 1))
        columns.append(filters)
        dirty = [
            words[self._pool(words, some)]
            for words, some in zip(changed, columns, strict=True)
            if words.size and some.size
        ]
        around = self._near(word, text.width - 1)
        self.around[around] = _pooled_without(text, self.present, around)
        # Words whose own windows, or the first ones beside them, hold the masked one.
        near = self._near(word, 2 * text.width)
        self._pool(near, None)
        self._evaluate(np.unique(np.concatenate([near, *dirty])))

    def _near(self, word: int, reach: int) -> np.ndarray:
        words = np.arange(max(0, word - reach), min(self.text.words, word + reach + 1))
        return words[self.present[words]]

    def _words(self, ends: np.ndarray, first: int, last: int) -> np.ndarray:
        """Words still there whose windows end at one of some rows."""
        words = np.arange(np.searchsorted(ends, first), np.searchsorted(ends, last, side="right"))
        return words[self.present[words]]

    def _pool(self, words: np.ndarray, filters: np.ndarray | None) -> np.ndarray:
        """Maxima of the words, of some filters or all; whether they have changed."""
        low, high = self.low[words], self.high[words]
        if filters is not None:
            words, low, high = (rows[:, np.newaxis] for rows in (words, low, high))
        column = slice(None) if filters is None else filters
        pooled = np.maximum(self.before[low, column], self.after[high, column])
        pooled = np.maximum(pooled, self.around[words, column])
        changed = (pooled != self.pooled[words, column]).any(axis=1)
        self.pooled[words, column] = pooled
        return np.asarray(changed)

    def _evaluate(self, words: np.ndarray) -> None:
        network = self.text.network
        # A sum for each row: equal maxima make equal logits, which BLAS does not promise.
        self.logits[words] = (self.pooled[words] * network.weights).sum(axis=1) + network.shift


def _run(maxima: np.ndarray, response: np.ndarray, filters: np.ndarray | None) -> None:
    """Running maxima after each row, from the first of `maxima` on; of some filters or all."""
    column = slice(None) if filters is None else filters
    first = maxima[:1, column]
    rows = np.concatenate([first, response[:, column]])
    maxima[:, column] = np.maximum.accumulate(rows, axis=0)


def _update(
    maxima: np.ndarray, response: np.ndarray, low: int, high: int
) -> tuple[int, np.ndarray]:
    """Update running maxima after the responses of rows `low` to `high` have changed.

    Returns
    -------
    last : int
        Last row of `maxima` that may have changed.
    filters : numpy.ndarray of int
        Filters that have changed behind `high`.
    """
    before = maxima[high].copy()
    _run(maxima[low : high + 1], response[low:high], None)
    filters = np.flatnonzero(maxima[high] != before)
    row, left = high, filters
    while left.size and row < len(response):
        stop = min(row + _STRIDE, len(response))
        before = maxima[stop, left].copy()
        _run(maxima[row : stop + 1], response[row:stop], left)
        left, row = left[maxima[stop, left] != before], stop
    return row, filters


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
