"""Values that a removed pixel, word or feature takes: zero, a mean, a blur, or given ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from smug.errors import SmugError
from smug.limits import check_name
from smug.masks.linear import LinearMap

#: Standard deviation of the blur as a share of the image's longer side.
BLUR = 0.05


@dataclass(frozen=True)
class Layout:
    """Way from one input to the same values as ``(*positions, channels)``, and back.

    Parameters
    ----------
    to_grid, from_grid : callable
    """

    to_grid: Callable[[np.ndarray], np.ndarray]
    from_grid: Callable[[np.ndarray], np.ndarray]

    @classmethod
    def reshaped(cls, shape: tuple[int, ...], grid: tuple[int, ...]) -> Layout:
        """Layout of inputs whose values stand in the order of the positions already."""
        return cls(lambda x: x.reshape(grid), lambda x: x.reshape(shape))

    @classmethod
    def channels_first(cls) -> Layout:
        """Layout of inputs whose channels stand before their positions."""
        return cls(lambda x: np.moveaxis(x, 0, -1), lambda x: np.moveaxis(x, -1, 0))


def replacement_values(
    x: np.ndarray,
    layout: Layout | None,
    replacement: str | float | np.ndarray,
    *,
    counted: np.ndarray | None = None,
    what: str = "the input",
) -> np.ndarray:
    """Values that removed positions of one input hold, whatever the input is.

    Parameters
    ----------
    x : numpy.ndarray
        One input: the tensor whose positions are removed.
    layout : Layout, optional
        None where channels have no axis of their own: then zeros and whole arrays only.
    replacement : {"zero", "mean", "blur"}, float or numpy.ndarray
        See :func:`replacement_of`.
    counted : numpy.ndarray of bool, shape (*positions,), optional
        Positions that take part in a mean; all by default.
    what : str
        Name of the input, for messages.

    Returns
    -------
    numpy.ndarray of float64, shaped like `x`

    Raises
    ------
    SmugError
        See :func:`replacement_of`.
    """
    x = np.asarray(x, np.float64)
    if not isinstance(replacement, str):
        return _given(x, layout, replacement, what)
    check_name("replacement", replacement)
    if replacement == "zero":
        return np.zeros_like(x)
    if layout is None:
        raise SmugError(
            f"replacement={replacement!r} needs channels on an axis of their own, {what} has "
            f"shape {x.shape}; allowed: zero, or an array of that shape"
        )
    grid = layout.to_grid(x)
    if replacement == "blur":
        if grid.ndim not in (3, 4):
            raise SmugError(
                f"replacement='blur' needs an image or a volume, {what} has positions of shape "
                f"{grid.shape[:-1]}; allowed: zero, mean, an array"
            )
        return layout.from_grid(blurred(grid[np.newaxis])[0])
    if grid.ndim == 2 and x.ndim == 1:
        raise SmugError(
            f"replacement='mean' would mix the {len(x)} columns of {what}; give a value for each, "
            "such as its mean in your data, replacement=data.mean(axis=0), or one number for all"
        )
    if counted is None:
        counted = np.ones(grid.shape[:-1], bool)
    return layout.from_grid(np.broadcast_to(grid[counted].mean(axis=0), grid.shape))


def replacement_of(
    layer: LinearMap,
    x: np.ndarray,
    padding: np.ndarray,
    replacement: str | float | np.ndarray,
) -> np.ndarray | None:
    """Values that removed positions of one input hold; None stands for zeros.

    Parameters
    ----------
    layer : LinearMap
    x : numpy.ndarray
        The one tensor that masks act on: image, word embeddings or flat vector.
    padding : numpy.ndarray of bool, shape ``layer.spatial``
        Positions that are never masked; they take no part in a mean.
    replacement : {"zero", "mean", "blur"}, float or numpy.ndarray
        ``zero``: 0 in the tensor (the paper's choice). ``mean``: the mean over its positions,
        channel by channel: the mean colour, the mean embedding of the words. ``blur``: the image
        or volume, blurred. A number or an array holds the values themselves: one input (such as
        the mean of every column of a table), or one value (a colour, an embedding) for every
        position.

    Returns
    -------
    numpy.ndarray of float64, shaped like `x`, or None

    Raises
    ------
    SmugError
        Unknown name, a blur of something that is no image or volume, a mean over the columns of a
        table, an array that does not fit, or channels without an axis of their own.
    """
    if isinstance(replacement, str) and replacement == "zero":
        return None
    x = np.asarray(x, np.float64)
    layout = _layout(layer, x)
    counted = None if layout is None else _counted(layer, layout.to_grid(x).shape[:-1], padding)
    what = f"the input of layer {layer.name!r}"
    return replacement_values(x, layout, replacement, counted=counted, what=what)


def replaced_images(
    x: np.ndarray, replacement: str | float | np.ndarray, *, axes: int = 2
) -> np.ndarray:
    """Images, or other inputs, of which every position is removed.

    Parameters
    ----------
    x : numpy.ndarray of float, shape (batch, height, width[, channels])
    replacement : {"zero", "mean", "blur"}, float or numpy.ndarray
        See :func:`replacement_of`; an array is one image or one colour, the same for all.
    axes : int
        Axes of an input that are positions, where it is no image: 1 of words as embeddings, or of
        the columns of a table.

    Returns
    -------
    numpy.ndarray, of the shape and type of `x`
    """
    x = np.asarray(x)
    made = np.empty_like(x)
    layout = Layout.reshaped(x.shape[1:], (*x.shape[1 : axes + 1], -1))
    what = "an image" if axes == 2 else "an input"
    for image, one in zip(made, x, strict=True):
        image[...] = replacement_values(one, layout, replacement, what=what)
    return made


def replaced_word(words: np.ndarray, replacement: str | float | np.ndarray) -> np.ndarray:
    """Embedding that a removed word takes, the same for all words.

    Parameters
    ----------
    words : numpy.ndarray, shape (n, d)
        Embeddings of a text's words, without its padding.
    replacement : {"zero", "mean"}, float or numpy.ndarray, shape (d,)
        See :func:`replacement_of`.

    Returns
    -------
    numpy.ndarray of float64, shape (d,)

    Raises
    ------
    SmugError
        See :func:`replacement_of`; also for words that become different embeddings.
    """
    words = np.asarray(words)
    layout = Layout.reshaped(words.shape, words.shape)
    made = replacement_values(words, layout, replacement, what="a text")
    if (made != made[-1]).any():
        raise SmugError(
            f"replacement gives the words different embeddings; give one, shape ({words.shape[1]},)"
        )
    return made[-1]


def blurred(x: np.ndarray, blur: float = BLUR) -> np.ndarray:
    """Gaussian blur of images, channel by channel; of volumes, too.

    Parameters
    ----------
    x : numpy.ndarray, shape (batch, height, width[, channels]) or (batch, d, h, w, channels)
    blur : float
        Standard deviation as a share of the longest side.
    """
    from scipy import ndimage  # an eighth of the time that a job of solve_masks takes to start

    sides = x.shape[1:4] if x.ndim == 5 else x.shape[1:3]
    sigma = (0.0, *(blur * max(sides) for _ in sides), 0.0)[: x.ndim]
    return ndimage.gaussian_filter(x, sigma, mode="nearest")


def _layout(layer: LinearMap, x: np.ndarray) -> Layout | None:
    own = layer.origin is None or layer.origin.mixing is None
    if layer.channels_first and x.shape[1:] == (layer.inner if own else layer.spatial):
        return Layout.channels_first()
    if own:
        return Layout.reshaped(x.shape, (*layer.inner, layer.channels))
    if x.shape[: len(layer.spatial)] == layer.spatial:
        return Layout.reshaped(x.shape, (*layer.spatial, -1))
    return None


def _counted(layer: LinearMap, positions: tuple[int, ...], padding: np.ndarray) -> np.ndarray:
    """Positions that hold input, padding and borders of constants left out."""
    if layer.origin is None or layer.origin.mixing is not None:
        return ~padding
    elements = layer.elements_at(np.arange(int(np.prod(positions))))
    position = layer.origin.position[elements[:, 0]].reshape(positions)
    return (position >= 0) & ~padding.ravel()[position]


def _given(
    x: np.ndarray, layout: Layout | None, values: float | np.ndarray, what: str
) -> np.ndarray:
    values = np.asarray(values, np.float64)
    if not np.isfinite(values).all():
        raise SmugError("replacement holds NaN or infinite values; give finite ones")
    if values.shape == x.shape or not values.shape:
        return np.broadcast_to(values, x.shape)
    channels = 0
    if layout is not None:
        grid = layout.to_grid(x).shape
        channels = grid[-1]
        if values.shape == (channels,):
            return layout.from_grid(np.broadcast_to(values, grid))
    one = f", or one value a channel, shape ({channels},)" if channels else ""
    raise SmugError(
        f"replacement has shape {values.shape}; {what} needs one input, shape {x.shape}{one}"
    )
