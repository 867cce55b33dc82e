"""Shards of inputs, attributed and explained: one that fails does not stop the others."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from smug.datasets.prepared import PreparedImages
from smug.models.registry import Network
from smug.pipeline import attribute as attributed
from smug.pipeline import explain as explained
from smug.pipeline.attribute import attribute_shard
from smug.pipeline.explain import explain_shard
from smug.pipeline.solve_masks import solve_shard
from tests.unit.pipeline.test_solve_masks import METHOD, SOLVER

SETTINGS = SimpleNamespace(
    steps=8, rule="riemann", batch_size=4, adaptive=False, tolerance=0.01, settled_top_k=4
)
NETWORK = Network(lambda pixels: pixels.astype(np.float32) / 255, (0.0, 1.0))


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


@pytest.fixture
def data():
    pixels = np.random.default_rng(0).integers(0, 256, (3, 6, 6, 3), dtype=np.uint8)
    labels, boxes = np.zeros(3, np.int64), np.full((3, 4), np.nan)
    return PreparedImages(pixels, labels, np.array(["a", "b", "c"]), boxes, np.array(list("xyz")))


def failing_on(number, error, function):
    """The function, but its call of that number raises."""
    calls = iter(range(100))

    def call(*args, **settings):
        if next(calls) == number:
            raise error
        return function(*args, **settings)

    return call


FAILURES = [
    FloatingPointError("overflow"),
    tf.errors.ResourceExhaustedError(None, None, "no memory left"),
]


@pytest.mark.parametrize("error", FAILURES, ids=["arithmetic", "network"])
def test_an_input_that_cannot_be_attributed_is_named_and_has_no_mask(
    model, data, monkeypatch, capsys, error
):
    whole, steps = attribute_shard(model, data, NETWORK, SETTINGS)
    assert steps == 8
    assert np.isfinite(whole.completeness_error).all()
    broken = failing_on(1, error, attributed.first_layer_integrated_gradients)
    monkeypatch.setattr(attributed, "first_layer_integrated_gradients", broken)
    shard, _ = attribute_shard(model, data, NETWORK, SETTINGS)
    assert f"b: {error}" in capsys.readouterr().out
    assert np.isnan(shard.completeness_error).tolist() == [False, True, False]
    np.testing.assert_array_equal(shard.attribution[[0, 2]], whole.attribution[[0, 2]])
    solved = solve_shard(shard, METHOD, SOLVER)
    assert (solved.status == "failed").tolist() == [False, True, False]
    assert "NaN" in solved.message[1]


@pytest.mark.parametrize("error", FAILURES, ids=["arithmetic", "network"])
def test_an_input_that_cannot_be_explained_is_named(model, data, monkeypatch, capsys, error):
    monkeypatch.setattr(explained, "explain", failing_on(2, error, explained.explain))
    x = NETWORK.preprocess(data.images)
    shard = explain_shard(model, x, np.zeros(3, np.int64), data.ids, "gradients", {})
    assert (shard.message != "").tolist() == [False, False, True]
    assert f"c: {error}" in capsys.readouterr().out
    assert shard.maps[:2].any(axis=(1, 2)).all()


def test_a_failure_without_a_message_counts(model, data, monkeypatch):
    monkeypatch.setattr(explained, "explain", failing_on(0, ZeroDivisionError(), explained.explain))
    x = NETWORK.preprocess(data.images)
    shard = explain_shard(model, x, np.zeros(3, np.int64), data.ids, "gradients", {})
    assert shard.message.tolist() == ["ZeroDivisionError", "", ""]


def test_a_mistake_in_the_code_is_not_hidden(model, data, monkeypatch):
    broken = failing_on(0, TypeError("wrong call"), explained.explain)
    monkeypatch.setattr(explained, "explain", broken)
    monkeypatch.setattr(attributed, "first_layer_integrated_gradients", broken)
    with pytest.raises(TypeError, match="wrong call"):
        explain_shard(
            model, NETWORK.preprocess(data.images), np.zeros(3, int), data.ids, "gradients", {}
        )
    broken = failing_on(0, TypeError("wrong call"), attributed.gradients)
    monkeypatch.setattr(attributed, "first_layer_integrated_gradients", broken)
    with pytest.raises(TypeError, match="wrong call"):
        attribute_shard(model, data, NETWORK, SETTINGS)


def test_an_empty_shard_is_attributed(data):
    # TensorFlow's fused kernel of these two layers refuses an empty batch.
    model = keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            keras.layers.Conv2D(4, 3, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    shard, steps = attribute_shard(model, data.take(np.zeros(0, int)), NETWORK, SETTINGS)
    assert steps == 0
    assert shard.attribution.shape == (0, 4, 4, 4)
