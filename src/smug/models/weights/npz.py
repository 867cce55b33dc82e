"""Put named arrays into a Keras model, and keep a model's weights as plain npz."""

from __future__ import annotations

import os
from collections.abc import Mapping

import keras
import numpy as np

from smug.errors import SmugError
from smug.io import load_arrays, save_arrays


def named_weights(model: keras.Model) -> dict[str, keras.Variable]:
    """Every weight of ``model`` by its path, e.g. ``"stem_conv/kernel"``, in the model's order."""
    return {weight.path: weight for weight in model.weights}


def assign_weights(
    model: keras.Model, arrays: Mapping[str, np.ndarray], source: str | os.PathLike
) -> None:
    """Set all weights of ``model`` from arrays of the same names and shapes.

    Parameters
    ----------
    model : keras.Model
        Built model.
    arrays : mapping of str to numpy.ndarray
        One array for each weight path of the model.
    source : str
        Where the arrays come from; named in errors.

    Raises
    ------
    SmugError
        If a weight is missing or superfluous, or a shape differs; nothing is assigned then.
    """
    weights = named_weights(model)
    missing = [name for name in weights if name not in arrays]
    extra = [name for name in arrays if name not in weights]
    if missing or extra:
        raise SmugError(
            f"{source} does not fit {model.name}: missing {missing[:5] or 'nothing'} "
            f"({len(missing)}), unknown {extra[:5] or 'nothing'} ({len(extra)}); "
            "use the weights of this architecture"
        )
    for name, weight in weights.items():
        check_shape(name, np.shape(arrays[name]), tuple(weight.shape), source)
    for name, weight in weights.items():
        weight.assign(arrays[name])


def check_shape(
    name: str, found: tuple[int, ...], expected: tuple[int, ...], source: str | os.PathLike
) -> None:
    """Raise :class:`SmugError`, naming the weight, unless the two shapes are equal."""
    if tuple(found) != tuple(expected):
        raise SmugError(
            f"{name} in {source} has shape {tuple(found)}, the model needs {tuple(expected)}; "
            "use the weights of this architecture"
        )


def check_finite(model: keras.Model, source: str | os.PathLike[str]) -> None:
    """Refuse a model with a weight that is NaN or infinite: every answer of it would be, too.

    Raises
    ------
    SmugError
        Names the weight and ``source``, where the weights come from.
    """
    for weight in model.weights:
        values = _values(weight)
        # Types such as bfloat16 are no floats to NumPy.
        numbers = values.astype(np.float32) if values.dtype.kind == "V" else values
        if numbers.dtype.kind == "f" and not (finite := np.isfinite(numbers)).all():
            raise SmugError(
                f"{source}: {int((~finite).sum())} of {values.size} values of the weight "
                f"{weight.path} are NaN or infinite; the file is damaged or its training failed: "
                "load other weights, or train with a smaller learning rate"
            )


def save_npz(model: keras.Model, path: str | os.PathLike) -> None:
    """Write all weights of ``model`` to ``path`` (npz, one array a weight path), atomically."""
    save_arrays(path, {name: _values(weight) for name, weight in named_weights(model).items()})


def _values(weight: keras.Variable) -> np.ndarray:
    # Of the variable itself, Keras hands NumPy an argument that TensorFlow's do not know.
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(weight)))


def load_npz(model: keras.Model, path: str | os.PathLike) -> None:
    """Set all weights of ``model`` from an npz written by :func:`save_npz`."""
    assign_weights(model, load_arrays(path), path)
