"""Every measure of one method's map and word mask on one review."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from smug.errors import SmugError
from smug.metrics import eraser, rationale


def top_words(saliency: np.ndarray, count: int) -> np.ndarray:
    """Mask, shape (n,) bool, of the ``count`` words of the highest scores; the first of equals."""
    if not 0 <= count <= len(saliency):
        raise SmugError(f"count={count} is outside [0, {len(saliency)}], the review's words")
    mask = np.zeros(len(saliency), bool)
    mask[np.argsort(-np.asarray(saliency, np.float64), kind="stable")[:count]] = True
    return mask


def score_text(
    predict: Callable[[np.ndarray], float],
    saliency: np.ndarray,
    mask: np.ndarray,
    human: np.ndarray | None,
    *,
    thresholds: int = 1000,
) -> dict[str, float]:
    """Measure one method on one review.

    Parameters
    ----------
    predict : callable
        Probability of the explained class with only the words of a mask, shape (n,), in place.
    saliency : numpy.ndarray, shape (n,)
        Score of every word that the network sees.
    mask : numpy.ndarray of bool, shape (n,)
        Words that the method keeps.
    human : numpy.ndarray of bool, shape (n,), or None
        Human rationale; without one the measures of agreement are NaN.
    thresholds : int
        See :func:`smug.metrics.rationale.best_mae`.

    Returns
    -------
    dict of str to float
        ``roc_auc``, ``best_f1``, ``best_mae``, ``sparsity``, ``words``, ``sufficiency``,
        ``comprehensiveness``, and those of :mod:`smug.metrics.eraser`: ``auprc``, ``token_f1``,
        ``aopc_sufficiency``, ``aopc_comprehensiveness``.
    """
    scores = dict.fromkeys(("roc_auc", "auprc", "best_f1", "token_f1", "best_mae"), np.nan)
    if human is not None:
        scores = {
            "roc_auc": rationale.roc_auc(saliency, human),
            "auprc": eraser.auprc(saliency, human),
            "best_f1": rationale.best_f1(saliency, human),
            "token_f1": eraser.token_f1(mask, human),
            "best_mae": rationale.best_mae(saliency, human, thresholds=thresholds),
        }
    sufficient, comprehensive = eraser.aopc(predict, saliency)
    return scores | {
        "sparsity": rationale.sparsity(mask),
        "words": float(np.count_nonzero(mask)),
        "sufficiency": rationale.sufficiency(predict, mask),
        "comprehensiveness": rationale.comprehensiveness(predict, mask),
        "aopc_sufficiency": sufficient,
        "aopc_comprehensiveness": comprehensive,
    }
