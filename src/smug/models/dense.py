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
    if misfit(model) is not None:
        return ()
    return tuple(
        (
            np.asarray(layer.kernel, np.float64),
            np.asarray(layer.bias, np.float64) if layer.use_bias else np.zeros(layer.units),
        )
        for layer in _weighted(model)
    )


def misfit(model: keras.Model) -> str | None:
    """The first thing for which :func:`dense_layers` refuses a model, in words; None if it fits."""
    layers = _weighted(model)
    if not layers:
        return "no layer with weights"
    for layer in layers:
        if type(layer) is not keras.layers.Dense:
            return f"layer {layer.name!r} ({type(layer).__name__})"
    straight = isinstance(model, keras.Sequential) or all(
        len(layer._inbound_nodes) == 1 and len(layer._outbound_nodes) <= 1 for layer in model.layers
    )
    if not straight:
        return "branches, or a layer that runs twice"
    last = (keras.activations.softmax, keras.activations.linear)
    for layer in layers:
        allowed = last if layer is layers[-1] else (keras.activations.relu,)
        if layer.activation not in allowed:
            name = getattr(layer.activation, "__name__", layer.activation)
            return f"activation {name} in layer {layer.name!r}"
    return None


def _weighted(model: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if not isinstance(layer, _FREE)]
