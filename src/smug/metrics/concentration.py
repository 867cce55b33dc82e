"""Measures of how few positions a map is spread over."""

from __future__ import annotations

from typing import Any

import numpy as np

from smug.metrics.maps import checked_maps


def sparseness(saliency: Any) -> np.ndarray:
    """Gini index of the scores' magnitudes (Chalasani et al. 2020).

    Parameters
    ----------
    saliency : array-like, shape ``(batch, *positions)``
        Maps of any method.

    Returns
    -------
    numpy.ndarray of float64, shape (batch,)
        From 0 (all alike) to 1 - 1 / positions (one alone), higher is sparser; NaN for a map that
        is zero everywhere. Quantus 0.6 adds 1e-7 to every magnitude.

    Raises
    ------
    SmugError
        Values that are no finite numbers, no batch of maps.
    """
    sizes = np.sort(_magnitudes(saliency), axis=1)
    count = sizes.shape[1]
    total = sizes.sum(axis=1)
    weights = 2 * np.arange(1, count + 1) - count - 1
    return np.where(total > 0, sizes @ weights / (count * np.where(total > 0, total, 1)), np.nan)


def complexity(saliency: Any) -> np.ndarray:
    """Entropy of the scores' magnitudes as shares of their sum (Bhatt et al. 2020).

    Parameters
    ----------
    saliency : array-like, shape ``(batch, *positions)``
        Maps of any method.

    Returns
    -------
    numpy.ndarray of float64, shape (batch,)
        In nats, from 0 (one position alone) to the logarithm of their number (all alike), lower is
        simpler; NaN for a map that is zero everywhere. Quantus 0.6 adds 1e-12 to every share.

    Raises
    ------
    SmugError
        Values that are no finite numbers, no batch of maps.
    """
    sizes = _magnitudes(saliency)
    total = sizes.sum(axis=1, keepdims=True)
    shares = sizes / np.where(total > 0, total, 1)
    nats = -(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=1)
    return np.where(total[:, 0] > 0, nats, np.nan)


def _magnitudes(saliency: Any) -> np.ndarray:
    maps = checked_maps(saliency)
    return np.abs(maps.reshape(len(maps), -1).astype(np.float64))
