"""Find the first linear layer of any Keras 3 model, and the rest of the model behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from smug.errors import SmugError
from smug.masks.linear import LinearMap
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
_PADDING = (layers.ZeroPadding1D, layers.ZeroPadding2D)
_KINDS = {layers.Dense: "dense", layers.Conv1D: "conv1d", layers.Conv2D: "conv2d"}
_ACTIVATIONS = (layers.Activation, layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU)
_ACTIVATION_OPS = {"Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Silu", "Gelu", "HardSwish"}
_ALLOWED = (
    "the first computing layer must be Dense on a flat input, Conv2D, or Conv1D; before it only "
    "per-element preprocessing, zero padding, reshaping, dropout or an Embedding. Name another "
    "layer, or explain the part of the model behind the preprocessing"
)


@dataclass(frozen=True)
class FirstLayer:
    """A model's first linear layer as arrays, with the model around it.

    Parameters
    ----------
    linear : LinearMap
        Weights, geometry and folded batch normalisation as they were when the layer was found.
    model : keras.Model
    entry : keras.layers.Layer
        The layer whose input is the layer's input: the layer itself, or the zero padding
        directly before it.
    site : keras.layers.Layer or keras.Operation
        The layer whose output is the activation ``a``: the end of the chain linear layer, batch
        normalisation, activation (each if present). A ReLU that is no layer (a subclassed model
        calling a function) is not part of it; Integrated Gradients from zero agree all the
        same wherever ``o > 0``, because ``t * relu(o) == relu(t * o)``.
    """

    linear: LinearMap
    model: keras.Model
    entry: Any
    site: Any

    @property
    def name(self) -> str:
        """Name of the linear layer in the model."""
        return self.linear.name

    def linear_input(self, x: np.ndarray) -> np.ndarray:
        """Compute the tensor that enters the linear layer.

        Parameters
        ----------
        x : numpy.ndarray, shape (batch, ...)
            Inputs of the model.

        Returns
        -------
        numpy.ndarray, shape (batch, ...)
            Image after preprocessing (before zero padding), word embeddings, or flat vector.
        """
        return rewire.tensor_at(self.model, self.entry, x, side="input")

    def activations(self, x: np.ndarray) -> np.ndarray:
        """Compute the first layer's activations ``a``, shape (batch, *linear.output_shape)."""
        return rewire.tensor_at(self.model, self.site, x, side="output")

    def tail(self, x: np.ndarray, activations: np.ndarray) -> np.ndarray:
        """Run the rest of the model on given activations.

        Parameters
        ----------
        x : numpy.ndarray, shape (batch, ...)
            Inputs of the model, for whatever bypasses the first layer.
        activations : numpy.ndarray, shape (batch, *linear.output_shape)

        Returns
        -------
        numpy.ndarray, shape (batch, classes)
        """
        return rewire.outputs_from(self.model, self.site, x, activations)


def find_first_layer(
    model: keras.Model,
    name: str | None = None,
    *,
    x: np.ndarray | None = None,
    image_shape: tuple[int, ...] | None = None,
) -> FirstLayer:
    """Find the first linear layer of a model by watching it run once.

    Parameters
    ----------
    model : keras.Model
        Sequential, functional, subclassed, nested.
    name : str, optional
        Take this layer instead of the first computing one; what stands before it is then not
        checked, and masks act on the tensor that enters it.
    x : numpy.ndarray, shape (1, ...), optional
        An input, where the model leaves its input shape open.
    image_shape : tuple of int, optional
        Rows and columns of the image behind a dense layer's flat input; by default the shape
        before flattening, or no image (each feature is a position).

    Raises
    ------
    SmugError
        If the first computing layer is not linear or its settings cannot be encoded; the
        message names the layer and what is allowed.
    """
    calls = rewire.record_calls(model, _example(model) if x is None else np.asarray(x)[:1])
    index = _first_computing(model, calls) if name is None else _named(model, calls, name)
    call = calls[index]
    entry = _entry(calls, index)
    chain = _chain(calls, index)
    linear = _linear_map(call, entry, chain, calls, image_shape)
    if name is None:
        _check_image_size(model, calls, linear)
    return FirstLayer(linear, model, entry.op, chain[-1].op)


