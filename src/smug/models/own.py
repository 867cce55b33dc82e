"""Networks of the user's own: read from a file or made by a function, and what they are fed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from smug.datasets.beer.tokenizer import PADDING
from smug.datasets.own.sources import check_network, closed_network, is_function
from smug.errors import SmugError, reason
from smug.models.modules.onnx import load_onnx
from smug.models.pixels import pixel_scale
from smug.models.preprocessing import Preprocessing
from smug.models.registry import Network, load_model
from smug.models.saved_model import is_closed
from smug.models.weights.npz import check_finite
from smug.provenance import of_model
from smug.threads import is_onnx

_Three = tuple[float, float, float]
#: Mean and scale of pixels and the order of colours, by the names of the setting.
SCALES: dict[str, tuple[_Three, _Three, str]] = {
    "pixels": ((0.0,) * 3, (1.0,) * 3, "rgb"),
    "unit": ((0.0,) * 3, (255.0,) * 3, "rgb"),
    "centred": ((127.5,) * 3, (127.5,) * 3, "rgb"),
    # As keras.applications scales with mode="torch" and mode="caffe".
    "torch": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375), "rgb"),
    "caffe": ((103.939, 116.779, 123.68), (1.0,) * 3, "bgr"),
}


def read_own(file: str) -> keras.Model:
    """Read or make a network and bring it into the form that is explained, an output a class.

    A function is imported from the folder where the run was started, and called without arguments:
    it is code of the user's own. Files run no code.

    Raises
    ------
    SmugError
        A network that cannot be read or looked into, of several inputs, of an open shape, or of one
        output that is no probability.
    """
    check_network(file)
    if is_onnx(file):
        model = load_onnx(file, each_class=True)
        check_finite(model, file)
    else:
        model = _called(file) if is_function(file) else load_model(file)
    if is_closed(model):
        raise closed_network(file)
    if not getattr(model, "inputs", None) or len(model.inputs) != 1 or len(model.outputs) != 1:
        raise SmugError(
            f"{file}: a network of one input and one output is explained, and it has to be built: "
            "call it on one input before it is saved, and hold other inputs fixed"
        )
    if model.inputs[0].dtype == "string":
        raise SmugError(
            f"{file} takes texts themselves; save the part behind its TextVectorization layer, and "
            "the layer's get_vocabulary() as a .txt file for model.vocabulary"
        )
    shape = tuple(model.inputs[0].shape[1:])
    if None in shape or not shape:
        raise SmugError(
            f"{file} leaves the shape of its input open ({shape}); save it with a fixed one, as "
            "keras.Sequential([keras.Input(shape), model])"
        )
    if len(model.outputs[0].shape) != 2 or model.outputs[0].shape[-1] is None:
        raise SmugError(
            f"{file} has an output of shape {tuple(model.outputs[0].shape)}; classes are "
            "explained: one number for each, shape (batch, classes)"
        )
    return two_classes(model, file) if model.outputs[0].shape[-1] == 1 else model


def told(model: keras.Model, file: str) -> dict[str, Any]:
    """Record of a network that :func:`read_own` has read: its source, shape and weights."""
    return {
        "source": file,
        "input": list(model.inputs[0].shape[1:]),
        "classes": int(model.outputs[0].shape[-1]),
        **of_model(model),
    }


def two_classes(model: keras.Model, file: str) -> keras.Model:
    """The same network with a probability for either class in place of one for the second.

    ``softmax([0, z]) = [1 - sigmoid(z), sigmoid(z)]``.

    Raises
    ------
    SmugError
        The last layer is not ``Dense(1, activation="sigmoid")``.
    """
    last = model.layers[-1]
    if type(last) is not keras.layers.Dense or last.activation is not keras.activations.sigmoid:
        raise SmugError(
            f"{file} has one output that is no probability; classes are explained: end it with "
            'Dense(1, activation="sigmoid"), or with one output for each class'
        )
    both = keras.layers.Dense(2, activation="softmax", name="class_probability")
    made = keras.Model(model.inputs[0], both(last.input), name=model.name)
    kernel = np.asarray(last.kernel)
    bias = np.asarray(last.bias) if last.use_bias else np.zeros(1, kernel.dtype)
    both.set_weights(
        [np.concatenate([np.zeros_like(kernel), kernel], 1), np.append(np.zeros_like(bias), bias)]
    )
    return made


@dataclass(frozen=True)
class GreyPixels:
    """``input = (pixel - mean) / scale`` of grey images, in the shape that a network takes.

    Parameters
    ----------
    mean, scale : float
        In units of 8-bit pixel values.
    shape : tuple of int
        (height, width) or (height, width, 1).
    """

    mean: float
    scale: float
    shape: tuple[int, ...]

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Turn pixels, shape (n, height, width), into the network's input, float32."""
        scaled = (np.asarray(images, np.float32) - self.mean) / self.scale
        return scaled.reshape(-1, *self.shape).astype(np.float32)


