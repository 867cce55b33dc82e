"""Smallest set of words as a plain mixed-integer program: one selector per filter and window.

Variables: a bit per word; per filter its pooled feature ``z``; per filter of positive weight and
window a selector that says "the maximum stands here". With ``r`` the window's response, linear in
the bits of its words, and ``U`` its largest value over all masks:

    minimise    sum of the bits
    subject to  weights . z + shift >= threshold
                z <= r + (most - least r) (1 - selector)    positive weight
                sum of a filter's selectors (and of "no window") = 1
                z >= r                                      negative weight, every window

The relaxation is weak (a fraction of many selectors lifts every feature), so this is for what the
search by size cannot finish: reviews that need many words. What is known already goes in: the best
mask as start value, the least size as a row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import highspy
import numpy as np
from scipy import sparse

from smug.masks.problem import Status
from smug.masks.solvers.highs import FEASIBILITY, solve_milp

if TYPE_CHECKING:
    from smug.masks.text.problem import MaskedText


@dataclass(frozen=True)
class _Selectors:
    """Places where the maximum of a filter of positive weight may stand.

    Parameters
    ----------
    filters, windows : numpy.ndarray of int, shape (selectors,)
        Window -1 is "none that holds a word": the masked rest, or ReLU's zero.
    """

    filters: np.ndarray
    windows: np.ndarray


def solve_text_milp(
    text: MaskedText,
    threshold: float,
    *,
    best: np.ndarray | None,
    bound: int,
    time_limit: float,
) -> tuple[np.ndarray | None, int, bool]:
    """Go on from a mask and a bound, with HiGHS.

    Parameters
    ----------
    text : MaskedText
    threshold : float
        Logit to reach.
    best : numpy.ndarray of bool, shape (n,), or None
        A mask that reaches it.
    bound : int
        All smaller sizes are known to be impossible.
    time_limit : float
        Seconds, the set-up included.

    Returns
    -------
    best : numpy.ndarray of bool, shape (n,), or None
        The better of the one given and the one found, evaluated in full.
    bound : int
    finished : bool
        Whether all is proven: the best mask is smallest, or there is none.
    """
    began = perf_counter()
    least, most = _ranges(text)
    selectors = _selectors(text, most)
    model = _model(text, threshold, bound, selectors, least, most)
    result = solve_milp(
        model,
        time_limit=time_limit - (perf_counter() - began),
        start=None if best is None else _start(text, selectors, best),
    )
    if result.status is Status.INFEASIBLE:
        # An answer only without a mask at hand: one that was evaluated in full outweighs it.
        return best, text.words if best is None else bound, best is None
    if result.x is not None:
        found = result.x[: text.words] > 0.5
        better = best is None or found.sum() < best.sum()
        if better and text.logit(found) >= threshold:
            best = found
    if math.isfinite(result.bound):
        bound = max(bound, math.ceil(result.bound - 1e-6))
    if best is not None:
        bound = min(bound, int(best.sum()))
    return best, bound, best is not None and bound == best.sum()


def _ranges(text: MaskedText) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest response of every window over all masks, shape (windows, filters) each."""
    least, most = text.base.copy(), text.base.copy()
    for windows, words, k in _taps(text):
        least[windows] += np.minimum(text.taps[k, words], 0)
        most[windows] += np.maximum(text.taps[k, words], 0)
    return least, most


def _taps(text: MaskedText) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """Windows and words that meet at each place of the kernel."""
    windows = np.arange(len(text.base))
    for k in range(text.width):
        words = windows - text.offset + k
        inside = (words >= 0) & (words < text.words)
        yield windows[inside], words[inside], k


def _selectors(text: MaskedText, most: np.ndarray) -> _Selectors:
    """Windows that can rise above what is there without any word, and "none"."""
    up = np.flatnonzero(text.network.weights > 0)
    windows, filters = np.nonzero(most[:, up] > text.rest[up])
    return _Selectors(
        np.concatenate([up, up[filters]]), np.concatenate([np.full(len(up), -1), windows])
    )


