"""Remove and debias (ROAD): pixels taken away so that their place tells the model nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import splu

from smug.attribution.targets import check_target
from smug.errors import SmugError
from smug.limits import NOT_NEGATIVE, check_range
from smug.metrics.curves import Curve
from smug.metrics.maps import ranks
from smug.metrics.removed import answers, on_channels
from smug.models.inputs import as_batch, of_type
from smug.models.precision import computed_in_float32

#: Shares of the pixels taken away.
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
#: Standard deviation of the noise, in the input's unit (Rong et al. 2022).
NOISE = 0.01
# Neighbours of a pixel, and what each counts in the mean that the pixel becomes.
_NEIGHBOURS = tuple(
    ((down, across), 1 / 6 if 0 in (down, across) else 1 / 12)
    for down in (-1, 0, 1)
    for across in (-1, 0, 1)
    if (down, across) != (0, 0)
)


@computed_in_float32
def road(
    model: keras.Model,
    x: Any,
    target: np.ndarray,
    saliency: Any,
    *,
    shares: tuple[float, ...] = SHARES,
    least_first: bool = False,
    noise: float = NOISE,
    seed: int = 0,
    batch_size: int | str = 16,
) -> tuple[Curve, Curve]:
    """Output and accuracy while pixels are taken away in the map's order (Rong et al. 2022, ROAD).

    A pixel that is taken away becomes the weighted mean of its neighbours, all of them solved for
    at once, plus noise: the shape of what was removed does not give the class away, as it does
    where pixels turn black.

    Parameters
    ----------
    model : keras.Model
    x : array-like, shape (batch, height, width[, channels])
        Preprocessed images.
    target : numpy.ndarray of int, shape (batch,)
    saliency : array-like, shape (batch, height, width)
        Maps of any method; only their order counts.
    shares : tuple of float
        Shares of the pixels taken away, each rounded down to whole pixels, rising, above 0 and
        below 1; Quantus 0.6 takes every second percent.
    least_first : bool
        Whether the least salient pixels go first (LeRF: the output should stay) and not the most
        salient ones (MoRF: it should fall).
    noise : float
        Standard deviation of the noise. An image has one draw of it, for every share and map.
    seed : int
        Draws the noise and the order of equally salient pixels.
    batch_size : int or "auto"
        Images a network call; memory does not grow with the number of shares.

    Returns
    -------
    score, correct : Curve
        ``x``: the shares. ``y``: the output of the target, and 1 where it is still the answer, else
        0; Quantus 0.6 answers the mean of the latter over the images. Most salient first lower is
        better, least salient first higher is.

    Raises
    ------
    SmugError
        Shapes that do not fit, shares out of order or range, a target that the model does not have.
    """
    x = as_batch(model, x)
    if x.ndim not in (3, 4):
        raise SmugError(f"inputs of shape {x.shape} are no images; road fills pixels in")
    rising = all(low < high for low, high in zip((0.0, *shares), (*shares, 1.0), strict=True))
    if not shares or not rising:
        raise SmugError(f"shares={shares} do not rise from above 0 to below 1; sort them")
    check_range(noise, NOT_NEGATIVE, "noise")
    rank = ranks(saliency, x.shape[:3], seed)
    check_target(model, target, len(x))
    if least_first:
        rank = rank[0].size - 1 - rank if len(rank) else rank
    score, correct = np.full((2, len(x), len(shares)), np.nan)
    for i, one in enumerate(x):
        # A share such as 0.29 of 100 pixels is 28.999... in floating point.
        counts = (int(share * rank[i].size + 1e-9) for share in shares)
        noises = noise * np.random.default_rng(seed).standard_normal(one.shape)
        frames = _imputed_frames(one, (rank[i] < count for count in counts), noises)
        score[i], correct[i] = answers(model, frames, int(target[i]), batch_size)
    shown = np.array(shares)
    return Curve(shown, score), Curve(shown, correct)


def imputed(one: np.ndarray, removed: np.ndarray) -> np.ndarray:
    """Image of which some pixels are the weighted means of their neighbours.

    Parameters
    ----------
    one : numpy.ndarray of float, shape (height, width[, channels])
    removed : numpy.ndarray of bool, shape (height, width)
        Pixels to fill in; not all of them.

    Returns
    -------
    numpy.ndarray of float64, shaped as `one`
        Each pixel filled in is the mean of those beside it (weight 1/6) and across its corners
        (1/12), as far as the image goes, whether they were filled in or not: the solution of one
        sparse linear system, the same for all channels.

    Raises
    ------
    SmugError
        Every pixel is to be filled in.
    """
    if removed.all():
        raise SmugError("every pixel of an image is removed; leave one to fill the others in from")
    made = np.array(one, np.float64)
    if not removed.any():
        return made
    values = made.reshape(*removed.shape, -1)
    unknown = np.full(removed.shape, -1)
    unknown[removed] = np.arange(np.count_nonzero(removed))
    count = int(unknown.max()) + 1
    total, known = np.zeros(count), np.zeros((count, values.shape[-1]))
    rows, columns, weights = [], [], []
    for step, weight in _NEIGHBOURS:
        here, there = _beside(removed.shape, step)
        row, column = unknown[here], unknown[there]
        total[row[row >= 0]] += weight
        both, edge = (row >= 0) & (column >= 0), (row >= 0) & (column < 0)
        rows.append(row[both])
        columns.append(column[both])
        weights.append(np.full(np.count_nonzero(both), -weight))
        known[row[edge]] += weight * values[there][edge]
    diagonal = np.arange(count)
    system = csc_matrix(
        (
            np.concatenate([*weights, total]),
            (np.concatenate([*rows, diagonal]), np.concatenate([*columns, diagonal])),
        ),
        shape=(count, count),
    )
    # Symmetric and diagonally dominant: no pivot is needed, and the factors stay sparse.
    factors = splu(
        system,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    values[removed] = factors.solve(known)
    return made


def _imputed_frames(
    one: np.ndarray, removed: Iterator[np.ndarray], noises: np.ndarray
) -> Iterator[np.ndarray]:
    for mask in removed:
        made = imputed(one, mask) + on_channels(mask, one) * noises
        yield of_type(one.dtype, made if one.dtype.kind == "f" else made.round(), "an image")


def _beside(shape: tuple[int, ...], step: tuple[int, int]) -> tuple[tuple[slice, ...], ...]:
    """Slices of the pixels that have a neighbour one step away, and of those neighbours."""
    here = tuple(
        slice(max(0, -move), size - max(0, move)) for move, size in zip(step, shape, strict=True)
    )
    there = tuple(
        slice(max(0, move), size - max(0, -move)) for move, size in zip(step, shape, strict=True)
    )
    return here, there