def of_images(model: keras.Model, preprocessing: str) -> Network:
    """Network on images as the setting ``model.preprocessing`` feeds it.

    Raises
    ------
    SmugError
        It takes other images, or does not say which pixels it expects.
    """
    shape = tuple(model.inputs[0].shape[1:])
    if len(shape) not in (2, 3) or shape[2:] not in ((), (1,), (3,)):
        raise SmugError(
            f"the network takes inputs of shape {shape}; images are (height, width, 3), or in grey "
            "(height, width, 1) or (height, width): begin it with a Reshape, or set dataset.kind"
        )
    if preprocessing == "auto":
        mean, scale = _found(model, shape)
        means, scales, order = (mean,) * 3, (scale,) * 3, "rgb"
    else:
        means, scales, order = SCALES[preprocessing]
    if shape[2:] == (3,):
        return Network.of_photographs(Preprocessing(shape[:2], means, scales, order))
    grey = GreyPixels(float(np.mean(means)), float(np.mean(scales)), shape)
    ends = [(value - grey.mean) / grey.scale for value in (0.0, 255.0)]
    return Network(grey, (ends[0], ends[1]))


def of_rows(model: keras.Model) -> Network:
    """Network on numbers as they stand."""

    def as_they_stand(values: np.ndarray) -> np.ndarray:
        return np.asarray(values, np.float32)

    return Network(as_they_stand, (0.0, 0.0))


def of_texts() -> Network:
    """Network on word ids, 0 for padding."""

    def as_ids(tokens: np.ndarray) -> np.ndarray:
        return np.asarray(tokens, np.int32)

    return Network(as_ids, (0.0, 0.0), padding_id=PADDING)


def size_of(network: Network) -> tuple[int, int]:
    """Height and width in pixels of the images that a network of the user's own takes."""
    if isinstance(network.preprocess, GreyPixels):
        height, width = network.preprocess.shape[:2]
        return height, width
    return network.size


def _called(file: str) -> keras.Model:
    """Network that a function of the user's own returns."""
    module, name = file.split(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        function: Callable[[], keras.Model] = getattr(importlib.import_module(module), name)
        model = function()
    except Exception as error:  # code of the user's own raises what it likes
        raise SmugError(
            f"model.file={file} did not make a network ({reason(error)}); try it in Python from "
            f"{here}: from {module} import {name}; {name}()"
        ) from error
    if not isinstance(model, keras.Model):
        raise SmugError(f"model.file={file} returned {type(model).__name__}, not a keras.Model")
    return model


def _found(model: keras.Model, shape: tuple[int, ...]) -> tuple[float, float]:
    """Mean and scale of pixels as the network's own layers say."""
    if len(shape) == 2:
        axis = keras.Input((*shape, 1))
        model = keras.Model(axis, model(keras.layers.Reshape(shape)(axis)))
    try:
        found = pixel_scale(model)
    except SmugError as error:
        said = str(error).partition("; say what it takes")[0]
        raise SmugError(
            f"{said}; set model.preprocessing to unit (it takes 0 to 1), centred (-1 to 1), pixels "
            "(0 to 255), torch or caffe"
        ) from error
    return found.mean, found.scale
