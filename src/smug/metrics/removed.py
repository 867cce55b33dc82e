"""Inputs with some positions removed, and what a model answers to many of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import keras
import numpy as np

from smug.errors import SmugError
from smug.masks.replacement import replaced_images
from smug.models import rewire
from smug.models.batches import Batches
from smug.models.inputs import of_type


def hidden_inputs(
    x: np.ndarray, replacement: str | float | np.ndarray, *, axes: int = 2
) -> np.ndarray:
    """Inputs of which every position is removed, in the type of the input.

    Parameters
    ----------
    x : numpy.ndarray, shape (batch, ...)
    replacement : {"zero", "mean", "blur"}, float or numpy.ndarray
        See :func:`smug.masks.replacement.replacement_of`.
    axes : int
        Axes of an input that are positions: 2 of an image, 1 of words as embeddings or of a table.
    """
    made = replaced_images(np.asarray(x, np.float64), replacement, axes=axes)
    return of_type(x.dtype, made if x.dtype.kind == "f" else made.round(), "replacement")


def scored_axes(x: np.ndarray, saliency: np.ndarray) -> int:
    """Axes of an input that are positions, as its map says.

    A map scores positions with all their channels, ``(height, width)`` of an image or ``(words,)``
    of embeddings, or each value by itself, shaped as the input.

    Raises
    ------
    SmugError
        A map that fits neither.
    """
    if x.shape[: saliency.ndim] != saliency.shape:
        raise SmugError(
            f"saliency maps have shape {saliency.shape}, inputs {x.shape}; give a score to each "
            f"position, shape {x.shape[:-1]}, or to each value, shape {x.shape}, channels last"
        )
    each_value = saliency.ndim == x.ndim and x.ndim > 3
    return saliency.ndim - 1 - each_value


def on_channels(positions: np.ndarray, one: np.ndarray) -> np.ndarray:
    """Array over the positions of one input, laid out so that it holds for all its channels."""
    return positions.reshape(*positions.shape, *[1] * (one.ndim - positions.ndim))


def without(
    one: np.ndarray, hidden: np.ndarray, removed: Iterable[np.ndarray]
) -> Iterator[np.ndarray]:
    """One input without some of its positions, one after the other.

    Parameters
    ----------
    one, hidden : numpy.ndarray
        The input, and the same of which every position is removed.
    removed : iterable of numpy.ndarray of bool, shape ``(*positions,)``

    Yields
    ------
    numpy.ndarray, shaped and typed like `one`
    """
    for mask in removed:
        yield np.where(on_channels(mask, one), hidden, one)


def answers(
    model: keras.Model, frames: Iterable[np.ndarray], target: int, batch_size: int | str
) -> tuple[np.ndarray, np.ndarray]:
    """Score of a class on many inputs, and whether it is the answer.

    Parameters
    ----------
    model : keras.Model
    frames : iterable of numpy.ndarray
        Inputs; no more than a batch of them is held at a time.
    target : int
    batch_size : int or "auto"
        Inputs a network call; halved where memory is not enough. ``auto``: see
        :class:`smug.models.batches.Batches`.

    Returns
    -------
    score, correct : numpy.ndarray of float64, shape (frames,)
        1 or 0 of the latter; the answer of a single output is the class where it is one half at
        least.

    Raises
    ------
    SmugError
        A batch of less than one input.
    """
    frames, batches = iter(frames), Batches(batch_size)
    score, correct = [np.zeros(0)], [np.zeros(0)]
    while chunk := list(islice(frames, batches.size)):

        def run(some: slice, chunk: list[np.ndarray] = chunk) -> np.ndarray:
            return rewire.outputs_of(model, np.stack(chunk[some]))

        parts = [made for _, made in batches.over(run, len(chunk))]
        outputs = np.concatenate(parts).astype(np.float64)
        single = outputs.shape[1] == 1
        score.append(outputs[:, 0 if single else target])
        right = outputs[:, 0] >= 0.5 if single else outputs.argmax(axis=1) == target
        correct.append(right.astype(np.float64))
    return np.concatenate(score), np.concatenate(correct)
