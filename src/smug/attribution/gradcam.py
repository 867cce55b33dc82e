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

_CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
)
# What stands between the last feature maps and the classifier without making maps of its own.
_AFTER_MAPS = (
    keras.layers.AveragePooling2D,
    keras.layers.MaxPooling2D,
    keras.layers.ZeroPadding2D,
    keras.layers.Dropout,
    keras.layers.SpatialDropout2D,
)


@checked
def gradcam(
    model: keras.Model, x: np.ndarray, target: np.ndarray, *, layer: keras.Layer | str | None = None
) -> np.ndarray:
    """GradCAM map of each image.

    ``ReLU(sum_k w_k A_k)`` with ``A_k`` the feature maps and ``w_k`` the mean over positions of the
    gradient of the class score before the softmax with respect to ``A_k`` (equations 1 and 2
    there), resized bilinearly to the image. A model that does not end in a layer with a softmax
    or sigmoid is differentiated as it answers.

    Parameters
    ----------
    model : keras.Model
        Nested models are searched too.
    x : numpy.ndarray, shape (batch, height, width, channels)
    target : numpy.ndarray of int, shape (batch,)
        Class whose score is explained; a model with one output explains that output.
    layer : keras.layers.Layer or str, optional
        Layer with the feature maps, or its name; :func:`last_feature_maps` by default.

    Returns
    -------
    numpy.ndarray of float32, shape (batch, height, width)
        Non-negative.
    """
    images, labels = tf.constant(x), tf.constant(target)
    if images.shape.rank != 4:
        raise SmugError(f"GradCAM explains images; the input has shape {tuple(images.shape)}")
    site = rewire.layer_named(model, layer) if isinstance(layer, str) else layer
    if site is None:
        site = last_feature_maps(model, images[:1])
    maps = tf.constant(rewire.tensor_at(model, site, images, side="output"))
    if maps.shape.rank != 4:
        raise SmugError(
            f"layer {site.name!r} answers shape {tuple(maps.shape)}; GradCAM needs feature maps "
            "(batch, height, width, channels): name a convolution"
        )
    logits = rewire.logit_calls(model, images[:1])
    signature = (rewire.batch_spec(images), rewire.batch_spec(maps), rewire.batch_spec(labels))

    def run(images: tf.Tensor, maps: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        with rewire.substituted(logits):
            gradient, _ = score_gradient(model, site, images, maps, target)
        weights = tf.reduce_mean(gradient, axis=(1, 2), keepdims=True)
        combined = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1, keepdims=True))
        return tf.image.resize(combined, tf.shape(images)[1:3])[..., 0]

    def build() -> Callable:
        return rewire.traced(run, signature)

    function = rewire.compiled(model, ("gradcam", site, *signature), build)
    return function(images, maps, labels).numpy()


def last_feature_maps(model: keras.Model, x: np.ndarray) -> Any:
    """Find the layer whose output is the model's last feature maps, before pooling or flattening.

    That is the last one to answer maps of more than one position: in a plain network the
    activation after the last convolution, in a branching one what joins the last branches.

    Parameters
    ----------
    model : keras.Model
    x : array-like, shape (batch, height, width, channels)
        Any input; the model is run on it once.

    Returns
    -------
    keras.layers.Layer or keras.Operation

    Raises
    ------
    SmugError
        If the model runs no two-dimensional convolution that answers such maps.
    """
    calls = rewire.record_calls(model, x)
    convolutions = [i for i, call in enumerate(calls) if isinstance(call.op, _CONVOLUTIONS)]
    if not convolutions:
        raise SmugError(
            f"model {model.name!r} has no two-dimensional convolution, so GradCAM has no feature "
            "maps; leave GradCAM out, or name a layer that answers (batch, height, width, channels)"
        )
    found = [call.op for call in calls[convolutions[0] :] if _answers_maps(call)]
    if not found:
        raise SmugError(
            f"every convolution of model {model.name!r} answers a single position, so GradCAM has "
            "nothing to show; leave it out"
        )
    return found[-1]


def _answers_maps(call: rewire.Call) -> bool:
    shape = getattr(call.output, "shape", ())
    # One position: global pooling that keeps its axes, and what follows it (a gate, a classifier).
    return len(shape) == 4 and max(shape[1:3]) > 1 and not isinstance(call.op, _AFTER_MAPS)
