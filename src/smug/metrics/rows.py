"""Measures of maps and masks on rows of a table and on series."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from smug.masks.saliency import sparsity
from smug.metrics import curves
from smug.metrics.images import MethodMaps, kept_probability


def as_pictures(model: keras.Model) -> keras.Model:
    """The same network on pictures one pixel high, (batch, 1, steps[, channels]).

    Each feature or step is a pixel of such a picture: measures of images take it as it is.
    """
    shape = tuple(model.input_shape[1:])
    pictures = keras.Input((1, *shape))
    return keras.Model(pictures, model(keras.layers.Reshape(shape)(pictures)))


def score_rows(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    method: MethodMaps,
    *,
    curve_steps: int,
    replacement: str = "zero",
) -> Iterator[tuple[str, np.ndarray]]:
    """Measure the maps of one method; missing where it failed.

    Parameters
    ----------
    model : keras.Model
        Of :func:`as_pictures`.
    x : numpy.ndarray, shape (n, features) or (n, steps, channels)
        As the network gets them.
    target : numpy.ndarray of int64, shape (n,)
    method : MethodMaps
        With maps and masks of shape (n, features) or (n, steps).
    curve_steps, replacement
        See :func:`smug.metrics.images.score_maps`.

    Yields
    ------
    metric : str
    values : numpy.ndarray of float64, shape (n,)
    """

    def spread(values: np.ndarray) -> np.ndarray:
        everywhere = np.full(len(method.made), np.nan)
        everywhere[method.made] = values
        return everywhere

    pictures, classes = x[method.made][:, np.newaxis], target[method.made]
    maps = method.maps[method.made][:, np.newaxis]
    if method.masks is not None:
        masks = method.masks[method.made][:, np.newaxis]
        yield "sparsity", spread(sparsity(masks))
        kept, removed, whole = (
            kept_probability(model, pictures, classes, some, replacement)
            for some in (masks, ~masks, np.ones_like(masks))
        )
        yield "sufficiency", spread(kept)
        yield "comprehensiveness", spread(whole - removed)
    for curve in (curves.insertion, curves.deletion):
        made = curve(model, pictures, classes, maps, replacement=replacement, steps=curve_steps)
        yield curve.__name__, spread(made.area)
    yield "seconds", np.where(method.made, method.seconds, np.nan)
