"""The class that is explained of each input, checked."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from smug.errors import SmugError, shown
from smug.limits import scalar


def check_target(
    model: keras.Model, target: Any, batch: int, classes: int | None = None
) -> np.ndarray:
    """Check one class index per input; int64, shape (batch,).

    Parameters
    ----------
    model : keras.Model
    target : array-like of int, shape (batch,)
    batch : int
    classes : int, optional
        Outputs of the model; by default those that its output shape says.

    Raises
    ------
    SmugError
        If the shape or type is wrong, or a label is out of range (0 or 1 for one output).
    """
    try:
        labels = np.asarray(target)
    except Exception as error:  # ragged, or whatever a foreign type's __array__ raises
        raise _no_target(f"is {shown(target)}", batch) from error
    if labels.ndim == 2 and labels.shape[0] == batch and labels.shape[1] > 1:
        raise _no_target(
            f"has shape {labels.shape}; of one-hot rows give target.argmax(axis=1)", batch
        )
    if labels.ndim == 0:
        raise _no_target(f"is {shown(target)}", batch)
    if labels.shape != (batch,):
        raise _no_target(f"has shape {labels.shape} and type {labels.dtype}", batch)
    if labels.dtype.kind not in "iu":
        found = shown(labels[0]) if batch else "nothing"
        raise _no_target(f"holds {found} of type {labels.dtype}", batch)
    classes = known_classes(model) if classes is None else classes
    if classes and batch and not 0 <= labels.min() <= labels.max() < max(classes, 2):
        wrong = labels[(labels < 0) | (labels >= max(classes, 2))][0]
        raise SmugError(
            f"target {wrong} is outside [0, {max(classes, 2)}), the classes of model {model.name!r}"
        )
    return labels.astype(np.int64)


def known_classes(model: keras.Model) -> int | None:
    """Outputs of the model where its shape says them."""
    shape = getattr(model, "output_shape", None)
    return shape[-1] if isinstance(shape, tuple) and len(shape) == 2 else None


def one_each(target: Any, outputs: np.ndarray) -> Any:
    """Class of each input: the predicted one for None, the same for a single number."""
    if target is None:
        return outputs.argmax(axis=1)
    single = scalar(target)
    return np.repeat(np.asarray(single), len(outputs)) if isinstance(single, int) else single


def one_by_one(model: keras.Model, target: Any, batch: int) -> list[Any]:
    """Target of each input of a batch that is explained one input after the other."""
    if target is None or isinstance(scalar(target), int):
        return [target] * batch
    return list(np.split(check_target(model, target, batch), batch))


def _no_target(found: str, batch: int) -> SmugError:
    return SmugError(f"target {found}; expected {batch} integers, one class per input")
