"""Find a model's first linear layer among the calls of one pass, and what belongs to it."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import keras

from smug.errors import SmugError
from smug.models import rewire
from smug.models.first_layer.kernels import TRANSPOSED
from smug.models.saved_model import check_open

layers = keras.layers

PADDING = (layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D)
_KINDS = {
    "dense": (layers.Dense,),
    "conv1d": (
        *(layers.Conv1D, layers.DepthwiseConv1D, layers.SeparableConv1D, layers.Conv1DTranspose),
    ),
    "conv2d": (
        *(layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D, layers.Conv2DTranspose),
    ),
    "conv3d": (layers.Conv3D, layers.Conv3DTranspose),
}
_ACTIVATIONS = (layers.Activation, layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU)
_ACTIVATION_OPS = {"Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Silu", "Gelu", "HardSwish"}
ALLOWED = (
    "the first computing layer must be Dense on a flat input, or a convolution over one, two or "
    "three axes (in groups, depthwise, separable, transposed, too); before it may stand what works "
    "on each pixel or word by itself, what moves, crops or pads, linear resizing and pooling, and "
    "an Embedding. Name another layer, explain the part of the model behind, or use a method that "
    "asks nothing of the first layer: integrated_gradients, gradients, ggig, geometric_ensemble or "
    "sis"
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
        If there is none.
    """
    for index, call in enumerate(calls):
        if kind_of(call.op):
            return index
    check_open(model, "SMUG")
    last = f", it ends with {title(calls[-1].op)}" if calls else ""
    raise SmugError(f"model {model.name!r} has no linear layer{last}; {ALLOWED}")


def title(op: Any) -> str:
    """Name and type of a layer, for messages."""
    return f"{op.name!r} ({type(op).__name__})"


def named(model: keras.Model, calls: list[rewire.Call], name: keras.Layer | str) -> int:
    """Index of the only call of that linear layer, or of the one of that name."""
    layer = rewire.layer_named(model, name) if isinstance(name, str) else name
    name = layer.name
    found = [index for index, call in enumerate(calls) if call.op is layer]
    if not kind_of(layer):
        raise SmugError(
            f"layer {name!r} is a {type(layer).__name__}; a first layer must be Dense or a "
            "convolution"
        )
    if len(found) != 1:
        raise SmugError(f"layer {name!r} runs {len(found)} times in one pass; it must run once")
    return found[0]


def inner_layer(op: Any) -> Any:
    """Layer that a weight normalisation of Keras wraps; any other layer itself."""
    return op.layer if isinstance(op, layers.SpectralNormalization) else op


def kind_of(op: Any) -> str:
    """Kind of a layer that can be encoded; empty for any other."""
    return next((kind for kind, known in _KINDS.items() if isinstance(inner_layer(op), known)), "")


def channels_first(op: Any) -> bool:
    """True if a layer reads channels from the first axis behind the batch."""
    return getattr(inner_layer(op), "data_format", None) == "channels_first"


def entry_of(calls: list[rewire.Call], index: int) -> rewire.Call:
    """Zero padding directly before the layer belongs to it: masks act on what is padded."""
    layer, before = calls[index].op, producer(calls, calls[index].inputs[0])
    reads_zeros = kind_of(layer) != "dense" and not isinstance(inner_layer(layer), TRANSPOSED)
    padded = reads_zeros and before and isinstance(before.op, PADDING)
    if before and padded and channels_first(before.op) == channels_first(layer):
        return before
    return calls[index]


def producer(calls: list[rewire.Call], tensor: Any) -> rewire.Call | None:
    """Find the call that made a tensor; layers that hand it through unchanged do not count."""
    return next((call for call in calls if call.output is tensor and works(call)), None)


def works(call: rewire.Call) -> bool:
    """True if a call made a new tensor (dropout, at inference, hands its input through)."""
    return all(value is not call.output for value in call.inputs)


def flat_input_shape(
    calls: list[rewire.Call], index: int, image_shape: tuple[int, ...] | None
) -> tuple[int, ...]:
    """Shape of the positions behind a dense layer's flat input; features left over are channels.

    Raises
    ------
    SmugError
        If the layer's input is not flat, or is no image of that shape.
    """
    op, shape = calls[index].op, tuple(calls[index].inputs[0].shape[1:])
    if len(shape) != 1:
        raise SmugError(
            f"layer {op.name!r} (Dense) works on an input of shape {shape}; only flat inputs "
            f"can be encoded: {ALLOWED}"
        )
    if image_shape is not None:
        if shape[0] % prod(image_shape):
            raise SmugError(
                f"image_shape={image_shape} does not fit the {shape[0]} inputs of layer {op.name!r}"
            )
        return tuple(image_shape)
    before = unflattened(calls, index)
    words = any(isinstance(other.op, layers.Embedding) for other in calls)
    return before[:-1] if len(before) in (3, 4) or (words and len(before) == 2) else before


def unflattened(calls: list[rewire.Call], index: int) -> tuple[int, ...]:
    """Shape of a dense layer's input before it was flattened."""
    tensor = calls[index].inputs[0]
    made = producer(calls, tensor)
    while made and isinstance(made.op, layers.Flatten | layers.Reshape):
        tensor, made = made.inputs[0], producer(calls, made.inputs[0])
    return tuple(int(side) for side in tensor.shape[1:])


def vocabulary(model: keras.Model) -> int:
    """Number of integers that all of the model's embeddings know; 2 without one."""
    embeddings = [op for op in rewire.leaves(model) if isinstance(op, layers.Embedding)]
    return min((op.input_dim for op in embeddings), default=2)


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
    users = [call for call in calls if works(call) and any(v is made.output for v in call.inputs)]
    return users[0] if len(users) == 1 else None
