"""Inception v1 (GoogLeNet, Szegedy et al. 2015) in Keras, with imported weights.

Two published kinds differ in more than their weights:

- ``slim`` (TF-slim): with or without batch normalisation, 3 x 3 kernels in place of 5 x 5,
  TensorFlow's "same" padding, inputs in [-1, 1].
- ``bvlc`` (Caffe, in the ONNX model zoo): biases, 5 x 5 kernels, local response normalisation,
  BGR inputs minus the mean colour. No batch normalisation.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import keras
import numpy as np
from keras import layers, ops

from smug.errors import SmugError, unknown_name
from smug.io import load_arrays
from smug.models.preprocessing import Preprocessing
from smug.models.weights.npz import assign_weights, named_weights
from smug.models.weights.onnx import read_initializers
from smug.models.weights.tensorflow import read_checkpoint

PREPROCESSING = {
    "slim": Preprocessing((224, 224), (127.5,) * 3, (127.5,) * 3),
    "bvlc": Preprocessing((224, 224), (104.0, 117.0, 123.0), (1.0,) * 3, "bgr"),
}
CLASSES = 1000

#: Channels of each module: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection.
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
_EPSILON = 1e-3  # slim's batch normalisation


@keras.saving.register_keras_serializable("smug")
class LocalResponseNormalization(layers.Layer):
    """``x / (1 + alpha / 5 * sum of x² over 5 neighbouring channels) ** beta``, as in Caffe."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Normalise feature maps, shape (batch, height, width, channels)."""
        channels = x.shape[-1]
        squares = ops.pad(ops.square(x), ((0, 0), (0, 0), (0, 0), (2, 2)))
        around = sum(squares[..., i : i + channels] for i in range(5))
        return x / (1.0 + 1e-4 / 5 * around) ** 0.75


def build(kind: str = "slim", *, batch_norm: bool = True, classes: int = CLASSES) -> keras.Model:
    """Build the network with fresh weights.

    Parameters
    ----------
    kind : "slim" or "bvlc"
        See the module's description.
    batch_norm : bool
        Batch normalisation (without scale, as in slim) in place of biases; ``slim`` only.
    classes : int
        Number of outputs.

    Returns
    -------
    keras.Model
        Maps preprocessed images, shape (batch, 224, 224, 3), to softmax probabilities,
        shape (batch, classes). Convolutions: ``conv1_conv``, ``conv2_reduce_conv``,
        ``conv2_conv``, ``mixed_<3a..5b>_<1x1|3x3_reduce|3x3|5x5_reduce|5x5|pool_proj>_conv``.
    """
    if kind not in PREPROCESSING:
        raise unknown_name("kind of Inception v1", kind, PREPROCESSING)
    caffe = kind == "bvlc"
    if caffe and batch_norm:
        raise SmugError("kind='bvlc' has no batch normalisation; set batch_norm=False")
    conv = _convolution(batch_norm)
    inputs = keras.Input((*PREPROCESSING[kind].size, 3), name="image")
    # Caffe pads both sides by 3; "same" with stride 2 would pad 2 and 3.
    x = layers.ZeroPadding2D(3, name="conv1_pad")(inputs) if caffe else inputs
    x = conv(x, 64, 7, "conv1", strides=2, padding="valid" if caffe else "same")
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool1")(x)
    x = LocalResponseNormalization(name="norm1")(x) if caffe else x
    x = conv(x, 64, 1, "conv2_reduce")
    x = conv(x, 192, 3, "conv2")
    x = LocalResponseNormalization(name="norm2")(x) if caffe else x
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool2")(x)
    for module, channels in MODULES.items():
        if module in ("4a", "5a"):
            window = 2 if module == "5a" and not caffe else 3
            x = layers.MaxPooling2D(window, 2, padding="same", name=f"pool{module[0]}")(x)
        x = _mixed(x, conv, channels, 5 if caffe else 3, f"mixed_{module}")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    outputs = layers.Dense(classes, activation="softmax", name="predictions")(x)
    return keras.Model(inputs, outputs, name=f"inception_v1_{kind}")


def _convolution(batch_norm: bool) -> Callable[..., keras.KerasTensor]:
    def convolution(
        x: keras.KerasTensor,
        channels: int,
        kernel: int,
        name: str,
        strides: int = 1,
        padding: str = "same",
    ) -> keras.KerasTensor:
        x = layers.Conv2D(
            channels, kernel, strides, padding, use_bias=not batch_norm, name=f"{name}_conv"
        )(x)
        if batch_norm:
            x = layers.BatchNormalization(epsilon=_EPSILON, scale=False, name=f"{name}_bn")(x)
        return layers.ReLU(name=f"{name}_relu")(x)

    return convolution


def _mixed(
    x: keras.KerasTensor,
    conv: Callable[..., keras.KerasTensor],
    channels: tuple[int, ...],
    large: int,
    name: str,
) -> keras.KerasTensor:
    """Inception module; the 5x5 branch has kernels of size ``large``."""
    direct, middle_in, middle, large_in, large_out, projection = channels
    pooled = layers.MaxPooling2D(3, 1, padding="same", name=f"{name}_pool")(x)
    branches = [
        conv(x, direct, 1, f"{name}_1x1"),
        conv(conv(x, middle_in, 1, f"{name}_3x3_reduce"), middle, 3, f"{name}_3x3"),
        conv(conv(x, large_in, 1, f"{name}_5x5_reduce"), large_out, large, f"{name}_5x5"),
        conv(pooled, projection, 1, f"{name}_pool_proj"),
    ]
    return layers.Concatenate(name=name)(branches)


