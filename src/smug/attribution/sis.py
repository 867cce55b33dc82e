"""Sufficient input subsets of words, features or the pixels of small images, for any model."""

from __future__ import annotations

import keras
import numpy as np

from smug.attribution.back_selection import Masked
from smug.attribution.gradients import masking_site
from smug.attribution.inputs import checked, word_padding
from smug.attribution.removed import replacement_at
from smug.attribution.scores import class_scores, goal
from smug.attribution.sufficient_subsets import Order, Subset, collect, ranked
from smug.errors import SmugError
from smug.limits import check_number
from smug.models.axes import axes_of, axes_of_layer
from smug.models.batches import Batches

#: Positions beyond which the search, n² / 2 runs of the model for each subset, is refused: volumes
#: of 16³ and images of 64 x 64 are searched.
MOST_POSITIONS = 4096


@checked
def sis(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    *,
    layer: keras.Layer | str | None = None,
    keep: float = 0.9,
    replacement: str | float | np.ndarray = "zero",
    ties: float = 0.0,
    limit: int | None = 100,
    batch_size: int | str = 128,
    pad_id: int | None = 0,
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """All disjoint sufficient input subsets of each input (Carter et al. 2019).

    Words are masked by their embedding, as SMUG masks them; pixels and features by their value.

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray, shape (batch, ...)
    target : numpy.ndarray of int, shape (batch,)
        Class whose score is kept; a model with one output keeps that output.
    layer : keras.layers.Layer or str, optional
        Mask the output of this layer (or the layer of this name) instead: by default the
        embeddings of a model on words, else the input.
    keep : float
        Share of the score that a subset alone has to keep, see
        :func:`smug.attribution.scores.goal`: of the whole input's probability, or of the
        distance between the scores of the whole input and of an input with nothing left.
    replacement : {"zero", "mean", "blur"}, float or numpy.ndarray
        What a masked word's embedding, feature or pixel becomes; see
        :func:`~smug.masks.replacement.replacement_of`.
    ties
        See :func:`smug.attribution.sufficient_subsets.sufficient_subsets`.
    limit : int, optional
        Number of subsets after which the search stops; None: it finds all.
    batch_size : int or "auto"
        Inputs that the network sees at once; halved where memory is not enough. ``auto``: see
        :class:`smug.models.batches.Batches`.
    pad_id : int, optional
        For models on words: the id of padding words, never masked.

    Returns
    -------
    values : numpy.ndarray of float64, shape (batch, *spatial)
        1 in the first subset, falling evenly to 0 outside all of them.
    mask : numpy.ndarray of bool, shape (batch, *spatial)
        The first subset.
    solver : dict
        Empty: nothing is proven.

    Raises
    ------
    SmugError
        Settings out of range, too many positions, or an input of padding only.
    """
    for name, value in (("keep", keep), ("ties", ties)):
        check_number(name, value)
    batches = Batches(batch_size)
    site, points = masking_site(model, x, layer)
    axes = axes_of(model, x) if site is None else axes_of_layer(site, points)
    spatial = axes.shape(points)
    words = site is not None and x.shape[1:] == spatial
    maskable = ~word_padding(x, spatial, pad_id if words else None)
    values, masks = np.zeros((len(x), *spatial)), np.zeros((len(x), *spatial), bool)
    for i in range(len(x)):
        _check_positions(maskable[i])
        one = slice(i, i + 1)
        instead = replacement_at(axes, points[one], replacement, maskable[i])
        masked = Masked(model, site, axes, x[one], points[one], instead, maskable[i].ravel())
        subsets = _subsets(masked, int(target[i]), keep, ties, limit, batches)
        values[i] = ranked(subsets, maskable[i].size).reshape(spatial)
        if subsets:
            masks[i] = subsets[0].mask(maskable[i].size).reshape(spatial)
    return values, masks, {}


def _subsets(
    masked: Masked, target: int, keep: float, ties: float, limit: int | None, batches: Batches
) -> list[Subset]:
    """Subsets of one input, the same as those of the plain loop of ``sufficient_subsets``."""
    none = np.zeros_like(masked.maskable)
    whole, empty = (masked.outputs(mask[np.newaxis])[0] for mask in (masked.maskable, none))
    wanted = goal(whole, empty, target, keep)

    def signed_score(present: np.ndarray) -> float:
        return wanted.side * float(class_scores(masked.outputs(present[np.newaxis]), target)[0])

    def back_select(present: np.ndarray) -> Order:
        def run(batch: int) -> Order:
            return masked.back_select(present, target, side=wanted.side, ties=ties, batch=batch)

        return batches.whole(run)

    return collect(signed_score, back_select, masked.maskable, wanted.side * wanted.level, limit)


def _check_positions(maskable: np.ndarray) -> None:
    count = np.count_nonzero(maskable)
    if count > MOST_POSITIONS:
        raise SmugError(
            f"sis would run the model some {count**2 // 2:,} times for each subset of {count} "
            f"positions, and takes {MOST_POSITIONS} at most; use image_sis, which removes windows "
            "by their gradients"
        )
