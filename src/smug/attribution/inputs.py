"""Inputs and targets of every method, checked once around it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import keras
import numpy as np

from smug.errors import SmugError
from smug.models import rewire
from smug.models.preprocessing import padding_words

Function = TypeVar("Function", bound=Callable[..., Any])


def checked(method: Function) -> Function:
    """Let a method get its inputs as the model takes them, and one class of the model for each.

    Whoever has checked them calls the method behind: ``inspect.unwrap(method)``.
    """

    @functools.wraps(method)
    def run(model: keras.Model, x: np.ndarray, target: np.ndarray, **settings: Any) -> Any:
        x = rewire.as_batch(model, x).numpy()
        return method(model, x, check_target(model, target, len(x)), **settings)

    return cast(Function, run)


def check_target(model: keras.Model, target: np.ndarray, batch: int) -> np.ndarray:
    """Check one class index per input; int64, shape (batch,).

    Raises
    ------
    SmugError
        If the shape or type is wrong, or a label is out of range (0 or 1 for one output).
    """
    target = np.asarray(target)
    if target.shape != (batch,) or target.dtype.kind not in "iu":
        raise SmugError(
            f"target has shape {target.shape} and type {target.dtype}; expected {batch} integers, "
            "one class per input"
        )
    shape = getattr(model, "output_shape", None)
    classes = shape[-1] if isinstance(shape, tuple) and len(shape) == 2 else None
    if classes and batch and not 0 <= target.min() <= target.max() < max(classes, 2):
        wrong = target[(target < 0) | (target >= max(classes, 2))][0]
        raise SmugError(
            f"target {wrong} is outside [0, {max(classes, 2)}), the classes of model {model.name!r}"
        )
    return target.astype(np.int64)


def word_padding(x: np.ndarray, spatial: tuple[int, ...], pad_id: int | None) -> np.ndarray:
    """Padding words of a batch, see :func:`~smug.models.preprocessing.padding_words`.

    Raises
    ------
    SmugError
        If an input holds no other word.
    """
    padding = padding_words(x, spatial, pad_id)
    if padding.reshape(len(x), -1).all(axis=1).any():
        raise SmugError(
            f"the input holds nothing but padding (id {pad_id}); there is no word to explain"
        )
    return padding
