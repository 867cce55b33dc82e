"""Sufficient input subsets of image windows, several removed a gradient."""

from __future__ import annotations

import math

import keras
import numpy as np

from smug.attribution.gradients import check_target, gradients_and_scores
from smug.errors import SmugError
from smug.masks.encode import expand_mask, mask_grid
from smug.models import rewire


def image_sis(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    *,
    keep: float = 0.9,
    window: int = 4,
    share: float = 0.1,
    fill: float = 0.0,
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """First sufficient input subset of each image (Carter et al. 2019), gradient-batched.

    The plain backward selection asks the network about every remaining window before it removes
    one, thousands of calls times thousands of windows. As in the batched variant of Carter et al.
    (2021, "Overinterpretation"), one gradient with respect to the windows' mask ranks them all,
    and a share of those left is removed at once; the last ones go one by one. The subset is the
    smallest of the steps on the way whose image alone keeps the probability.

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray, shape (batch, height, width[, channels])
    target : numpy.ndarray of int, shape (batch,)
    keep : float
        Share of the whole image's probability that the subset alone has to reach.
    window : int
        Side of a window in pixels.
    share : float
        Of the windows left, removed after each gradient.
    fill : float
        Value of a removed pixel.

    Returns
    -------
    values : numpy.ndarray of float64, shape (batch, height, width)
        In the subset: order of removal as a share of all windows, the last one 1; 0 outside.
    mask : numpy.ndarray of bool, shape (batch, height, width)
        The subset.
    solver : dict
        Empty: nothing is proven.

    Raises
    ------
    SmugError
        Settings out of range, or inputs that are not images.
    """
    if not 0 < keep <= 1 or not 0 < share < 1:
        raise SmugError(f"keep={keep}, share={share}; allowed: 0 < keep <= 1, 0 < share < 1")
    x = rewire.as_batch(model, x).numpy()
    if x.ndim not in (3, 4):
        raise SmugError(f"image_sis explains images; the input has shape {x.shape}")
    target = check_target(model, target, len(x)).numpy()
    pairs = [
        _first_subset(model, x[i : i + 1], target[i : i + 1], keep, window, share, fill)
        for i in range(len(x))
    ]
    values = [value for value, _ in pairs]
    shape = (len(x), *x.shape[1:3])
    masks = np.array([mask for _, mask in pairs], bool).reshape(shape)
    return np.array(values, float).reshape(shape), masks, {}


def _first_subset(model, x, target, keep, window, share, fill) -> tuple[np.ndarray, np.ndarray]:
    """Remove windows until none is left; values and mask of the smallest sufficient step."""
    spatial = x.shape[1:3]
    rows, columns = mask_grid(spatial, window)
    order = np.zeros(rows * columns)  # step at which each window went
    present = np.ones(rows * columns, bool)
    whole = gradients_and_scores(model, x, target)[1][0]
    smallest = present.copy()
    starts = [np.arange(0, side, window) for side in spatial]
    removed = 0
    while present.any():
        shown = _shown(x, present, (rows, columns), window, fill)
        gradient, score = gradients_and_scores(model, shown, target)
        if score[0] >= keep * whole:
            smallest = present.copy()
        pixels = (gradient * (x - fill)).reshape(*spatial, -1).sum(axis=-1, dtype=np.float64)
        gain = np.add.reduceat(np.add.reduceat(pixels, starts[0], 0), starts[1], 1).ravel()
        left = np.flatnonzero(present)
        count = max(1, math.floor(share * len(left)))
        gone = left[np.argsort(gain[left], kind="stable")[:count]]
        present[gone] = False
        order[gone] = removed + np.arange(1, count + 1)
        removed += count
    mask = expand_mask(smallest.reshape(rows, columns), spatial, window)
    rank = expand_mask((order / len(order)).reshape(rows, columns), spatial, window)
    return np.where(mask, rank, 0.0), mask


def _shown(x, present, grid, window, fill) -> np.ndarray:
    kept = expand_mask(present.reshape(grid), x.shape[1:3], window)
    return np.where(kept.reshape(1, *kept.shape, *(1,) * (x.ndim - 3)), x, np.float32(fill))
