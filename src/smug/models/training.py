"""Training of the networks for digits, one way for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from smug.datasets.mnist import Digits
from smug.errors import unknown_name
from smug.models.networks import mnist_cnn, mnist_mlp

#: Untrained networks for digits by name, as functions of their layers' sizes.
BUILDERS: dict[str, Callable[..., keras.Model]] = {
    "mnist_mlp": mnist_mlp.build,
    "mnist_cnn": mnist_cnn.build,
}
#: From uint8 pixels (n, 28, 28) to each network's input.
SCALES = {"mnist_mlp": mnist_mlp.scale, "mnist_cnn": mnist_cnn.scale}


def train_digits(
    train_images: np.ndarray,
    train_labels: np.ndarray,
    *,
    name: str,
    learning_rate: float,
    batch_size: int,
    epochs: int,
    seed: int,
    **sizes: Sequence[int],
) -> keras.Model:
    """Train a network on digits with Adam; the same seed, the same weights.

    Parameters
    ----------
    train_images : numpy.ndarray of uint8, shape (n, 28, 28)
    train_labels : numpy.ndarray of int, shape (n,)
    name : str
        One of :data:`BUILDERS`.
    learning_rate : float
    batch_size : int
        Number of digits per update of the weights.
    epochs : int
        Number of passes over the digits.
    seed : int
        Of the first weights and of the order of the digits.
    **sizes : sequence of int
        Sizes of the network's layers, as its builder takes them.

    Raises
    ------
    SmugError
        Another network's name, or sizes that do not fit.
    """
    if name not in BUILDERS:
        raise unknown_name("network for digits", name, BUILDERS)
    keras.utils.set_random_seed(seed)
    model = BUILDERS[name](**sizes)
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        SCALES[name](train_images), train_labels, batch_size=batch_size, epochs=epochs, verbose=2
    )
    return model


def digit_metrics(model: keras.Model, digits: Digits) -> dict[str, Any]:
    """Loss and accuracy of a network of :func:`train_digits` on both splits, with their sizes."""
    metrics: dict[str, Any] = {}
    for split, images, labels in (
        ("train", digits.train_images, digits.train_labels),
        ("test", digits.test_images, digits.test_labels),
    ):
        loss, accuracy = model.evaluate(SCALES[model.name](images), labels, verbose=0)
        metrics |= {
            f"{split}_inputs": len(labels),
            f"{split}_loss": loss,
            f"{split}_accuracy": accuracy,
        }
    return metrics
