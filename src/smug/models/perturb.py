"""Change a model's weights for a while; they come back bit for bit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras
import numpy as np

from smug.errors import SmugError


def parameters(model: keras.Model) -> list[keras.Variable]:
    """Weights that training moves, frozen or not; no moving statistics; each once."""
    # A frozen layer lists its parameters as non-trainable, beside the moving statistics, so the
    # public lists cannot tell them apart.
    layers = model._flatten_layers()
    return list({id(w): w for layer in layers for w in layer._trainable_variables}.values())


@contextmanager
def restored(weights: Sequence[keras.Variable]) -> Iterator[None]:
    """Within the block the weights may be assigned; afterwards they are what they were."""
    before = [weight.numpy().copy() for weight in weights]
    try:
        yield
    finally:
        for weight, value in zip(weights, before, strict=True):
            weight.assign(value)


@contextmanager
def perturbed(model: keras.Model, noise: float, *, seed: int | Sequence[int]) -> Iterator[None]:
    """Within the block, every parameter carries Gaussian noise.

    Functions of :func:`smug.models.rewire.compiled` read the weights when called, so they see it.

    Parameters
    ----------
    model : keras.Model
    noise : float
        Standard deviation, as a share of the root mean square of the parameter's own tensor: a
        tensor of zeros stays. Moving statistics of batch normalisation stay too, since they
        describe the data.
    seed : int or sequence of int
        The same seed draws the same noise, whatever its size.

    Raises
    ------
    SmugError
        If the noise is negative or not finite.
    """
    if not 0 <= noise < np.inf:
        raise SmugError(f"noise={noise} is not a share of the weights; give a number of 0 or more")
    weights, rng = parameters(model), np.random.default_rng(seed)
    with restored(weights):
        for weight in weights:
            value = weight.numpy().copy()
            scale = noise * np.sqrt(np.mean(np.square(value, dtype=np.float64)))
            weight.assign(value + np.float32(scale) * rng.standard_normal(value.shape, np.float32))
        yield


def same_class(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Rows in which two outputs, shape (batch, classes), name the same class; (batch,) bool.

    One output names the class by its side of 0.5.
    """
    if first.shape[1] == 1:
        return (first[:, 0] >= 0.5) == (second[:, 0] >= 0.5)
    return first.argmax(axis=1) == second.argmax(axis=1)
