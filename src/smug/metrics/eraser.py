"""Measures of rationales of the ERASER benchmark (DeYoung et al. 2020, arXiv 1911.03429).

All functions take one review: the words that the model sees, padding left out. Faithfulness
compares the explained class's probability on the whole review with that on a part of it, averaged
over the best-scored 1, 5, 10, 20 and 50 % of the words (AOPC, the area over the perturbation
curve). Plausibility compares a choice of words, or a ranking of them, with the human rationale.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from sklearn.metrics import auc, precision_recall_curve

from smug.errors import SmugError

#: Shares of the words whose effect is averaged, as ERASER has them.
BINS = (0.01, 0.05, 0.1, 0.2, 0.5)


def aopc(
    predict: Callable[[np.ndarray], float],
    saliency: np.ndarray,
    *,
    bins: Sequence[float] = BINS,
) -> tuple[float, float]:
    """AOPC sufficiency and comprehensiveness: mean loss of probability over growing parts.

    Parameters
    ----------
    predict : callable
        Probability of the explained class with only the words of a mask, shape (n,), in place.
    saliency : numpy.ndarray, shape (n,)
        Score of every word; the first of equals counts as higher.
    bins : sequence of float
        Shares of the words in (0, 1]; so many words are taken, rounded up.

    Returns
    -------
    sufficiency : float
        Whole review minus the best words alone; low is good. Other than in ERASER's paper, where
        the empty part is a sixth bin, and as in its code.
    comprehensiveness : float
        Whole review minus the review without them; high is good.
    """
    saliency = np.asarray(saliency, np.float64)
    if saliency.ndim != 1 or not saliency.size or not np.isfinite(saliency).all():
        raise SmugError(
            f"a saliency of shape {saliency.shape} with finite values is needed: one per word"
        )
    if not len(bins) or any(not 0 < share <= 1 for share in bins):
        raise SmugError(f"bins={list(bins)} have to be shares of the words in (0, 1]")
    whole = float(predict(np.ones(len(saliency), bool)))
    alone, without = [], []
    for share in bins:
        best = best_words(saliency, share)
        alone.append(float(predict(best)))
        without.append(float(predict(~best)))
    return whole - float(np.mean(alone)), whole - float(np.mean(without))


def best_words(saliency: np.ndarray, share: float) -> np.ndarray:
    """Mask of the best-scored share of the words, rounded up; of equals the first come first."""
    best = np.zeros(len(saliency), bool)
    best[np.argsort(-saliency, kind="stable")[: math.ceil(share * len(saliency))]] = True
    return best


def token_f1(mask: np.ndarray, rationale: np.ndarray) -> float:
    """F1 of the words of ``mask`` against those of the rationale, both shape (n,) bool.

    0 where they share no word, NaN where the human marked none.
    """
    mask, rationale = np.asarray(mask, bool), np.asarray(rationale, bool)
    if mask.shape != rationale.shape:
        raise SmugError(
            f"a mask of shape {mask.shape} against a rationale of shape {rationale.shape}; both "
            "need one value per word"
        )
    if not rationale.any():
        return float("nan")
    return float(2 * np.sum(mask & rationale) / (mask.sum() + rationale.sum()))


def auprc(saliency: np.ndarray, rationale: np.ndarray) -> float:
    """Area under the precision-recall curve, by trapezoids as in ERASER's code.

    NaN where the human marked no word. Of a constant map it is (1 + p) / 2, p being the
    rationale's share of the words: by trapezoids the curve runs straight from precision 1 to p.
    """
    rationale = np.asarray(rationale, bool)
    if not rationale.any():
        return float("nan")
    precision, recall, _ = precision_recall_curve(rationale, np.asarray(saliency, np.float64))
    return float(auc(recall, precision))
