"""Weights of linear layers as one kernel over all channels, whatever the type of the layer."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from scipy import sparse

from smug.masks.origin import Origin

layers = keras.layers

DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
SEPARABLE = (layers.SeparableConv1D, layers.SeparableConv2D)
TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)


def array(variable: Any) -> np.ndarray:
    """Values of a weight, float64."""
    return np.asarray(keras.ops.convert_to_numpy(variable)).astype(np.float64)


def kernel_of(layer: Any) -> np.ndarray:
    """Kernel of a linear layer, shape ``(*taps, channels, filters)``, float64.

    A filter that sees some channels only (in groups, or depthwise) has zeros for the others; a
    mask hides all channels of a position at once. The two parts of a separable convolution, with
    nothing between them, make one kernel: its nodes are those of the whole layer. A transposed
    convolution is an ordinary one, with its taps in reverse, over the input with zeros between
    its positions (:func:`spread`).

    Parameters
    ----------
    layer : keras.layers.Layer
        Dense, or a convolution over one, two or three axes.
    """
    if isinstance(layer, DEPTHWISE):
        return _each_channel(array(layer.kernel))
    if isinstance(layer, SEPARABLE):
        pointwise = array(layer.pointwise_kernel)
        combined = _each_channel(array(layer.depthwise_kernel)) @ pointwise.reshape(
            pointwise.shape[-2:]
        )
        return np.asarray(combined)
    kernel = array(layer.kernel)
    if isinstance(layer, TRANSPOSED):
        taps = tuple(range(kernel.ndim - 2))
        return np.flip(kernel, taps).swapaxes(-1, -2)
    return in_groups(kernel, getattr(layer, "groups", 1))


def in_groups(kernel: np.ndarray, groups: int) -> np.ndarray:
    """Kernel over all channels of a convolution whose filters see one group of channels each.

    Parameters
    ----------
    kernel : numpy.ndarray, shape (*taps, channels of a group, filters)
        The filters of the first group come first.
    groups : int
    """
    *taps, inside, filters = kernel.shape
    made = np.zeros((*taps, groups, inside, groups, filters // groups))
    for group, part in enumerate(np.split(kernel, groups, axis=-1)):
        made[..., group, :, group, :] = part
    return made.reshape(*taps, groups * inside, filters)


def _each_channel(kernel: np.ndarray) -> np.ndarray:
    """Kernel of a depthwise convolution, (*taps, channels, multiplier), over all channels."""
    *taps, channels, multiplier = kernel.shape
    return in_groups(kernel.reshape(*taps, 1, channels * multiplier), channels)


def spread(
    spatial: tuple[int, ...], strides: tuple[int, ...], channels: int, channels_first: bool
) -> Origin:
    """Input of a transposed convolution with zeros between its positions, as its taps read it.

    Parameters
    ----------
    spatial, strides : tuple of int
        Positions of the layer's input, and its strides, one value an axis.
    channels : int
    channels_first : bool
        Whether the layer reads channels from its first axis.
    """
    inner = tuple((side - 1) * step + 1 for side, step in zip(spatial, strides, strict=True))
    places = np.meshgrid(
        *(np.arange(side) * step for side, step in zip(spatial, strides, strict=True)),
        indexing="ij",
    )
    position = np.ravel_multi_index(tuple(places), inner).ravel()
    own = np.arange(len(position))
    if channels_first:
        rows = np.concatenate([position + c * int(np.prod(inner)) for c in range(channels)])
        own = np.tile(own, channels)
    else:
        rows = (position[:, np.newaxis] * channels + np.arange(channels)).ravel()
        own = np.repeat(own, channels)
    shape = (int(np.prod(inner)) * channels, len(rows))
    mixing = sparse.csr_array((np.ones(len(rows)), (rows, np.arange(len(rows)))), shape=shape)
    return Origin(inner, own, np.zeros(shape[0]), mixing)
