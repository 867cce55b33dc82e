"""Plain gradients of the class score with respect to the input or a layer's output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from smug.attribution.inputs import checked
from smug.errors import SmugError
from smug.models import backend, rewire
from smug.models.backend import Spec


@checked
def gradients(
    model: keras.Model, x: np.ndarray, target: np.ndarray, *, layer: keras.Layer | str | None = None
) -> np.ndarray:
    """Gradient of the class score (Simonyan et al. 2014).

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray, shape (batch, ...)
    target : numpy.ndarray of int, shape (batch,)
        Class whose probability is explained; a model with one output explains that output.
    layer : keras.layers.Layer or str, optional
        Differentiate with respect to the output of this layer (or the layer of this name). By
        default the input, or the embeddings of a model on integers.

    Returns
    -------
    numpy.ndarray of float32, shape (batch, ...)
        Signed, shaped like the input, or like the output of `layer` or of the embedding.
    """
    return gradients_and_scores(model, x, target, layer=layer)[0]


def gradients_and_scores(
    model: keras.Model, x: np.ndarray, target: np.ndarray, *, layer: keras.Layer | str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`gradients`, with the class scores, shape (batch,), of the same pass."""
    layer, points = attribution_site(model, x, layer)
    x, target = rewire.as_batch(model, x), np.asarray(target, np.int64)
    signature = tuple(Spec.of_batch(part) for part in (x, points, target))

    def run(x: Any, points: Any, target: Any) -> tuple[Any, Any]:
        return score_gradient(model, layer, x, points, target)

    def build() -> Callable:
        return rewire.traced(model, run, signature)

    function = rewire.compiled(model, ("gradients", layer, *signature), build)
    gradient, score = function(x, points, target)
    return ops.convert_to_numpy(gradient), ops.convert_to_numpy(score)


def score_gradient(
    model: keras.Model, layer: Any, x: Any, points: Any, target: Any
) -> tuple[Any, Any]:
    """Differentiate the class scores at `points`; call it inside a traced function.

    Parameters
    ----------
    model : keras.Model
    layer : keras.layers.Layer or None
        Layer that answers `points`; None: `points` are the model's input.
    x : tensor, shape (batch, ...)
        Inputs, for whatever bypasses `layer`.
    points : tensor, shape (batch, ...)
    target : tensor of int64, shape (batch,)

    Returns
    -------
    gradient : tensor, shaped like `points`
    score : tensor, shape (batch,)
    """

    def scores(points: Any) -> Any:
        outputs = rewire.run_from(model, layer, x, points)
        if outputs.shape[1] == 1:
            return outputs[:, 0]
        return ops.take_along_axis(outputs, target[:, None], axis=1)[:, 0]

    return backend.gradient(scores, points)


def repeated(one: Any, points: Any) -> Any:
    """A tensor of one input as often as there are points: (...) to (number of points, ...)."""
    return ops.broadcast_to(one, (ops.shape(points)[0], *one.shape))


def attribution_site(
    model: keras.Model, x: np.ndarray, layer: keras.Layer | str | None = None
) -> tuple[Any, np.ndarray]:
    """Decide which tensor input attributions are about.

    Returns
    -------
    layer : keras.layers.Layer or None
        See :func:`site_of`.
    points : numpy.ndarray, shape (batch, ...)
        That layer's output for the batch `x`, or `x` as the model takes it.

    Raises
    ------
    SmugError
        If the model has several embeddings, or integers that no layer turns into numbers.
    """
    site, points = masking_site(model, x, site_of(model, x, layer, gradient=True))
    if points.dtype.kind != "f":
        where = "input" if site is None else f"output of layer {site.name!r}"
        raise SmugError(
            f"the {where} of model {model.name!r} has type {points.dtype}, which has no gradient; "
            "pass floats, or the layer to attribute to as layer="
        )
    return site, points


def masking_site(
    model: keras.Model, x: np.ndarray, layer: keras.Layer | str | None = None
) -> tuple[Any, np.ndarray]:
    """As :func:`attribution_site`, for methods that need no gradient: integers will do."""
    site = site_of(model, x, layer, gradient=False)
    if site is None:
        return None, rewire.as_batch(model, x)
    return site, rewire.tensor_at(model, site, x, side="output")


def site_of(
    model: keras.Model, x: np.ndarray, layer: keras.Layer | str | None, *, gradient: bool
) -> Any:
    """The layer whose output stands for the input, or None: the input itself.

    `layer`, or the embedding of a model on words, or, where a `gradient` is needed, the first
    layer that makes floats of integers.

    Raises
    ------
    SmugError
        If no layer has that name, or the model embeds its input more than once.
    """
    if isinstance(layer, str):
        layer = rewire.layer_named(model, layer)
    if layer is None or isinstance(layer, keras.layers.InputLayer):
        layer = _embedding(model, x)
    if layer is None and gradient and not rewire.is_floating(rewire.as_batch(model, x)):
        layer = _first_numbers(model, x)
    return layer


def _embedding(model: keras.Model, x: np.ndarray) -> Any:
    """The embedding of the input's words, or None."""
    found = [op for op in rewire.leaves(model) if isinstance(op, keras.layers.Embedding)]
    if len(found) > 1 or (found and getattr(model, "holds", None)):
        # The ids of positions are the same whatever the input is.
        one = rewire.as_batch(model, x)[:1]
        passes = (
            rewire.record_calls(model, ids) for ids in (one, np.full_like(one, not one.any()))
        )
        found = [
            call.op
            for call, other in zip(*passes, strict=True)
            if call.op in found
            and not np.array_equal(*(ops.convert_to_numpy(one.inputs[0]) for one in (call, other)))
        ]
    if len(found) > 1:
        names = ", ".join(repr(op.name) for op in found)
        raise SmugError(
            f"model {model.name!r} has several embeddings ({names}); pass one as layer="
        )
    return found[0] if found else None


def _first_numbers(model: keras.Model, x: np.ndarray) -> Any:
    """The first layer to run that makes floats of integers, or None."""
    for call in rewire.record_calls(model, np.asarray(x)[:1]):
        floats = [rewire.is_floating(tensor) for tensor in call.inputs]
        if (
            call.op is not model
            and floats
            and not any(floats)
            and hasattr(call.output, "dtype")
            and rewire.is_floating(call.output)
        ):
            return call.run
    return None
