"""The dense network for digits: 784 - hidden ReLU layers - 10 softmax (paper, section 4.1)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np


def build(hidden: Sequence[int] = (32,)) -> keras.Model:
    """Build the network; input (batch, 28, 28) in [0, 1], output probabilities.

    Parameters
    ----------
    hidden : sequence of int
        Nodes of each hidden ReLU layer.
    """
    layers = [keras.Input((28, 28), name="digit"), keras.layers.Flatten(name="pixels")]
    layers += [
        keras.layers.Dense(nodes, activation="relu", name=f"hidden_{i}")
        for i, nodes in enumerate(hidden, 1)
    ]
    layers.append(keras.layers.Dense(10, activation="softmax", name="digit_probability"))
    return keras.Sequential(layers, name="mnist_mlp")


def scale(images: np.ndarray) -> np.ndarray:
    """Bring uint8 pixels to float32 in [0, 1], the network's input range."""
    return np.asarray(images, np.float32) / 255
