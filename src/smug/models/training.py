"""Training of the networks for digits, one way for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import keras
import numpy as np

from smug.datasets.mnist import Digits
from smug.errors import unknown_name
from smug.models.networks import mnist_cnn, mnist_mlp


class DigitNetwork(Protocol):
    """The values of the configuration section ``model`` of a network for digits."""

    name: str
    learning_rate: float
    batch_size: int
    epochs: int
    seed: int


#: Untrained networks for digits by name.
BUILDERS: dict[str, Callable[[Any], keras.Model]] = {
    "mnist_mlp": lambda settings: mnist_mlp.build(settings.hidden),
    "mnist_cnn": lambda settings: mnist_cnn.build(settings.filters),
}
#: From uint8 pixels (n, 28, 28) to each network's input.
SCALES = {"mnist_mlp": mnist_mlp.scale, "mnist_cnn": mnist_cnn.scale}


def train_digits(
    settings: DigitNetwork, train_images: np.ndarray, train_labels: np.ndarray
) -> keras.Model:
    """Train a network on digits with Adam; the same seed, the same weights.

    Parameters
    ----------
    settings
        ``name`` is one of :data:`BUILDERS`; the network's own sizes stand beside the shared ones.
    train_images : numpy.ndarray of uint8, shape (n, 28, 28)
    train_labels : numpy.ndarray of int, shape (n,)

    Raises
    ------
    SmugError
        Another network's name, or sizes that do not fit.
    """
    if settings.name not in BUILDERS:
        raise unknown_name("network for digits", settings.name, BUILDERS)
    keras.utils.set_random_seed(settings.seed)
    model = BUILDERS[settings.name](settings)
    model.compile(
        optimizer=keras.optimizers.Adam(settings.learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        SCALES[settings.name](train_images),
        train_labels,
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        verbose=2,
    )
    return model


def digit_metrics(model: keras.Model, digits: Digits) -> dict[str, Any]:
    """Loss and accuracy of a network of :func:`train_digits` on both splits, with their sizes."""
    metrics: dict[str, Any] = {"model": model.name, "dataset": "mnist"}
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
