"""Measures of a map against the region that a human marked: boxes, masks, words."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from smug.limits import NOT_NEGATIVE, check_range
from smug.metrics.maps import checked_maps, regions

#: Pixels that the field lets the maximum miss the box by (Zhang et al. 2016).
TOLERANCE = 15.0


def pointing_game(saliency: Any, where: Any, *, tolerance: float = TOLERANCE) -> np.ndarray:
    """Hits of the map's maximum in the region (Zhang et al. 2016, "Top-down neural attention").

    Parameters
    ----------
    saliency : array-like, shape (batch, height, width) or (batch, words)
        Maps of any method, high where the class is.
    where : array-like
        Boxes, shape (batch, 4), or masks, shaped as the maps, see
        :func:`smug.metrics.maps.regions`.
    tolerance : float
        Distance in pixels (words), from the centre of a pixel to the next one of the region, at
        which the maximum still hits; 15 is the usual one for photographs, 0 is the strict game.

    Returns
    -------
    numpy.ndarray of float64, shape (batch,)
        1 for a hit, 0 for a miss, higher is better; NaN without a region. Of several equal maxima
        it is the share that hits, the chance of one of them drawn at random; Quantus 0.6 counts
        them as a hit if one hits, so that a map that is the same everywhere always wins there.

    Raises
    ------
    SmugError
        Shapes that do not fit, values that are no finite numbers, a tolerance below 0.
    """
    check_range(tolerance, NOT_NEGATIVE, "tolerance")
    maps = checked_maps(saliency)
    hit = np.full(len(maps), np.nan)
    for i, (one, inside) in enumerate(zip(maps, regions(where, maps.shape), strict=True)):
        if inside.any():
            near = ndimage.distance_transform_edt(~inside) <= tolerance
            hit[i] = near[one == one.max()].mean()
    return hit


def relevance_mass_accuracy(saliency: Any, where: Any) -> np.ndarray:
    """Share of the positive scores that lies in the region (Arras et al. 2022, CLEVR-XAI).

    Parameters
    ----------
    saliency, where
        See :func:`pointing_game`. Negative scores count as 0, the paper's pooling of positive
        relevance; Quantus 0.6 sums them with their sign, so that its value leaves [0, 1] and its
        denominator may vanish.

    Returns
    -------
    numpy.ndarray of float64, shape (batch,)
        In [0, 1], higher is better; NaN without a region, or where no score is positive.

    Raises
    ------
    SmugError
        Shapes that do not fit, values that are no finite numbers.
    """
    maps = np.maximum(checked_maps(saliency).astype(np.float64), 0)
    inside = regions(where, maps.shape)
    axes = tuple(range(1, maps.ndim))
    total = maps.sum(axis=axes)
    known = inside.any(axis=axes) & (total > 0)
    return np.where(known, (maps * inside).sum(axis=axes) / np.where(known, total, 1), np.nan)


def relevance_rank_accuracy(saliency: Any, where: Any) -> np.ndarray:
    """Share of the highest scores that lies in the region, as many as it has positions.

    Arras et al. (2022, CLEVR-XAI).

    Parameters
    ----------
    saliency, where
        See :func:`pointing_game`; only the order of the scores counts.

    Returns
    -------
    numpy.ndarray of float64, shape (batch,)
        In [0, 1], higher is better; NaN without a region. Of equal scores at the limit, some of
        which are among the highest, each counts alike; in Quantus 0.6 the sorting routine decides.

    Raises
    ------
    SmugError
        Shapes that do not fit, values that are no finite numbers.
    """
    maps = checked_maps(saliency)
    share = np.full(len(maps), np.nan)
    for i, (one, inside) in enumerate(zip(maps, regions(where, maps.shape), strict=True)):
        count = np.count_nonzero(inside)
        if count:
            least = np.partition(one, one.size - count, axis=None)[one.size - count]
            above, equal = one > least, one == least
            left = count - np.count_nonzero(above)
            hits = np.count_nonzero(inside & above) + left * inside[equal].mean()
            share[i] = hits / count
    return share
