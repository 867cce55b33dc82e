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
    layers = [layer for layer in model.layers if not isinstance(layer, _FREE)]
    straight = isinstance(model, keras.Sequential) or all(
        len(layer._inbound_nodes) == 1 and len(layer._outbound_nodes) <= 1 for layer in model.layers
    )
    if not layers or not straight or any(type(layer) is not keras.layers.Dense for layer in layers):
        return ()
    if any(layer.activation is not keras.activations.relu for layer in layers[:-1]):
        return ()
    if layers[-1].activation not in (keras.activations.softmax, keras.activations.linear):
        return ()
    return tuple(
        (
            np.asarray(layer.kernel, np.float64),
            np.asarray(layer.bias, np.float64) if layer.use_bias else np.zeros(layer.units),
        )
        for layer in layers
    )
