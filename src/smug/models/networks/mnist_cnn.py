"""A small convolutional network for digits, beside the dense one."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from smug.errors import SmugError
from smug.models.networks import mnist_mlp


def build(filters: Sequence[int] = (16, 32)) -> keras.Model:
    """Build the network; input (batch, 28, 28, 1) in [0, 1], output probabilities.

    A 5×5 convolution of stride 2, a 3×3 convolution, both ReLU, and a softmax layer. The first
    one keeps its bias and its ReLU apart from everything else, as SMUG wants it.

    Parameters
    ----------
    filters : sequence of int, length 2
        Of the two convolutions.
    """
    if len(filters) != 2 or min(filters) < 1:
        raise SmugError(f"filters={list(filters)}; give two numbers, one for each convolution")
    first, second = filters
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), name="digit"),
            keras.layers.Conv2D(first, 5, strides=2, activation="relu", name="conv_1"),
            keras.layers.Conv2D(second, 3, activation="relu", name="conv_2"),
            keras.layers.Flatten(name="features"),
            keras.layers.Dense(10, activation="softmax", name="digit_probability"),
        ],
        name="mnist_cnn",
    )


def scale(images: np.ndarray) -> np.ndarray:
    """Bring uint8 pixels (n, 28, 28) to the network's input: float32 (n, 28, 28, 1) in [0, 1]."""
    return mnist_mlp.scale(images)[..., np.newaxis]
