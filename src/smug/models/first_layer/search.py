"""Find a model's first linear layer among the calls of one pass, and what belongs to it."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras

from smug.errors import SmugError
from smug.models import rewire

layers = keras.layers

# Layers that may stand before the first linear one: they work on each element by itself, add
# zeros, only change the shape, or do nothing at inference time.
_PREPROCESSING = (
    layers.InputLayer,
    layers.Rescaling,
    layers.Normalization,
    layers.BatchNormalization,
    layers.ZeroPadding1D,
    layers.ZeroPadding2D,
    layers.Flatten,
    layers.Reshape,
    layers.Identity,
    layers.Masking,
    layers.Dropout,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
    layers.GaussianNoise,
    layers.GaussianDropout,
    layers.Embedding,
)
# The same for raw operations of a functional model, by class name: keras.ops has no public ones.
_PREPROCESSING_OPS = {
    *("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Negative"),
    *("Cast", "Reshape", "ExpandDims", "Squeeze", "Flip", "GetItem"),
}
PADDING = (layers.ZeroPadding1D, layers.ZeroPadding2D)
_KINDS = {layers.Dense: "dense", layers.Conv1D: "conv1d", layers.Conv2D: "conv2d"}
_ACTIVATIONS = (layers.Activation, layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU)
_ACTIVATION_OPS = {"Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Silu", "Gelu", "HardSwish"}
ALLOWED = (
    "the first computing layer must be Dense on a flat input, Conv2D, or Conv1D; before it only "
    "per-element preprocessing, zero padding, reshaping, dropout or an Embedding. Name another "
    "layer, or explain the part of the model behind the preprocessing"
)


class Chain(NamedTuple):
    """Linear layer, its batch normalisation, its activation: each only if nothing branches off."""

    layer: rewire.Call
    norm: rewire.Call | None = None
    activation: rewire.Call | None = None

    @property
    def linear_end(self) -> rewire.Call:
        """Call that answers ``o``."""
        return self.norm or self.layer

    @property
    def end(self) -> rewire.Call:
        """Call that answers the activation ``a``."""
        return self.activation or self.linear_end


def first_computing(model: keras.Model, calls: list[rewire.Call]) -> int:
    """Index of the first linear layer's call.

    Raises
    ------
    SmugError
        If a layer that is not linear stands before it, or there is none.
    """
    for index, call in enumerate(calls):
        op = call.op
        if kind_of(op):
            return index
        raw = not isinstance(op, layers.Layer)
        if not isinstance(op, _PREPROCESSING) and not (
            raw and type(op).__name__ in _PREPROCESSING_OPS
        ):
            raise SmugError(
                f"model {model.name!r} starts with {op.name!r} ({type(op).__name__}), which is "
                f"not linear or mixes its input; {ALLOWED}"
            )
    raise SmugError(f"model {model.name!r} has no linear layer; {ALLOWED}")


def named(model: keras.Model, calls: list[rewire.Call], name: keras.Layer | str) -> int:
    """Index of the only call of that linear layer, or of the one of that name."""
    layer = rewire.layer_named(model, name) if isinstance(name, str) else name
    name = layer.name
    found = [index for index, call in enumerate(calls) if call.op is layer]
    if not kind_of(layer):
        raise SmugError(
            f"layer {name!r} is a {type(layer).__name__}; a first layer must be Dense, Conv1D or "
            "Conv2D"
        )
    if len(found) != 1:
        raise SmugError(f"layer {name!r} runs {len(found)} times in one pass; it must run once")
    return found[0]


def inner_layer(op: Any) -> Any:
    """Layer that a weight normalisation of Keras wraps; any other layer itself."""
    return op.layer if isinstance(op, layers.SpectralNormalization) else op


def kind_of(op: Any) -> str:
    """Kind of a layer that can be encoded; empty for any other."""
    return next((kind for base, kind in _KINDS.items() if isinstance(inner_layer(op), base)), "")


def entry_of(calls: list[rewire.Call], index: int) -> rewire.Call:
    """Zero padding directly before the layer belongs to it: masks act on what is padded."""
    before = producer(calls, calls[index].inputs[0])
    if kind_of(calls[index].op) != "dense" and before and isinstance(before.op, PADDING):
        return before
    return calls[index]


def producer(calls: list[rewire.Call], tensor: Any) -> rewire.Call | None:
    """Find the call that made a tensor; layers that hand it through unchanged do not count."""
    return next((call for call in calls if call.output is tensor and _works(call)), None)


def _works(call: rewire.Call) -> bool:
    """True if a call made a new tensor (dropout, at inference, hands its input through)."""
    return all(value is not call.output for value in call.inputs)


def chain_of(calls: list[rewire.Call], index: int) -> Chain:
    """Call of the linear layer with the calls behind it that belong to it."""
    layer = calls[index]
    if inner_layer(layer.op).activation is not keras.activations.linear:
        return Chain(layer)
    norm = _only_user(calls, layer)
    if norm is not None and not isinstance(norm.op, layers.BatchNormalization):
        norm = None
    activation = _only_user(calls, norm or layer)
    if activation is not None and not (
        isinstance(activation.op, _ACTIVATIONS) or type(activation.op).__name__ in _ACTIVATION_OPS
    ):
        activation = None
    return Chain(layer, norm, activation)


def _only_user(calls: list[rewire.Call], made: rewire.Call) -> rewire.Call | None:
    """Call that alone reads what another one made."""
    users = [call for call in calls if _works(call) and any(v is made.output for v in call.inputs)]
    return users[0] if len(users) == 1 else None
