"""Networks made of dense ReLU layers only, as arrays: those the full encoding can take."""

from __future__ import annotations

import keras
import numpy as np

_FREE = (keras.layers.InputLayer, keras.layers.Flatten, keras.layers.Dropout)


def dense_layers(model: keras.Model) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Kernels and biases of a network of dense layers, the last one giving the logits.

    Parameters
    ----------
    model : keras.Model
        Sequential, or functional without branches.

    Returns
    -------
    tuple of (kernel, bias)
        float64, kernel (inputs, nodes); empty where the model is no such network: another kind
        of layer, a hidden activation other than ReLU, a last one other than softmax or none.
    """
    if not _fits(model):
        return ()
    return tuple(
        (
            np.asarray(layer.kernel, np.float64),
            np.asarray(layer.bias, np.float64) if layer.use_bias else np.zeros(layer.units),
        )
        for layer in _weighted(model)
    )


def _fits(model: keras.Model) -> bool:
    layers = _weighted(model)
    if not layers or any(type(layer) is not keras.layers.Dense for layer in layers):
        return False
    straight = isinstance(model, keras.Sequential) or all(
        len(layer._inbound_nodes) == 1 and len(layer._outbound_nodes) <= 1 for layer in model.layers
    )
    last = (keras.activations.softmax, keras.activations.linear)
    hidden = all(layer.activation is keras.activations.relu for layer in layers[:-1])
    return straight and hidden and layers[-1].activation in last


def _weighted(model: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if not isinstance(layer, _FREE)]
