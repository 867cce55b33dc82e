"""Attribute a shard of inputs to the first layer; one that fails does not stop the others."""

from __future__ import annotations

from time import perf_counter
from typing import NamedTuple

import keras
import numpy as np

from smug.attribution.gradients import gradients
from smug.attribution.integrated_gradients import first_layer_integrated_gradients
from smug.datasets.load import Prepared
from smug.jobs.settings.explanations import AttributionSettings
from smug.models import rewire
from smug.models.dense import dense_layers
from smug.models.first_layer import FirstLayer, find_first_layer
from smug.models.registry import Network
from smug.pipeline.each_input import each_input
from smug.pipeline.shards import AttributedShard


def attribute_shard(
    model: keras.Model, data: Prepared, network: Network, settings: AttributionSettings
) -> tuple[AttributedShard, int]:
    """Attribute the predicted class's probability to the first layer, input by input.

    Parameters
    ----------
    model : keras.Model
        The network as it is explained, with an output a class.
    data : Prepared
        The shard's inputs.
    network : Network
        Preprocessing and padding of the inputs.
    settings : AttributionSettings

    Returns
    -------
    AttributedShard
        Attribution, gradient and completeness error are NaN where an input failed.
    int
        Most steps that an input took; 0 for an empty shard.
    """
    x = network.preprocess(data.inputs)
    layer = find_first_layer(model)
    probability = rewire.outputs_of(model, x)
    target = probability.argmax(axis=1)
    shape = (len(x), *layer.linear.output_shape)
    attribution, gradient = np.full((2, *shape), np.nan, np.float32)
    errors, seconds, most = np.full(len(x), np.nan), np.zeros(len(x)), 0

    def attribute_one(i: int) -> _Attributed:
        return _attributed(model, x[i : i + 1], target[i : i + 1], layer, settings)

    outcomes = each_input(data.ids, attribute_one, label="attribute", failures=rewire.FAILURES)
    for i, outcome in enumerate(outcomes):
        if (one := outcome.value) is not None:
            attribution[i], gradient[i], errors[i] = one.attribution, one.gradient, one.error
            seconds[i], most = one.seconds, max(most, one.steps)
    shard = AttributedShard(
        ids=data.ids,
        images=data.inputs,
        labels=data.labels,
        target=target,
        probability=probability,
        inputs=layer.linear_input(x),
        attribution=attribution,
        gradient=gradient,
        activation=layer.activations(x).reshape(shape),
        completeness_error=errors,
        seconds=seconds,
        padding=network.padding(x, layer.linear.spatial),
        layer=layer.linear,
        dense=dense_layers(model),
        generated=data.generated,
    )
    return shard, most


class _Attributed(NamedTuple):
    """One input: both values of its nodes, completeness error, steps and seconds of the first."""

    attribution: np.ndarray
    gradient: np.ndarray
    error: float
    steps: int
    seconds: float


def _attributed(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    layer: FirstLayer,
    settings: AttributionSettings,
) -> _Attributed:
    begin = perf_counter()
    values, details = first_layer_integrated_gradients(
        model,
        x,
        target,
        layer=layer,
        steps=settings.steps,
        rule=settings.rule,
        batch_size=settings.batch_size,
        adaptive=settings.adaptive,
        tolerance=settings.tolerance,
        top_k=min(settings.settled_top_k, layer.linear.size),
        return_details=True,
    )
    seconds = perf_counter() - begin
    gradient = gradients(model, x, target, layer=layer.site)[0]
    error, steps = float(details.completeness_error[0]), int(details.steps[0])
    return _Attributed(values[0], gradient, error, steps, seconds)
