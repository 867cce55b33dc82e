"""Values that a removed pixel, word or feature takes: zero, a mean, a blur, or given ones."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from smug.errors import SmugError
from smug.limits import check_name
from smug.masks.linear import LinearMap

#: Standard deviation of the blur as a share of the image's longer side, as the insertion curve has
#: it (:mod:`smug.metrics.curves`).
BLUR = 0.05


def replacement_of(
    layer: LinearMap, x: np.ndarray, padding: np.ndarray, replacement: str | np.ndarray
) -> np.ndarray | None:
    """Values that removed positions of one input hold; None stands for zeros.

    Parameters
    ----------
    layer : LinearMap
    x : numpy.ndarray
        The one tensor that masks act on: image, word embeddings or flat vector.
    padding : numpy.ndarray of bool, shape ``layer.spatial``
        Positions that are never masked; they take no part in a mean.
    replacement : {"zero", "mean", "blur"} or numpy.ndarray
        ``zero``: 0 in the tensor (the paper's choice). ``mean``: the mean over its positions,
        channel by channel: the mean colour, the mean embedding of the words. ``blur``: the image,
        blurred. An array holds the values themselves: one input, or one value (a colour, an
        embedding) for every position.

    Returns
    -------
    numpy.ndarray of float64, shaped like `x`, or None

    Raises
    ------
    SmugError
        Unknown name, a blur of something that is no image, an array that does not fit, or
        channels that do not come last.
    """
    x = np.asarray(x, np.float64)
    if not isinstance(replacement, str):
        return _given(layer, x, replacement)
    check_name("replacement", replacement)
    if replacement == "zero":
        return None
    values = _by_position(layer, x)
    if values is None:
        raise SmugError(
            f"replacement={replacement!r} needs channels last, the tensor that masks act on has "
            f"shape {x.shape}; allowed: zero, or an array of that shape"
        )
    if replacement == "mean":
        counted = _counted(layer, values, padding)
        return np.broadcast_to(values[counted].mean(axis=0), values.shape).reshape(x.shape)
    if len(layer.spatial) != 2:
        raise SmugError(
            f"replacement='blur' needs an image, layer {layer.name!r} sees positions of shape "
            f"{layer.spatial}; allowed: zero, mean, an array"
        )
    sigma = BLUR * max(values.shape[:2])
    blurred = ndimage.gaussian_filter(values, (sigma, sigma, 0), mode="nearest")
    return blurred.reshape(x.shape)


def _by_position(layer: LinearMap, x: np.ndarray) -> np.ndarray | None:
    """An input as (*positions, channels), a view; None where it is laid out otherwise."""
    if layer.origin is None or layer.origin.mixing is None:
        return x.reshape(*layer.inner, layer.channels)
    return x.reshape(*layer.spatial, -1) if x.shape[: len(layer.spatial)] == layer.spatial else None


def _counted(layer: LinearMap, values: np.ndarray, padding: np.ndarray) -> np.ndarray:
    """Positions that hold input, padding and borders of constants left out."""
    if layer.origin is None or layer.origin.mixing is not None:
        return ~padding
    position = layer.origin.position.reshape(values.shape)[..., 0]
    return (position >= 0) & ~padding.ravel()[position]


def _given(layer: LinearMap, x: np.ndarray, values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, np.float64)
    grid = _by_position(layer, x)
    if not np.isfinite(values).all():
        raise SmugError("replacement holds NaN or infinite values; give finite ones")
    if values.shape == x.shape or not values.shape:
        return np.broadcast_to(values, x.shape)
    if grid is not None and values.shape == grid.shape[-1:]:
        return np.broadcast_to(values, grid.shape).reshape(x.shape)
    raise SmugError(
        f"replacement has shape {values.shape}; layer {layer.name!r} needs one input, shape "
        f"{x.shape}, or one value a channel, shape ({layer.channels},)"
    )