def _example(model: keras.Model) -> np.ndarray:
    inputs = getattr(model, "inputs", None)
    if not inputs:
        raise SmugError(
            f"model {model.name!r} has no known input shape yet; pass an input as x=, or call "
            "the model on one first"
        )
    shape = inputs[0].shape[1:]
    if None in shape:
        raise SmugError(
            f"model {model.name!r} leaves its input shape {tuple(shape)} open; pass an input as x="
        )
    return np.zeros((1, *shape), inputs[0].dtype)


def _first_computing(model: keras.Model, calls: list[rewire.Call]) -> int:
    for index, call in enumerate(calls):
        op = call.op
        if _kind(op):
            return index
        raw = not isinstance(op, layers.Layer)
        if not isinstance(op, _PREPROCESSING) and not (
            raw and type(op).__name__ in _PREPROCESSING_OPS
        ):
            raise SmugError(
                f"model {model.name!r} starts with {op.name!r} ({type(op).__name__}), which is "
                f"not linear or mixes its input; {_ALLOWED}"
            )
    raise SmugError(f"model {model.name!r} has no linear layer; {_ALLOWED}")


def _named(model: keras.Model, calls: list[rewire.Call], name: str) -> int:
    layer = rewire.layer_named(model, name)
    found = [index for index, call in enumerate(calls) if call.op is layer]
    if not _kind(layer):
        raise SmugError(
            f"layer {name!r} is a {type(layer).__name__}; a first layer must be Dense, Conv1D or "
            "Conv2D"
        )
    if len(found) != 1:
        raise SmugError(f"layer {name!r} runs {len(found)} times in one pass; it must run once")
    return found[0]


def _kind(op: Any) -> str:
    """Kind of a layer that can be encoded; empty for any other."""
    return next((kind for base, kind in _KINDS.items() if isinstance(op, base)), "")


def _entry(calls: list[rewire.Call], index: int) -> rewire.Call:
    """Zero padding directly before the layer belongs to it: masks act on what is padded."""
    before = _producer(calls, calls[index].inputs[0])
    if _kind(calls[index].op) != "dense" and before and isinstance(before.op, _PADDING):
        return before
    return calls[index]


def _producer(calls: list[rewire.Call], tensor: Any) -> rewire.Call | None:
    """Find the call that made a tensor; layers that hand it through unchanged do not count."""
    return next((call for call in calls if call.output is tensor and _works(call)), None)


def _works(call: rewire.Call) -> bool:
    """Whether a call made a new tensor (dropout, at inference, hands its input through)."""
    return all(value is not call.output for value in call.inputs)


def _chain(calls: list[rewire.Call], index: int) -> list[rewire.Call]:
    """Linear layer, its batch normalisation, its activation: each only if nothing branches off."""
    chain = [calls[index]]
    if calls[index].op.activation is not keras.activations.linear:
        return chain
    wanted = ((layers.BatchNormalization,), _ACTIVATIONS)
    for stage, kinds in enumerate(wanted):
        output = chain[-1].output
        users = [call for call in calls if _works(call) and any(v is output for v in call.inputs)]
        if len(users) != 1:
            break
        raw_activation = stage == 1 and type(users[0].op).__name__ in _ACTIVATION_OPS
        if isinstance(users[0].op, kinds) or raw_activation:
            chain.append(users[0])
    return chain


def _linear_map(
    call: rewire.Call,
    entry: rewire.Call,
    chain: list[rewire.Call],
    calls: list[rewire.Call],
    image_shape: tuple[int, ...] | None,
) -> LinearMap:
    layer, kind = call.op, _kind(call.op)
    kernel = _array(layer.kernel)
    bias = _array(layer.bias) if layer.use_bias else np.zeros(kernel.shape[-1])
    if kind == "dense":
        spatial = _flat_input_shape(call, calls, image_shape)
        kernel = kernel.reshape(*spatial, -1, kernel.shape[-1])
        strides, dilation, pads = (1,) * len(spatial), (1,) * len(spatial), (0,) * len(spatial)
    else:
        _check_convolution(layer, entry, kernel)
        spatial = tuple(entry.inputs[0].shape[1:-1])
        strides, dilation = tuple(layer.strides), tuple(layer.dilation_rate)
        pads = _pads(layer, entry, tuple(call.inputs[0].shape[1:-1]))
    scale, shift = _folded(chain[1].op) if len(chain) > 1 else (None, None)
    return LinearMap(
        name=layer.name,
        kind=kind,
        kernel=kernel,
        bias=bias,
        spatial=tuple(int(side) for side in spatial),
        output_shape=tuple(int(side) for side in call.output.shape[1:]),
        strides=strides,
        dilation=dilation,
        pads=pads,
        scale=scale,
        shift=shift,
    )


