"""Sufficient input subsets of image windows, several removed a gradient."""

from __future__ import annotations

import math

import keras
import numpy as np

from smug.attribution.gradients import gradients_and_scores
from smug.attribution.inputs import checked
from smug.attribution.removed import replacement_at
from smug.attribution.scores import goal
from smug.errors import SmugError
from smug.limits import check_number
from smug.masks.encode import expand_mask, mask_grid
from smug.models import rewire
from smug.models.axes import Axes, axes_of

# Of the earlier gradients' evidence, kept at each step. One gradient alone says little of what
# stays when hundreds of windows go at once.
_MEMORY = 0.95


@checked
def image_sis(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    *,
    keep: float = 0.9,
    window: int = 4,
    share: float = 0.1,
    replacement: str | float | np.ndarray = "zero",
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """First sufficient input subset of each image (Carter et al. 2019), gradient-batched.

    The plain backward selection asks the network about every remaining window before it removes
    one, thousands of calls times thousands of windows. As in the batched variant of Carter et al.
    (2021, "Overinterpretation"), one gradient with respect to the windows' mask ranks them all,
    and a share of those left is removed at once; the last ones go one by one. The subset is the
    smallest of the steps on the way whose image alone keeps the score.

    Two things differ from that variant, without which the first step on a photograph loses the
    class for good: windows are ranked by a fading sum of the gradients so far, each of length 1,
    and a window that went comes back where the sum asks for it. So only the number of windows
    shrinks with every step.

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray, shape (batch, ...)
        Images, series or volumes of floats, with their channels on any axis or without.
    target : numpy.ndarray of int, shape (batch,)
        Class whose score is kept; a model with one output keeps that output.
    keep : float
        Share of the score that the subset alone has to keep, see
        :func:`smug.attribution.scores.goal`: of the whole image's probability, or of the
        distance between the scores of the whole image and of an image with nothing left.
    window : int
        Side of a window in pixels (steps of a series).
    share : float
        Share of the windows left by which their number falls after each gradient.
    replacement : {"zero", "mean", "blur"}, float or numpy.ndarray
        What a removed pixel becomes, see :func:`~smug.masks.replacement.replacement_of`.

    Returns
    -------
    values : numpy.ndarray of float64, shape ``(batch, *positions)``
        In the subset: order of the windows' last removal, the last one 1; 0 outside.
    mask : numpy.ndarray of bool, shape ``(batch, *positions)``
        The subset.
    solver : dict
        Empty: nothing is proven.

    Raises
    ------
    SmugError
        Settings out of range, or inputs that are not images.
    """
    check_number("keep", keep)
    check_number("share", share)
    axes = axes_of(model, x)
    shape = axes.shape(x)
    if x.ndim == 2 or x.dtype.kind != "f":
        raise SmugError(
            f"image_sis explains images, series and volumes of floats; the input has shape "
            f"{x.shape} and type {x.dtype}: use sis"
        )
    pairs = []
    for i in range(len(x)):
        one = slice(i, i + 1)
        instead = replacement_at(axes, x[one], replacement)
        pairs.append(_first_subset(model, axes, x[one], instead, target[one], keep, window, share))
    values = [value for value, _ in pairs]
    masks = np.array([mask for _, mask in pairs], bool).reshape(len(x), *shape)
    return np.array(values, float).reshape(len(x), *shape), masks, {}


def _first_subset(
    model: keras.Model,
    axes: Axes,
    x: np.ndarray,
    instead: np.ndarray,
    target: np.ndarray,
    keep: float,
    window: int,
    share: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Remove windows until none is left; values and mask of the smallest sufficient step."""
    spatial = axes.shape(x)
    grid = mask_grid(spatial, window)
    present = smallest = np.ones(math.prod(grid), bool)
    evidence, order = np.zeros(present.size), np.zeros(present.size)
    whole, nothing = rewire.outputs_of(model, np.concatenate([x, instead]))
    wanted, step = goal(whole, nothing, target[0], keep), 0
    while present.any():
        shown = _shown(x, instead, axes, present, grid, window)
        gradient, score = gradients_and_scores(model, shown, target)
        if wanted.reached(score[0]):
            smallest = present
        gains = wanted.side * _gains(axes.to_last(gradient * (x - instead)), window)
        evidence = _MEMORY * evidence + _unit(gains)
        left = np.count_nonzero(present)
        ranked = np.argsort(evidence, kind="stable")
        stays = np.zeros_like(present)
        stays[ranked[present.size - left + max(1, math.floor(share * left)) :]] = True
        gone = ranked[(present & ~stays)[ranked]]
        order[gone] = step + np.arange(1, len(gone) + 1) / len(gone)
        present, step = stays, step + 1
    mask = expand_mask(smallest.reshape(grid), spatial, window)
    rank = expand_mask((order / step).reshape(grid), spatial, window)
    return np.where(mask, rank, 0.0), mask


def _gains(pixels: np.ndarray, window: int) -> np.ndarray:
    """Sum the gains of the pixels of one image, shape (1, *positions, channels), by window."""
    gains = pixels[0].sum(axis=-1, dtype=np.float64)
    for axis, side in enumerate(gains.shape):
        gains = np.add.reduceat(gains, np.arange(0, side, window), axis)
    return gains.ravel()


def _unit(gains: np.ndarray) -> np.ndarray:
    """Length 1, whatever the probability that the gradient scales with; no gain stays 0."""
    # By the largest first: the square of a lost class's gradient underflows.
    largest = np.abs(gains).max()
    return gains / largest / np.linalg.norm(gains / largest) if largest else gains


def _shown(
    x: np.ndarray,
    instead: np.ndarray,
    axes: Axes,
    present: np.ndarray,
    grid: tuple[int, ...],
    window: int,
) -> np.ndarray:
    kept = expand_mask(present.reshape(grid), axes.shape(x), window)
    return np.where(axes.from_last(kept[np.newaxis, ..., np.newaxis]), x, instead)