def _model(
    text: MaskedText,
    threshold: float,
    bound: int,
    selectors: _Selectors,
    least: np.ndarray,
    most: np.ndarray,
) -> highspy.HighsLp:
    """Columns: bits, features, selectors. Rows: threshold, size, responses, one place a filter."""
    n, filters = text.words, len(text.network.weights)
    columns = n + filters + len(selectors.filters)
    highest = np.maximum(text.rest, np.maximum(most, 0).max(axis=0))
    logit = np.concatenate([np.zeros(n), text.network.weights, np.zeros(columns - n - filters)])
    size = (np.arange(columns) < n).astype(float)
    needed = np.array([threshold - text.network.shift, bound])
    blocks = [
        (sparse.csr_array(np.stack([logit, size])), needed),
        _above_responses(text, columns),
        _below_selected(text, selectors, columns, least, highest),
        _one_place(text, selectors, columns),
    ]
    A = sparse.vstack([matrix for matrix, _ in blocks], format="csr")
    lower = np.concatenate([demand for _, demand in blocks])
    upper = np.full(len(lower), highspy.kHighsInf)
    places = len(blocks[-1][1])
    upper[len(lower) - places :] = 1.0
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = A.shape
    model.col_cost_ = size
    model.col_lower_ = np.concatenate([np.zeros(n), text.rest, np.zeros(columns - n - filters)])
    model.col_upper_ = np.concatenate([np.ones(n), highest, np.ones(columns - n - filters)])
    model.row_lower_, model.row_upper_ = lower, upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.num_row_, model.a_matrix_.num_col_ = A.shape
    model.a_matrix_.start_ = A.indptr.astype(np.int32)
    model.a_matrix_.index_ = A.indices.astype(np.int32)
    model.a_matrix_.value_ = A.data
    whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    model.integrality_ = [whole] * n + [real] * filters + [whole] * (columns - n - filters)
    return model


def _responses(
    text: MaskedText, windows: np.ndarray, filters: np.ndarray, columns: int
) -> sparse.csr_array:
    """Rows ``r - base`` of window and filter pairs as functions of the bits."""
    matrix = sparse.csr_array((len(windows), columns))
    for k in range(text.width):
        word = windows - text.offset + k
        row = np.flatnonzero((windows >= 0) & (word >= 0) & (word < text.words))
        value = text.taps[k, word[row], filters[row]]
        matrix += sparse.csr_array((value, (row, word[row])), shape=(len(windows), columns))
    return matrix


def _ones(
    rows: int, at: np.ndarray, columns: int, values: float | np.ndarray = 1.0
) -> sparse.csr_array:
    data = np.broadcast_to(np.asarray(values, float), at.shape)
    return sparse.csr_array((data, (np.arange(rows), at)), shape=(rows, columns))


def _above_responses(text: MaskedText, columns: int) -> tuple[sparse.csr_array, np.ndarray]:
    """``z - (r - base) >= base`` for filters of negative weight and all windows."""
    down = np.flatnonzero(text.network.weights < 0)
    windows = np.repeat(np.arange(len(text.base)), len(down))
    filters = np.tile(down, len(text.base))
    feature = _ones(len(filters), text.words + filters, columns)
    return feature - _responses(text, windows, filters, columns), text.base[windows, filters]


def _below_selected(
    text: MaskedText,
    selectors: _Selectors,
    columns: int,
    least: np.ndarray,
    highest: np.ndarray,
) -> tuple[sparse.csr_array, np.ndarray]:
    """``(r - base) - z - big * selector >= -base - big``: the feature stays below its place."""
    filters, windows = selectors.filters, selectors.windows
    none = windows < 0
    base = np.where(none, text.rest[filters], text.base[windows, filters])
    low = np.where(none, text.rest[filters], least[windows, filters])
    big = highest[filters] - low
    rows = len(filters)
    place = text.words + len(text.network.weights) + np.arange(rows)
    matrix = (
        _responses(text, windows, filters, columns)
        - _ones(rows, text.words + filters, columns)
        - _ones(rows, place, columns, big)
    )
    # Rounding must not cut a mask off: the network itself is asked about the mask in the end.
    return matrix, -base - big - FEASIBILITY


def _one_place(
    text: MaskedText, selectors: _Selectors, columns: int
) -> tuple[sparse.csr_array, np.ndarray]:
    """One selector is 1 per filter of positive weight."""
    names, row = np.unique(selectors.filters, return_inverse=True)
    place = text.words + len(text.network.weights) + np.arange(len(row))
    matrix = sparse.csr_array((np.ones(len(row)), (row, place)), shape=(len(names), columns))
    return matrix, np.ones(len(names))


def _start(text: MaskedText, selectors: _Selectors, mask: np.ndarray) -> np.ndarray:
    """Values of all columns that belong to a mask."""
    response = text.responses(mask)
    pooled = np.maximum(response.max(axis=0), text.rest)
    reached = np.where(
        selectors.windows < 0,
        text.rest[selectors.filters],
        response[selectors.windows, selectors.filters],
    )
    chosen = np.zeros(len(reached))
    # The last of a filter's places that reach its feature; "none" stands first.
    for filter_ in np.unique(selectors.filters):
        places = np.flatnonzero(selectors.filters == filter_)
        chosen[places[np.argmax(reached[places])]] = 1.0
    return np.concatenate([mask.astype(float), pooled, chosen])
