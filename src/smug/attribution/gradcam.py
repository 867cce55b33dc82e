"""GradCAM (Selvaraju et al. 2017): the last feature maps, weighted by their mean gradients."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from smug.attribution.gradients import score_gradient
from smug.attribution.inputs import checked
from smug.errors import SmugError
from smug.models import rewire
from smug.models.axes import axes_of, channel_axis
from smug.models.backend import Spec
from smug.models.saved_model import check_open

_CONVOLUTIONS = (
    *(keras.layers.Conv1D, keras.layers.DepthwiseConv1D, keras.layers.SeparableConv1D),
    *(keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D),
    *(keras.layers.Conv3D, keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose),
    keras.layers.Conv3DTranspose,
)
# What stands between the last feature maps and the classifier without making maps of its own.
_AFTER_MAPS = (
    *(keras.layers.AveragePooling1D, keras.layers.AveragePooling2D, keras.layers.AveragePooling3D),
    *(keras.layers.MaxPooling1D, keras.layers.MaxPooling2D, keras.layers.MaxPooling3D),
    *(keras.layers.ZeroPadding1D, keras.layers.ZeroPadding2D, keras.layers.ZeroPadding3D),
    *(keras.layers.SpatialDropout1D, keras.layers.SpatialDropout2D, keras.layers.SpatialDropout3D),
    keras.layers.Dropout,
)
# A layer that moves the axes of its maps, or rearranges their positions, answers none.
_REARRANGE = (keras.layers.Permute, keras.layers.Reshape)


@checked
def gradcam(
    model: keras.Model, x: np.ndarray, target: np.ndarray, *, layer: keras.Layer | str | None = None
) -> np.ndarray:
    """GradCAM map of each image, series or volume.

    ``ReLU(sum_k w_k A_k)`` with ``A_k`` the feature maps and ``w_k`` the mean over positions of the
    gradient of the class score before the softmax with respect to ``A_k`` (equations 1 and 2
    there), resized linearly to the input. A model that does not end in a layer with a softmax
    or sigmoid is differentiated as it answers.

    Parameters
    ----------
    model : keras.Model
        Nested models are searched too.
    x : numpy.ndarray, shape (batch, ...)
        Inputs of a model with convolutions over one, two or three axes, in any order of axes.
    target : numpy.ndarray of int, shape (batch,)
        Class whose score is explained; a model with one output explains that output.
    layer : keras.layers.Layer or str, optional
        Layer with the feature maps, or its name; :func:`last_feature_maps` by default.

    Returns
    -------
    numpy.ndarray of float32, shape ``(batch, *positions)``
        Non-negative; the input's axes without its channels, in the input's order.
    """
    if x.ndim < 3:
        raise SmugError(
            f"GradCAM explains images, series and volumes; the input has shape {x.shape}"
        )
    axes = axes_of(model, x)
    shape = axes.shape(x)
    calls = rewire.record_calls(model, x[:1])
    site: Any = rewire.layer_named(model, layer) if isinstance(layer, str) else layer
    if site is None:
        site = last_feature_maps(model, x[:1])
    maps = rewire.tensor_at(model, site, x, side="output")
    size = shape if axes.origin is None else axes.origin.shape
    if maps.ndim not in (3, 4, 5) or maps.ndim != len(size) + 2:
        raise SmugError(
            f"layer {site.name!r} answers shape {maps.shape}; GradCAM needs feature maps "
            f"over the {len(size)} axes of the input's positions, such as (batch, height, width, "
            "channels): name a convolution"
        )
    channels = _channels(calls, site, maps)
    logits = rewire.logit_calls(model, x[:1])
    signature = tuple(Spec.of_batch(part) for part in (x, maps, target))

    def run(inputs: Any, maps: Any, target: Any) -> Any:
        with rewire.substituted(logits):
            gradient, _ = score_gradient(model, site, inputs, maps, target)
        if channels == 1:
            order = (0, *range(2, maps.ndim), 1)
            gradient, maps = ops.transpose(gradient, order), ops.transpose(maps, order)
        weights = ops.mean(gradient, axis=tuple(range(1, maps.ndim - 1)), keepdims=True)
        combined = ops.relu(ops.sum(weights * maps, axis=-1, keepdims=True))
        return _resized(combined, size)

    def build() -> Callable:
        return rewire.traced(model, run, signature)

    function = rewire.compiled(model, ("gradcam", site, *signature), build)
    return axes.placed(ops.convert_to_numpy(function(x, maps, target)), shape)


def _resized(maps: Any, size: tuple[int, ...]) -> Any:
    """Resize maps, shape (batch, ..., 1), linearly along each axis; shape (batch, *size)."""
    resize = functools.partial(ops.image.resize, data_format="channels_last")
    if len(size) == 2:
        return resize(maps, size)[..., 0]
    lengths = list(maps.shape[1:-1])
    for axis, length in enumerate(size):
        after = int(np.prod(lengths[axis + 1 :]))
        lines = ops.reshape(maps, (-1, lengths[axis], after, 1))
        maps, lengths[axis] = resize(lines, (length, after)), length
    return ops.reshape(maps, (-1, *size))


def _channels(calls: list[rewire.Call], site: Any, maps: np.ndarray) -> int:
    """Axis of the channels of feature maps: that of the last convolution or pooling up to them."""
    last = site.op if isinstance(site, rewire.Run) else site
    channels = maps.ndim - 1
    for call in calls:
        told = channel_axis(call.op, maps) if isinstance(call.op, keras.layers.Layer) else None
        channels = channels if told is None else told
        if call.op is last and (not isinstance(site, rewire.Run) or call.run == site):
            break
    return channels


def last_feature_maps(model: keras.Model, x: np.ndarray) -> Any:
    """Find the layer whose output is the model's last feature maps, before pooling or flattening.

    That is the last one to answer maps of more than one position: in a plain network the
    activation after the last convolution, in a branching one what joins the last branches.

    Parameters
    ----------
    model : keras.Model
    x : array-like, shape (batch, ...)
        Any input; the model is run on it once.

    Returns
    -------
    smug.models.rewire.Run
        The execution of that layer: an activation may run after several convolutions.

    Raises
    ------
    SmugError
        If the model runs no convolution that answers such maps.
    """
    calls = rewire.record_calls(model, x)
    convolutions = [i for i, call in enumerate(calls) if isinstance(call.op, _CONVOLUTIONS)]
    if not convolutions:
        check_open(model, "GradCAM")
        raise SmugError(
            f"model {model.name!r} has no two-dimensional convolution, nor one over a series or a "
            "volume, so GradCAM has no feature maps; leave GradCAM out, or name a layer that "
            "answers (batch, height, width, channels)"
        )
    rank = len(calls[convolutions[0]].output.shape)
    found = [call.run for call in calls[convolutions[0] :] if _answers_maps(call, rank)]
    if not found:
        raise SmugError(
            f"every convolution of model {model.name!r} answers a single position, so GradCAM has "
            "nothing to show; leave it out"
        )
    return found[-1]


def _answers_maps(call: rewire.Call, rank: int) -> bool:
    shape = getattr(call.output, "shape", ())
    if len(shape) != rank or isinstance(call.op, (*_AFTER_MAPS, *_REARRANGE)):
        return False
    # One position: global pooling that keeps its axes, and what follows it (a gate, a classifier).
    channels = channel_axis(call.op, call.output) or rank - 1
    return max(side for axis, side in enumerate(shape) if axis not in (0, channels)) > 1
