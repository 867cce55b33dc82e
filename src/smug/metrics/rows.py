"""Measures of maps and masks on rows of a table and on series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import keras
import numpy as np

from smug.metrics.images import MethodMaps, score_parts


def as_pictures(model: keras.Model) -> keras.Model:
    """The same network on pictures one pixel high, (batch, 1, steps[, channels]).

    Each feature or step is a pixel of such a picture: measures of images take it as it is.
    """
    shape = tuple(model.inputs[0].shape[1:])
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
    pictures = replace(
        method,
        maps=method.maps[:, np.newaxis],
        masks=None if method.masks is None else method.masks[:, np.newaxis],
    )
    yield from score_parts(
        model,
        x[method.made][:, np.newaxis],
        target[method.made],
        pictures,
        curve_steps=curve_steps,
        replacement=replacement,
    )
    yield "seconds", np.where(method.made, method.seconds, np.nan)
