"""Any network of ``keras.applications`` by name, with its weights and its preprocessing."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from smug.errors import SmugError, unknown_name
from smug.models.preprocessing import Preprocessing
from smug.models.weights.npz import load_npz


def names() -> list[str]:
    """List the networks, e.g. ``"InceptionV3"`` and ``"ResNet50"``."""
    known = vars(keras.applications).items()
    return sorted(name for name, value in known if name[0].isupper() and callable(value))


def build(
    name: str, weights: str | os.PathLike | None = None, *, classes: int = 1000
) -> keras.Model:
    """Build a network with its classifier.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    weights : path-like or "imagenet", optional
        A weights file: ``.npz`` of :func:`smug.models.weights.npz.save_npz`, or ``.weights.h5`` or
        ``.h5`` as Keras writes them. ``"imagenet"`` downloads Keras's own, checked by Keras. None
        leaves fresh weights.
    classes : int
        Number of outputs; 1000 for ``"imagenet"``.

    Returns
    -------
    keras.Model
        Maps preprocessed images at the network's default size to softmax probabilities.

    Raises
    ------
    SmugError
        If the name or the file is unknown, the weights do not fit or cannot be downloaded.
    """
    if weights is not None and weights != "imagenet" and not Path(weights).is_file():
        raise SmugError(f"no weights file at {weights}; give an existing file or 'imagenet'")
    downloaded = "imagenet" if weights == "imagenet" else None
    try:
        model = _constructor(name)(weights=downloaded, classes=classes)
        if downloaded is None and weights is not None:
            _load(model, Path(weights))
    except SmugError:
        raise
    except Exception as error:  # Keras, h5py and urllib raise many kinds
        raise SmugError(
            f"{name} with weights={os.fspath(weights or 'null')!r} and {classes} classes: {error}; "
            "use weights of this network, or a file where there is no internet"
        ) from error
    return model


@functools.cache  # the default size stands nowhere but in the network, which takes seconds to build
def preprocessing(name: str) -> Preprocessing:
    """Work out a network's preprocessing from its own ``preprocess_input`` and default size.

    Raises
    ------
    SmugError
        If the network is unknown, or its preprocessing is not one scale and shift a channel.
    """
    constructor = _constructor(name)
    function = sys.modules[constructor.__module__].preprocess_input
    size = constructor(weights=None).input_shape[1:3]

    def respond(pixel: list[float]) -> np.ndarray:
        return np.asarray(function(np.array([[[pixel]]], np.float64)), np.float64)[0, 0, 0]

    shift = respond([0.0] * 3)
    # Which output moves when one colour does, and how far for 255 steps.
    moved = np.stack([respond([255.0 * (k == c) for k in range(3)]) - shift for c in range(3)])
    orders = {"rgb": [0, 1, 2], "bgr": [2, 1, 0]}
    found = [order for order, out in orders.items() if np.diag(moved[:, out]).all()]
    if len(found) != 1 or np.count_nonzero(moved) != 3:
        raise SmugError(f"{name}: its preprocess_input mixes channels; preprocess the images first")
    scale = 255.0 / moved.sum(axis=0)
    mean = -shift * scale
    return Preprocessing(tuple(size), tuple(mean.tolist()), tuple(scale.tolist()), found[0])


def _constructor(name: str) -> Callable[..., keras.Model]:
    if name not in names():
        raise unknown_name("network of keras.applications", name, names())
    return getattr(keras.applications, name)


def _load(model: keras.Model, path: Path) -> None:
    if path.suffix == ".npz":
        load_npz(model, path)
    else:
        model.load_weights(path)
