"""Summaries of scores over images: quartiles, wins, intervals and paired tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import stats

from smug.errors import SmugError

CONFIDENCE = 0.95
#: LSC values closer than this are equal: the same crop in another batch differs in rounding.
TIE = 1e-4


class Quartiles(NamedTuple):
    """Median, first and third quartile, and the number of images behind them."""

    median: float
    lower: float
    upper: float
    n: int


class Interval(NamedTuple):
    """An estimate, the ends of its 95 % confidence interval, and the number of images."""

    estimate: float
    low: float
    high: float
    n: int


class PairedTest(NamedTuple):
    """Median difference (first minus second), two-sided p-value and the number of pairs."""

    median_difference: float
    p_value: float
    n: int


def quartiles(values: np.ndarray) -> Quartiles:
    """Median and quartiles of an image score, shape (images,), leaving out NaN.

    Infinite scores (an all-zero map) count as worst; all are NaN if no value is left.
    """
    values = _present(values)
    if not len(values):
        return Quartiles(np.nan, np.nan, np.nan, 0)
    # Interpolating between ranks would turn infinities into NaN.
    method = "linear" if np.isfinite(values).all() else "nearest"
    lower, median, upper = np.quantile(values, [0.25, 0.5, 0.75], method=method)
    return Quartiles(float(median), float(lower), float(upper), len(values))


def wins(scores: np.ndarray, tie: float = TIE) -> np.ndarray:
    """Mark on which images each method is lowest; all methods that tie win.

    Parameters
    ----------
    scores : numpy.ndarray, shape (images, methods)
        Lower is better; NaN where a method did not compete.
    tie : float
        Scores this close to the lowest are as low.

    Returns
    -------
    numpy.ndarray of bool, shape (images, methods)
        Where every method failed (NaN or infinite), nobody wins.
    """
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 2:
        raise SmugError(f"scores have shape {scores.shape}; expected (images, methods)")
    scores = np.where(np.isnan(scores), np.inf, scores)
    lowest = scores.min(axis=1, keepdims=True, initial=np.inf)
    return np.isfinite(scores) & (scores <= lowest + tie)


def proportion(flags: np.ndarray) -> Interval:
    """Share of True among ``flags``, shape (images,), with its Wilson 95 % interval.

    At the paper's 3304 images this is its ``± 1.96 sqrt(p (1 - p) / n)``; at a few images, or at
    shares of 0 and 1, it stays an interval.
    """
    flags = np.asarray(flags, bool)
    n = len(flags)
    if not n:
        return Interval(np.nan, np.nan, np.nan, 0)
    p, z = float(flags.mean()), float(stats.norm.ppf((1 + CONFIDENCE) / 2))
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return Interval(p, float(max(centre - half, 0.0)), float(min(centre + half, 1.0)), n)


def mean(values: np.ndarray) -> Interval:
    """Mean of values, shape (images,), NaN left out, with Student's 95 % interval.

    With a single value the interval is NaN: it says nothing about the spread.
    """
    values = _present(values)
    n = len(values)
    if n < 2:
        return Interval(float(values[0]) if n else np.nan, np.nan, np.nan, n)
    half = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n)
    centre = float(values.mean())
    return Interval(centre, float(centre - half), float(centre + half), n)


def bootstrap(
    values: np.ndarray,
    statistic: Callable[..., np.ndarray] = np.median,
    *,
    seed: int,
    resamples: int = 10_000,
) -> Interval:
    """Percentile bootstrap: a 95 % interval for any statistic of image scores.

    Parameters
    ----------
    values : numpy.ndarray, shape (images,)
        NaN is left out.
    statistic : callable
        Takes an array and ``axis``.
    seed : int
        Seed of the resampling.
    resamples : int
        Number of resampled data sets.
    """
    values = _present(values)
    n = len(values)
    if not n:
        return Interval(np.nan, np.nan, np.nan, 0)
    rng = np.random.default_rng(seed)
    # In slices, so that 3304 images and 10,000 resamples need 26 MB, not 260.
    counts = [min(1000, resamples - start) for start in range(0, resamples, 1000)]
    drawn = [statistic(values[rng.integers(0, n, (count, n))], axis=1) for count in counts]
    tail = (1 - CONFIDENCE) / 2
    ends = np.quantile(np.concatenate(drawn), [tail, 1 - tail], method="nearest")
    return Interval(float(statistic(values, axis=0)), float(ends[0]), float(ends[1]), n)


def paired(first: np.ndarray, second: np.ndarray) -> PairedTest:
    """Wilcoxon signed-rank test of two methods on the same images.

    Parameters
    ----------
    first, second : numpy.ndarray, shape (images,)
        Scores image by image; pairs with a NaN are left out. Two infinite scores are equal.

    Returns
    -------
    PairedTest
        p-value 1 where all pairs are equal, NaN where there is no pair.
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise SmugError(
            f"paired scores have shapes {first.shape} and {second.shape}; expected (images,) twice"
        )
    kept = ~(np.isnan(first) | np.isnan(second))
    first, second = first[kept], second[kept]
    if not len(first):
        return PairedTest(np.nan, np.nan, 0)
    with np.errstate(invalid="ignore"):
        difference = np.where(first == second, 0.0, first - second)
    difference[np.abs(difference) <= TIE] = 0.0
    p_value = float(stats.wilcoxon(difference).pvalue) if difference.any() else 1.0
    return PairedTest(quartiles(difference).median, p_value, len(difference))


def _present(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, np.float64)
    if values.ndim != 1:
        raise SmugError(f"scores have shape {values.shape}; expected (images,)")
    return values[~np.isnan(values)]
