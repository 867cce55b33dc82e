"""Backward selection compiled with the network: the steps of the plain loop, to the last bit."""

import keras
import numpy as np
import pytest
from keras import layers

from smug.attribution.back_selection import Masked
from smug.attribution.scores import class_scores
from smug.attribution.sufficient_subsets import sufficient_subsets
from smug.models import rewire
from smug.models.axes import Axes

# Elsewhere than on TensorFlow the last batch is filled up, which may change the last digit.
ROUNDING = 0 if keras.config.backend() == "tensorflow" else 1e-6


def image_model():
    inputs = keras.Input((6, 5, 2))
    x = layers.GlobalMaxPooling2D()(layers.Conv2D(4, 3, activation="relu")(inputs))
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(x)), (6, 5, 2), Axes((1, 2), 3)


def channels_first_model():
    inputs = keras.Input((2, 6, 5))
    x = layers.Flatten()(layers.Conv2D(4, 3, activation="relu")(layers.Permute((2, 3, 1))(inputs)))
    return keras.Model(inputs, layers.Dense(1)(x)), (2, 6, 5), Axes((2, 3), 1)


def table_model():
    inputs = keras.Input((9,))
    return (
        keras.Model(inputs, layers.Dense(2)(layers.Dense(5, "tanh")(inputs))),
        (9,),
        Axes((1,), None),
    )


@pytest.mark.parametrize("build", [image_model, channels_first_model, table_model])
@pytest.mark.parametrize(("side", "batch", "ties", "runs"), [(1, 7, 0.0, 1), (-1, 128, 1e-3, 50)])
def test_the_order_is_that_of_the_plain_loop(monkeypatch, build, side, batch, ties, runs):
    monkeypatch.setattr("smug.attribution.back_selection._RUNS", runs)
    keras.utils.set_random_seed(0)
    model, shape, axes = build()
    x = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    last = axes.to_last(x)
    positions = last.reshape(-1, last.shape[-1])
    maskable = np.arange(len(positions)) != 3

    def predict(batch):
        points = axes.from_last(batch.reshape(-1, *last.shape[1:]))
        return side * class_scores(rewire.outputs_of(model, points), 0).astype(np.float64)

    instead = np.random.default_rng(1).normal(size=x.shape).astype(np.float32)
    removed = axes.to_last(instead).reshape(positions.shape)
    settings = {
        "replacement": removed,
        "maskable": maskable,
        "ties": ties,
        "batch": batch,
        "limit": 1,
    }
    (plain,) = sufficient_subsets(predict, positions, -1e9, **settings)
    masked = Masked(model, None, axes, x, x, instead, maskable)
    order, values = masked.back_select(maskable, 0, side=side, ties=ties, batch=batch)
    assert order == plain.order.tolist()
    np.testing.assert_allclose(values, plain.values, rtol=ROUNDING, atol=ROUNDING)
