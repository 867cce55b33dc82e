"""A batch as a model takes it, from whatever holds numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import ml_dtypes
import numpy as np

from smug.errors import SmugError, shown


def as_batch(model: keras.Model, x: Any) -> np.ndarray:
    """Convert `x` to a batch of the model's input type, every value kept.

    Parameters
    ----------
    model : keras.Model
    x : array-like, shape (batch, ...)
        A NumPy array or whatever NumPy turns into one: a tensor, a list, a table. For models with
        named inputs also a dict of one array.

    Raises
    ------
    SmugError
        If the model has several inputs or takes texts, or `x` is no batch of its inputs, or holds
        what is no finite number or what the model's input type would change.
    """
    return _batch(model, as_array(model, x))


def as_array(model: keras.Model, x: Any) -> np.ndarray:
    """Array of numbers that `x` holds, its shape and values not yet held against the model."""
    expected = _expected(model)
    if len(expected) > 1:
        names = ", ".join(repr(one.name) for one in expected)
        raise SmugError(
            f"model {model.name!r} has {len(expected)} inputs ({names}); give all of them to "
            "smug.explain, as a list or dict, with explain= for the one that is explained"
        )
    if isinstance(x, dict) and len(x) == 1:
        (x,) = x.values()
    if expected and keras.backend.standardize_dtype(expected[0].dtype) == "string":
        raise _no_texts(model)
    if x is None or isinstance(x, str | bytes | dict | set):
        raise _no_numbers(model, f"x={shown(x)}")
    try:
        # One of torch may lie on another device, or be one that gradients are asked of.
        array = keras.ops.convert_to_numpy(x) if hasattr(x, "detach") else np.asarray(x)
    except Exception as error:  # ragged, or whatever a foreign type's __array__ raises
        raise _no_numbers(model, f"x={_described(x)}") from error
    if array.dtype.kind in "USO" and _texts(array):
        raise _no_texts(model)
    if array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    if array.dtype.kind not in "biuf":
        raise _no_numbers(model, f"x={_described(x)} of type {array.dtype}")
    if np.ma.is_masked(x):
        raise SmugError(
            "x is a masked array with masked values; fill them, for example x.filled(0)"
        )
    return array


def input_rank(model: keras.Model) -> int | None:
    """Axes of a batch, its own among them; None for a model that leaves them open."""
    expected = _expected(model)
    return len(expected[0].shape) if expected else None


def written_batch(model: keras.Model) -> int | None:
    """Number of inputs in a batch as the model has it written down; mostly None."""
    expected = _expected(model)
    return expected[0].shape[0] if expected and expected[0].shape else None


def _batch(model: keras.Model, x: np.ndarray) -> np.ndarray:
    expected = _expected(model)
    # Keras also writes down the size of the batch that a model was first called on.
    shape = (None, *expected[0].shape[1:]) if expected else (None,) * max(x.ndim, 1)
    if x.ndim != len(shape) or any(b not in (None, a) for a, b in zip(x.shape, shape, strict=True)):
        raise SmugError(
            f"input has shape {x.shape}; model {model.name!r} takes batches of shape {shape}"
        )
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        count = np.count_nonzero(~np.isfinite(x))
        raise SmugError(
            f"the input of model {model.name!r} holds NaN or infinite values ({count} of {x.size}, "
            f"the first in input {np.argwhere(~np.isfinite(x))[0][0]}); replace them"
        )
    if not expected and x.dtype.kind != "f":
        return x
    kind = expected[0].dtype if expected else "float32"
    return of_type(kind, x, f"the input of model {model.name!r}")


def of_type(kind: Any, values: Any, what: str) -> np.ndarray:
    """Numbers as an array of another type, every value kept.

    Parameters
    ----------
    kind : str or dtype
    values : array-like
        Finite numbers.
    what : str
        Name of the values, for the message.

    Raises
    ------
    SmugError
        The type cannot hold a value.
    """
    name, given = keras.backend.standardize_dtype(kind), np.asarray(values)
    floating = keras.backend.is_float_dtype(name)
    with np.errstate(all="ignore"):
        made = given.astype(numpy_type(name))
        # Rounding is what float32 is for; a word id or a pixel must not become another.
        changed = ~np.isfinite(made.astype(np.float64)) if floating else made != given
    if changed.any():
        largest = f"the largest is {float(ml_dtypes.finfo(name).max):.8g}" if floating else ""
        size = largest or f"it holds {_held(name)}"
        raise SmugError(
            f"{what} holds {given[changed][0]}, which the input type {name} cannot hold: "
            f"{size}; give values of that type"
        )
    return made


def check_size(model: keras.Model, settings: Mapping[str, Any]) -> None:
    """Refuse settings with numbers that the type which a model computes in cannot hold.

    Raises
    ------
    SmugError
        Names the setting, the number and the largest one.
    """
    types = {layer.compute_dtype for layer in model._flatten_layers()}
    kind = "float64" if "float64" in types else "float32"
    largest = float(np.finfo(kind).max)
    for name, value in settings.items():
        for part in value if isinstance(value, tuple) else (value,):
            if not isinstance(part, int | float | np.ndarray):
                continue
            beyond = np.abs(np.atleast_1d(np.asarray(part, np.float64))) > largest
            if beyond.any():
                raise SmugError(
                    f"{name} holds {np.atleast_1d(part)[beyond][0]}, and model {model.name!r} "
                    f"computes in {kind}, whose largest number is {largest:.8g}; lower {name}"
                )


def numpy_type(name: str) -> np.dtype:
    """NumPy's type of Keras's name, bfloat16 among them."""
    return np.dtype(getattr(ml_dtypes, name) if name == "bfloat16" else name)


def _held(name: str) -> str:
    if name == "bool":
        return "True and False"
    return f"whole numbers from {np.iinfo(name).min} to {np.iinfo(name).max}"


def _expected(model: keras.Model) -> list[Any]:
    return keras.tree.flatten(getattr(model, "inputs", None) or [])


def _texts(array: np.ndarray) -> bool:
    return array.dtype.kind in "US" or any(isinstance(v, str | bytes) for v in array.ravel()[:1])


def _described(x: Any) -> str:
    """Description of `x`; of a list of arrays, their shapes."""
    if isinstance(x, list | tuple) and all(hasattr(part, "shape") for part in x):
        shapes = ", ".join(str(tuple(part.shape)) for part in x[:4])
        return f"<{type(x).__name__} of {len(x)} arrays of shapes {shapes}>"
    return shown(x)


def _no_numbers(model: keras.Model, what: str) -> SmugError:
    expected = _expected(model)
    shape = f" of shape {tuple(expected[0].shape)}" if expected else ""
    return SmugError(
        f"{what} is no array of numbers; model {model.name!r} takes one array{shape}: give it as "
        "numpy.asarray(…, 'float32') can make it"
    )


def _no_texts(model: keras.Model) -> SmugError:
    readers = [layer.name for layer in model.layers if hasattr(layer, "get_vocabulary")]
    ids = f"model.get_layer({readers[0]!r})(texts)" if readers else "the word ids"
    return SmugError(
        f"x holds texts; smug explains numbers: give {ids} to the part of model {model.name!r} "
        "that takes word ids"
    )