def _flat_input_shape(
    call: rewire.Call, calls: list[rewire.Call], image_shape: tuple[int, ...] | None
) -> tuple[int, ...]:
    """Shape of the positions behind a dense layer's flat input; features left over are channels."""
    shape = tuple(call.inputs[0].shape[1:])
    if len(shape) != 1:
        raise SmugError(
            f"layer {call.op.name!r} (Dense) works on an input of shape {shape}; only flat inputs "
            f"can be encoded: {_ALLOWED}"
        )
    if image_shape is not None:
        if shape[0] % int(np.prod(image_shape)):
            raise SmugError(
                f"image_shape={image_shape} does not fit the {shape[0]} inputs of layer "
                f"{call.op.name!r}"
            )
        return tuple(image_shape)
    tensor, made = call.inputs[0], _producer(calls, call.inputs[0])
    while made and isinstance(made.op, layers.Flatten | layers.Reshape):
        tensor, made = made.inputs[0], _producer(calls, made.inputs[0])
    before = tuple(tensor.shape[1:])
    words = any(isinstance(other.op, layers.Embedding) for other in calls)
    return before[:-1] if len(before) == 3 or (words and len(before) == 2) else before


def _check_convolution(layer: Any, entry: rewire.Call, kernel: np.ndarray) -> None:
    padding_format = getattr(entry.op, "data_format", "channels_last")
    if layer.data_format != "channels_last" or padding_format != "channels_last":
        raise SmugError(f"layer {layer.name!r} has channels first; only channels_last is supported")
    if layer.groups != 1:
        raise SmugError(
            f"layer {layer.name!r} is a convolution in {layer.groups} groups; only groups=1 can "
            "be encoded"
        )


def _pads(layer: Any, entry: rewire.Call, padded: tuple[int, ...]) -> tuple[int, ...]:
    """Zeros before the first row and column: explicit ones, then the convolution's own."""
    explicit = [0] * len(padded)
    if entry.op is not layer:
        padding = entry.op.padding
        pairs = (padding,) if isinstance(entry.op, layers.ZeroPadding1D) else padding
        explicit = [before for before, _ in pairs]
    own = []
    for side, taps, stride, step in zip(
        padded, layer.kernel_size, layer.strides, layer.dilation_rate, strict=True
    ):
        reach = (taps - 1) * step
        needed = max((-(-side // stride) - 1) * stride + reach + 1 - side, 0)
        own.append({"valid": 0, "same": needed // 2, "causal": reach}[layer.padding])
    return tuple(int(a + b) for a, b in zip(explicit, own, strict=True))


def _folded(op: Any) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Scale and shift of an inference-time batch normalisation, shape (filters,)."""
    if not isinstance(op, layers.BatchNormalization):
        return None, None
    scale = 1 / np.sqrt(_array(op.moving_variance) + op.epsilon)
    if op.scale:
        scale = scale * _array(op.gamma)
    shift = -_array(op.moving_mean) * scale
    return scale, shift + _array(op.beta) if op.center else shift


def _array(variable: Any) -> np.ndarray:
    return tf.convert_to_tensor(variable).numpy().astype(np.float64)


def _check_image_size(model: keras.Model, calls: list[rewire.Call], linear: LinearMap) -> None:
    """Refuse preprocessing that resizes: a mask over the layer's input must fit the image."""
    image = tuple(calls[0].inputs[0].shape[1:])
    if linear.kind == "conv2d" and len(image) == 3 and image[:2] != linear.spatial:
        raise SmugError(
            f"the image of {image[0]} × {image[1]} reaches layer {linear.name!r} as "
            f"{linear.spatial[0]} × {linear.spatial[1]}, so that a mask would not fit it; "
            f"{_ALLOWED}"
        )
