"""GradCAM (Selvaraju et al. 2017): the last feature maps, weighted by their mean gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from smug.attribution.gradients import score_gradient
from smug.attribution.inputs import checked
from smug.errors import SmugError
from smug.models import rewire
from smug.models.axes import axes_of, channel_axis

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
    inputs, labels = tf.constant(x), tf.constant(target)
    if x.ndim < 3:
        raise SmugError(
            f"GradCAM explains images, series and volumes; the input has shape {x.shape}"
        )
    axes = axes_of(model, x)
    shape = axes.shape(x)
    calls = rewire.record_calls(model, inputs[:1])
    site: Any = rewire.layer_named(model, layer) if isinstance(layer, str) else layer
    if site is None:
        site = last_feature_maps(model, inputs[:1])
    maps = tf.constant(rewire.tensor_at(model, site, inputs, side="output"))
    size = shape if axes.origin is None else axes.origin.shape
    if maps.shape.rank not in (3, 4, 5) or maps.shape.rank != len(size) + 2:
        raise SmugError(
            f"layer {site.name!r} answers shape {tuple(maps.shape)}; GradCAM needs feature maps "
            f"over the {len(size)} axes of the input's positions, such as (batch, height, width, "
            "channels): name a convolution"
        )
    channels = _channels(calls, site, maps)
    logits = rewire.logit_calls(model, inputs[:1])
    signature = (rewire.batch_spec(inputs), rewire.batch_spec(maps), rewire.batch_spec(labels))

    def run(inputs: tf.Tensor, maps: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        with rewire.substituted(logits):
            gradient, _ = score_gradient(model, site, inputs, maps, target)
        if channels == 1:
            order = [0, *range(2, maps.shape.rank), 1]
            gradient, maps = tf.transpose(gradient, order), tf.transpose(maps, order)
        weights = tf.reduce_mean(gradient, axis=list(range(1, maps.shape.rank - 1)), keepdims=True)
        combined = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1, keepdims=True))
        return _resized(combined, size)

    def build() -> Callable:
        return rewire.traced(run, signature)

    function = rewire.compiled(model, ("gradcam", site, *signature), build)
    return axes.placed(function(inputs, maps, labels).numpy(), shape)


def _resized(maps: tf.Tensor, size: tuple[int, ...]) -> tf.Tensor:
    """Resize maps, shape (batch, ..., 1), linearly along each axis; shape (batch, *size)."""
    if len(size) == 2:
        return tf.image.resize(maps, size)[..., 0]
    batch, lengths = tf.shape(maps)[0], list(maps.shape[1:-1])
    for axis, length in enumerate(size):
        before, after = int(np.prod(lengths[:axis])), int(np.prod(lengths[axis + 1 :]))
        lines = tf.reshape(maps, (batch * before, lengths[axis], after, 1))
        maps, lengths[axis] = tf.image.resize(lines, (length, after)), length
    return tf.reshape(maps, (batch, *size))


def _channels(calls: list[rewire.Call], site: Any, maps: tf.Tensor) -> int:
    """Axis of the channels of feature maps: that of the last convolution or pooling up to them."""
    last = site.op if isinstance(site, rewire.Run) else site
    channels = maps.shape.rank - 1
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