def load(path: str | os.PathLike, kind: str = "slim") -> keras.Model:
    """Build the network and set its weights from what ``smug.models.weights.npz`` saved.

    Batch normalisation and the number of classes are found out by the arrays.
    """
    arrays = load_arrays(path)
    classes = len(arrays.get("predictions/bias", range(CLASSES)))
    model = build(kind, batch_norm="conv1_bn/beta" in arrays, classes=classes)
    assign_weights(model, arrays, path)
    return model


def import_slim(checkpoint: str | os.PathLike) -> keras.Model:
    """Import a TF-slim checkpoint, with or without batch normalisation (found out by its names).

    Parameters
    ----------
    checkpoint : path-like
        Prefix of the checkpoint's files (``inception_v1.ckpt``). Of 1001 classes the first
        (background) is dropped, so that the others share all probability.

    Raises
    ------
    SmugError
        If it cannot be read, or a variable is missing or of another shape (each named).
    """
    variables = read_checkpoint(checkpoint)
    batch_norm = slim_name("conv1_bn/beta") in variables
    arrays = _take(checkpoint, variables, batch_norm)
    kernel, bias = arrays["predictions/kernel"], arrays["predictions/bias"]
    kernel = kernel.reshape(kernel.shape[-2:])
    if len(bias) == CLASSES + 1:
        kernel, bias = kernel[:, 1:], bias[1:]
    arrays |= {"predictions/kernel": kernel, "predictions/bias": bias}
    model = build("slim", batch_norm=batch_norm, classes=len(bias))
    assign_weights(model, arrays, checkpoint)
    return model


def _take(
    checkpoint: str | os.PathLike[str], variables: Mapping[str, np.ndarray], batch_norm: bool
) -> dict[str, np.ndarray]:
    names = {name: slim_name(name) for name in named_weights(build("slim", batch_norm=batch_norm))}
    missing = [name for name in names.values() if name not in variables]
    if missing:
        raise SmugError(
            f"{checkpoint} lacks {len(missing)} variables of Inception v1: {missing[:3]}; "
            "import a TF-slim inception_v1 checkpoint"
        )
    return {name: variables[theirs] for name, theirs in names.items()}


_STEM = {"conv1": "Conv2d_1a_7x7", "conv2_reduce": "Conv2d_2b_1x1", "conv2": "Conv2d_2c_3x3"}
_BRANCHES = {
    "1x1": "Branch_0/Conv2d_0a_1x1",
    "3x3_reduce": "Branch_1/Conv2d_0a_1x1",
    "3x3": "Branch_1/Conv2d_0b_3x3",
    "5x5_reduce": "Branch_2/Conv2d_0a_1x1",
    "5x5": "Branch_2/Conv2d_0b_3x3",
    "pool_proj": "Branch_3/Conv2d_0b_1x1",
}
_SLIM_VARIABLES = {
    "kernel": "weights",
    "bias": "biases",
    "beta": "BatchNorm/beta",
    "moving_mean": "BatchNorm/moving_mean",
    "moving_variance": "BatchNorm/moving_variance",
}


def slim_name(name: str) -> str:
    """Name in a TF-slim checkpoint of the weight with Keras path ``name`` (``layer/variable``)."""
    layer, variable = name.split("/")
    variable = _SLIM_VARIABLES[variable]
    if layer == "predictions":
        return f"InceptionV1/Logits/Conv2d_0c_1x1/{variable}"
    part = layer.rsplit("_", 1)[0]
    if part in _STEM:
        return f"InceptionV1/{_STEM[part]}/{variable}"
    _, module, branch = part.split("_", 2)
    theirs = f"Mixed_{module[0]}{chr(ord(module[1]) + 1)}"  # slim's letters start at b
    scope = _BRANCHES[branch]
    if (theirs, branch) == ("Mixed_5b", "5x5"):
        scope = "Branch_2/Conv2d_0a_3x3"  # a slip in slim that its checkpoints keep
    return f"InceptionV1/{theirs}/{scope}/{variable}"


def import_onnx(path: str | os.PathLike) -> keras.Model:
    """Import BVLC GoogLeNet from an ONNX file of the model zoo.

    Parameters
    ----------
    path : path-like
        The ``.onnx`` file.

    Raises
    ------
    SmugError
        If it cannot be read, or a weight is missing or of another shape (each named).
    """
    initializers = read_initializers(path)
    model = build("bvlc", batch_norm=False)
    names = {name: onnx_name(name) for name in named_weights(model)}
    missing = [theirs for theirs in names.values() if theirs not in initializers]
    if missing:
        raise SmugError(
            f"{path} lacks {len(missing)} weights of BVLC GoogLeNet: {missing[:3]}; "
            "import bvlc_googlenet of the ONNX model zoo"
        )
    arrays = {}
    for name, theirs in names.items():
        array = initializers[theirs]
        if array.ndim == 4:
            array = array.transpose(2, 3, 1, 0)
        arrays[name] = array.T if array.ndim == 2 else array
    assign_weights(model, arrays, path)
    return model


_ONNX_STEM = {"conv1": "conv1/7x7_s2", "conv2_reduce": "conv2/3x3_reduce", "conv2": "conv2/3x3"}


def onnx_name(name: str) -> str:
    """Name in BVLC GoogLeNet's ONNX file of the weight with Keras path ``name``."""
    layer, variable = name.split("/")
    suffix = {"kernel": "w_0", "bias": "b_0"}[variable]
    if layer == "predictions":
        return f"loss3/classifier_{suffix}"
    part = layer.removesuffix("_conv")
    if part in _ONNX_STEM:
        return f"{_ONNX_STEM[part]}_{suffix}"
    _, module, branch = part.split("_", 2)
    return f"inception_{module}/{branch}_{suffix}"
