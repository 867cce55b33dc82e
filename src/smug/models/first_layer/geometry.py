"""Read a linear layer's weights and geometry into arrays, as its type describes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from smug.masks.linear import LinearMap
from smug.models import rewire
from smug.models.first_layer.kernels import TRANSPOSED, array, kernel_of, spread
from smug.models.first_layer.search import (
    PADDING,
    channels_first,
    entry_of,
    flat_input_shape,
    inner_layer,
    kind_of,
)

layers = keras.layers


def read_layer(
    calls: list[rewire.Call], index: int, image_shape: tuple[int, ...] | None
) -> LinearMap:
    """Arrays of a linear layer without what follows it.

    Parameters
    ----------
    calls : list of Call
        The whole pass.
    index : int
        The layer among them.
    image_shape : tuple of int, optional
        Rows and columns of the image behind a dense layer's flat input.

    Raises
    ------
    SmugError
        If the layer's settings cannot be encoded.
    """
    call, entry = calls[index], entry_of(calls, index)
    layer, kind = inner_layer(call.op), kind_of(call.op)
    kernel = kernel_of(layer)
    bias = array(layer.bias) if layer.use_bias else np.zeros(kernel.shape[-1])
    origin, first = None, channels_first(layer)
    if kind == "dense":
        spatial = flat_input_shape(calls, index, image_shape)
        kernel = kernel.reshape(*spatial, -1, kernel.shape[-1])
        strides, dilation, pads = (1,) * len(spatial), (1,) * len(spatial), (0,) * len(spatial)
    else:
        spatial = _positions(entry.inputs[0], first)
        strides, dilation = tuple(layer.strides), tuple(layer.dilation_rate)
        if isinstance(layer, TRANSPOSED):
            origin = spread(spatial, strides, kernel.shape[-2], first)
            pads = _transposed_pads(layer, spatial)
            strides = (1,) * len(spatial)
        else:
            pads = _pads(layer, entry, _positions(call.inputs[0], first))
    return LinearMap(
        name=call.op.name,
        kind=kind,
        kernel=kernel,
        bias=bias,
        spatial=tuple(int(side) for side in spatial),
        output_shape=tuple(int(side) for side in call.output.shape[1:]),
        strides=strides,
        dilation=dilation,
        pads=pads,
        origin=origin,
        channels_first=first,
    )


def _positions(tensor: Any, first: bool) -> tuple[int, ...]:
    return tuple(tensor.shape[2:] if first else tensor.shape[1:-1])


def with_norm(linear: LinearMap, norm: keras.layers.BatchNormalization) -> LinearMap:
    """Fold the inference-time batch normalisation that follows the layer."""
    scale = 1 / np.sqrt(array(norm.moving_variance) + norm.epsilon)
    if norm.scale:
        scale = scale * array(norm.gamma)
    shift = -array(norm.moving_mean) * scale
    if norm.center:
        shift = shift + array(norm.beta)
    rank = len(linear.output_shape)
    axis = norm.axis if norm.axis < 0 else norm.axis - 1 - rank
    if axis != -1 or linear.per_node or linear.channels_first:
        shape = tuple(scale.size if i - rank == axis else 1 for i in range(rank))
        scale, shift = scale.reshape(shape), shift.reshape(shape)
    return replace(linear, scale=scale, shift=shift)


def _pads(layer: Any, entry: rewire.Call, padded: tuple[int, ...]) -> tuple[int, ...]:
    """Zeros before the first row and column: explicit ones, then the convolution's own."""
    explicit = [0] * len(padded)
    if isinstance(entry.op, PADDING):
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


def _transposed_pads(layer: Any, spatial: tuple[int, ...]) -> tuple[int, ...]:
    """Zeros before the first row and column of what a transposed convolution reads, see `spread`.

    It is the gradient of the convolution that makes its input of its output.
    """
    pads = []
    for side, taps, stride, step in zip(
        spatial, layer.kernel_size, layer.strides, layer.dilation_rate, strict=True
    ):
        reach = (taps - 1) * step
        cut = max((side - 1) * stride + reach + 1 - side * stride, 0)
        pads.append(reach - (cut // 2 if layer.padding == "same" else 0))
    return tuple(pads)
