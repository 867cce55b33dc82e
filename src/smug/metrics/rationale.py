"""Agreement of a saliency map over words with a human rationale, and with the model itself.

All functions take one review: the words that the model sees, padding left out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_auc_score

from smug.errors import SmugError


def roc_auc(saliency: np.ndarray, rationale: np.ndarray) -> float:
    """Area under the ROC curve of ``saliency`` as a detector of the rationale's words.

    Parameters
    ----------
    saliency : numpy.ndarray, shape (n,)
        Score of every word; only its order counts.
    rationale : numpy.ndarray of bool, shape (n,)
        Words that the human marked.

    Returns
    -------
    float
        NaN where the human marked no word or all of them.
    """
    saliency, rationale = _pair(saliency, rationale)
    if rationale.all() or not rationale.any():
        return float("nan")
    return float(roc_auc_score(rationale, saliency))


def best_f1(saliency: np.ndarray, rationale: np.ndarray) -> float:
    """Highest F1 over all thresholds of ``saliency``; NaN where the human marked no word."""
    saliency, rationale = _pair(saliency, rationale)
    if not rationale.any():
        return float("nan")
    precision, recall, _ = precision_recall_curve(rationale, saliency)
    both = precision + recall
    f1 = np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=both > 0)
    return float(f1.max())


def best_mae(saliency: np.ndarray, rationale: np.ndarray, *, thresholds: int = 1000) -> float:
    """Lowest mean absolute error between ``saliency >= threshold`` and the rationale.

    Tries every distinct value of ``saliency`` and a threshold above all of them; if these are more
    than ``thresholds``, so many of them at even steps of rank, the highest always among them.
    """
    saliency, rationale = _pair(saliency, rationale)
    if thresholds < 1:
        raise SmugError(f"thresholds={thresholds}; at least one threshold has to be tried")
    levels = np.append(np.unique(saliency), np.inf)
    if len(levels) > thresholds:
        levels = levels[np.linspace(len(levels) - 1, 0, thresholds).round().astype(int)]
    # Words at or above a level, and rationale words among them, from one sort.
    order = np.argsort(saliency, kind="stable")
    first = np.searchsorted(saliency[order], levels, side="left")
    below = np.concatenate([[0], np.cumsum(rationale[order])])[first]  # rationale words missed
    marked = len(saliency) - first
    wrong = below + marked - (rationale.sum() - below)
    return float(wrong.min() / len(saliency))


def sparsity(mask: np.ndarray) -> float:
    """Share of the words that the mask, shape (n,) bool, keeps."""
    mask = np.asarray(mask, bool)
    if mask.size == 0:
        raise SmugError("the mask is empty; a review has at least one word")
    return float(mask.mean())


def sufficiency(predict: Callable[[np.ndarray], float], mask: np.ndarray) -> float:
    """Prediction on the kept words alone; ``predict`` maps a word mask, shape (n,), to a score."""
    return float(predict(np.asarray(mask, bool)))


def comprehensiveness(predict: Callable[[np.ndarray], float], mask: np.ndarray) -> float:
    """Drop of the prediction when the kept words are removed: whole review minus the rest."""
    mask = np.asarray(mask, bool)
    return float(predict(np.ones_like(mask))) - float(predict(~mask))


def _pair(saliency: np.ndarray, rationale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    saliency, rationale = np.asarray(saliency, np.float64), np.asarray(rationale, bool)
    if saliency.ndim != 1 or saliency.shape != rationale.shape or saliency.size == 0:
        raise SmugError(
            f"saliency of shape {saliency.shape} against a rationale of shape {rationale.shape}; "
            "both need one value per word"
        )
    if not np.isfinite(saliency).all():
        raise SmugError("the saliency holds NaN or infinite values; check the attribution")
    return saliency, rationale
