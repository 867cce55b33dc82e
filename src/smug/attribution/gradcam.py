"""GradCAM (Selvaraju et al. 2017): the last feature maps, weighted by their mean gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from smug.attribution.gradients import check_target, score_gradient
from smug.errors import SmugError
from smug.models import rewire

_CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
)
_FOLLOWERS = (
    keras.layers.BatchNormalization,
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ELU,
)


def gradcam(
    model: keras.Model, x: np.ndarray, target: np.ndarray, *, layer: Any = None
) -> np.ndarray:
    """GradCAM map of each image.

    ``ReLU(sum_k w_k A_k)`` with ``A_k`` the feature maps and ``w_k`` the mean over positions of the
    class probability's gradient with respect to ``A_k`` (equations 1 and 2 there), resized
    bilinearly to the image. (The gradient of the probability is that of its logarithm times the
    probability, so only the map's scale depends on how sure the network is.)

    Parameters
    ----------
    model : keras.Model
        Nested models are searched too.
    x : numpy.ndarray, shape (batch, height, width, channels)
    target : numpy.ndarray of int, shape (batch,)
        Class whose probability is explained; a model with one output explains that output.
    layer : keras.layers.Layer or str, optional
        Layer with the feature maps, or its name; :func:`last_convolution` by default.

    Returns
    -------
    numpy.ndarray of float32, shape (batch, height, width)
        Non-negative.
    """
    images = rewire.as_batch(model, x)
    target = check_target(model, target, len(images))
    if images.shape.rank != 4:
        raise SmugError(f"GradCAM explains images; the input has shape {tuple(images.shape)}")
    if layer is None:
        layer = last_convolution(model, images[:1])
    elif isinstance(layer, str):
        layer = rewire.layer_named(model, layer)
    maps = tf.constant(rewire.tensor_at(model, layer, images, side="output"))
    if maps.shape.rank != 4:
        raise SmugError(
            f"layer {layer.name!r} answers shape {tuple(maps.shape)}; GradCAM needs feature maps "
            "(batch, height, width, channels): name a convolution"
        )
    signature = (rewire.batch_spec(images), rewire.batch_spec(maps), rewire.batch_spec(target))

    def run(images: tf.Tensor, maps: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        gradient, _ = score_gradient(model, layer, images, maps, target)
        weights = tf.reduce_mean(gradient, axis=(1, 2), keepdims=True)
        combined = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1, keepdims=True))
        return tf.image.resize(combined, tf.shape(images)[1:3])[..., 0]

    def build() -> Callable:
        return rewire.traced(run, signature)

    function = rewire.compiled(model, ("gradcam", layer, *signature), build)
    return function(images, maps, target).numpy()


def last_convolution(model: keras.Model, x: np.ndarray) -> Any:
    """Find the layer whose output is the model's last feature maps.

    That is the last two-dimensional convolution to run, or the batch normalisation and the
    activation that follow it directly.

    Parameters
    ----------
    model : keras.Model
    x : array-like, shape (batch, height, width, channels)
        Any input; the model is run on it once.

    Returns
    -------
    keras.layers.Layer

    Raises
    ------
    SmugError
        If the model runs no two-dimensional convolution.
    """
    calls = rewire.record_calls(model, x)
    convolutions = [call for call in calls if isinstance(call.op, _CONVOLUTIONS)]
    if not convolutions:
        raise SmugError(
            f"model {model.name!r} has no two-dimensional convolution, so GradCAM has no feature "
            "maps; leave GradCAM out, or name a layer that answers (batch, height, width, channels)"
        )
    last = convolutions[-1]
    for call in calls[calls.index(last) + 1 :]:
        takes_it = len(call.inputs) == 1 and call.inputs[0] is last.output
        if takes_it and isinstance(call.op, _FOLLOWERS):
            last = call
    return last.op
