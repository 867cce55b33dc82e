"""Maps of any method as the measures take them: checked, ranked, their regions as masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from smug.errors import SmugError


def checked_maps(saliency: Any, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Check maps, one an input.

    Parameters
    ----------
    saliency : array-like, shape ``(batch, *positions)``
        From any library; NumPy arrays, tensors, lists.
    shape : tuple of int, optional
        The shape that they must have.

    Returns
    -------
    numpy.ndarray
        Of the type given; integers and truth values as float64.

    Raises
    ------
    SmugError
        Another shape, or values that are no finite numbers.
    """
    maps = np.asarray(saliency)
    if maps.dtype.kind not in "biuf":
        raise SmugError(f"saliency maps are of type {maps.dtype}; give an array of numbers")
    if shape is not None and maps.shape != tuple(shape):
        raise SmugError(
            f"saliency maps have shape {maps.shape}; expected {tuple(shape)}: sum over the "
            "channels of maps that have some, such as maps.sum(axis=-1)"
        )
    if maps.ndim < 2:
        raise SmugError(
            f"saliency maps have shape {maps.shape}; expected a batch of maps, such as (batch, "
            "height, width) or (batch, words)"
        )
    if not np.isfinite(maps).all():
        raise SmugError("a saliency map holds NaN or infinite values; check its method")
    return maps if maps.dtype.kind == "f" else maps.astype(np.float64)


def ranks(saliency: Any, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Rank of each position, 0 the most salient; equals in random order, the same for all maps.

    Parameters
    ----------
    saliency : array-like, shape ``(batch, *positions)``
    shape : tuple of int
        The shape that they must have.
    seed : int
        Decides the order of equals.

    Returns
    -------
    numpy.ndarray of int64, shape ``(batch, *positions)``
    """
    maps = checked_maps(saliency, shape)
    flat = maps.reshape(len(maps), -1)
    tie = np.random.default_rng(seed).permutation(flat.shape[1])
    found = np.empty(flat.shape, np.int64)
    for row, values in zip(found, flat, strict=True):
        row[np.lexsort((tie, -values))] = np.arange(len(values))
    return found.reshape(maps.shape)


def regions(where: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Regions that maps are held against, as masks.

    Parameters
    ----------
    where : array-like
        Boxes, shape (batch, 4): edges ``x1, y1, x2, y2`` in pixels, widened to whole pixels and cut
        at the image's edge, NaN for an image without one. Or masks, shaped as the maps, of
        booleans or of zeros and ones.
    shape : tuple of int
        Shape of the maps, ``(batch, *positions)``.

    Returns
    -------
    numpy.ndarray of bool, shape ``(batch, *positions)``
        Nothing is True where there is no box.

    Raises
    ------
    SmugError
        Neither of them.
    """
    where = np.asarray(where)
    if where.shape == tuple(shape) and (where.dtype == bool or np.isin(where, (0, 1)).all()):
        return where.astype(bool)
    if where.shape != (shape[0], 4) or len(shape) != 3:
        raise SmugError(
            f"the regions have shape {where.shape} and type {where.dtype}, the maps shape "
            f"{tuple(shape)}; give masks of that shape, or for images boxes x1, y1, x2, y2, shape "
            f"({shape[0]}, 4)"
        )
    boxes = where.astype(np.float64)
    x1, y1, x2, y2 = (edge[:, np.newaxis, np.newaxis] for edge in boxes.T)
    down, across = np.ogrid[: shape[1], : shape[2]]
    # Comparisons with NaN are False: no box, no pixel.
    return (across + 1 > x1) & (across < x2) & (down + 1 > y1) & (down < y2)
