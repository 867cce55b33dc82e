"""The dense network for digits: 784 - hidden ReLU layers - 10 softmax (paper, section 4.1)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np


def build(hidden: Sequence[int] = (32,), *, learning_rate: float = 1e-3) -> keras.Model:
    """Build and compile the network; input (batch, 28, 28) in [0, 1], output probabilities.

    Parameters
    ----------
    hidden : sequence of int
        Nodes of each hidden ReLU layer.
    learning_rate : float
        Of Adam.
    """
    layers = [keras.Input((28, 28), name="digit"), keras.layers.Flatten(name="pixels")]
    layers += [
        keras.layers.Dense(nodes, activation="relu", name=f"hidden_{i}")
        for i, nodes in enumerate(hidden, 1)
    ]
    layers.append(keras.layers.Dense(10, activation="softmax", name="digit_probability"))
    model = keras.Sequential(layers, name="mnist_mlp")
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def train(
    train_images: np.ndarray,
    train_labels: np.ndarray,
    *,
    hidden: Sequence[int] = (32,),
    learning_rate: float = 1e-3,
    batch_size: int = 32,
    epochs: int = 2,
    seed: int = 0,
) -> keras.Model:
    """Train the network on uint8 digits of shape (n, 28, 28); the same seed, the same weights."""
    keras.utils.set_random_seed(seed)
    model = build(hidden, learning_rate=learning_rate)
    model.fit(scale(train_images), train_labels, batch_size=batch_size, epochs=epochs, verbose=2)
    return model


def scale(images: np.ndarray) -> np.ndarray:
    """Bring uint8 pixels to float32 in [0, 1], the network's input range."""
    return np.asarray(images, np.float32) / 255
