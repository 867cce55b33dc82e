"""Batch normalisation folded into the layer before it."""

import keras
import numpy as np
import pytest
from keras import layers

from smug.models.first_layer import find_first_layer
from smug.models.fold import fold_batch_norm
from smug.models.networks.efficientnet_lite0 import PREPROCESSING, build


def shaken(model):
    """Give every batch normalisation statistics that matter."""
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 2.0, w.shape) for w in layer.get_weights()])
    return model


def kinds(model):
    return [type(layer) for layer in model.layers]


def sequence(*parts, shape=(8, 8, 3)):
    x = inputs = keras.Input(shape)
    x = layers.BatchNormalization(name="first")(x)
    for part in parts:
        x = part(x)
    return shaken(keras.Model(inputs, x))


def same_outputs(model, copy, seed=1):
    x = np.random.default_rng(seed).normal(size=(4, *model.input_shape[1:])).astype(np.float32)
    np.testing.assert_allclose(copy(x, training=False), model(x, training=False), atol=2e-5)


@pytest.mark.parametrize(
    "linear",
    [
        layers.Conv2D(5, 3, strides=2, padding="same", use_bias=False),
        layers.Conv2D(5, 3, dilation_rate=2),
        layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False),
        layers.Dense(4),
    ],
    ids=lambda layer: layer.name,
)
@pytest.mark.parametrize("settings", [{}, {"scale": False}, {"center": False}])
def test_a_linear_layer_takes_its_normalisation_in(linear, settings):
    linear = type(linear).from_config(linear.get_config())
    model = sequence(linear, layers.BatchNormalization(**settings), layers.ReLU())
    linear.set_weights(
        [np.random.default_rng(2).normal(size=w.shape) for w in linear.get_weights()]
    )
    copy = fold_batch_norm(model)
    assert kinds(copy).count(layers.BatchNormalization) == 1
    same_outputs(model, copy)


def test_the_model_itself_stays_as_it_was():
    model = sequence(layers.Conv2D(4, 3, use_bias=False), layers.BatchNormalization())
    before = [w.copy() for w in model.get_weights()]
    copy = fold_batch_norm(model)
    copy.set_weights([w * 0 for w in copy.get_weights()])
    for then, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(then, now)


class Halving(layers.Conv2D):
    """Answers something else than its kernel says."""

    def convolution_op(self, inputs, kernel):
        return super().convolution_op(inputs, kernel / 2 + 1)


class Doubling(layers.BatchNormalization):
    def call(self, inputs, training=None, mask=None):
        return 2 * super().call(inputs, training=training, mask=mask)


@pytest.mark.parametrize(
    "parts",
    [
        (layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization()),
        (Halving(4, 3), layers.BatchNormalization()),
        (layers.Conv2D(4, 3), Doubling()),
        (layers.Conv2D(4, 3), layers.BatchNormalization(axis=2)),
        (layers.Conv2D(4, 3), layers.LayerNormalization()),
        (layers.Conv2D(4, 3), layers.GroupNormalization(2)),
        (layers.Conv2D(4, 3), layers.ReLU(), layers.BatchNormalization()),
        (layers.Conv2D(4, 3), layers.BatchNormalization(axis=1)),
        (layers.BatchNormalization(), layers.Conv2D(4, 3)),
    ],
    ids=[
        *("activation inside", "other kernel", "other normalisation", "columns", "layer", "group"),
        *("activation between", "rows", "before"),
    ],
)
def test_what_cannot_be_folded_stays(parts):
    parts = [type(part).from_config(part.get_config()) for part in parts]
    model = sequence(*parts)
    copy = fold_batch_norm(model)
    assert kinds(copy) == kinds(model)
    same_outputs(model, copy)


def test_a_normalisation_by_the_batch_itself_is_left_alone():
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3)(layers.BatchNormalization()(image))
    model = shaken(keras.Model(image, layers.BatchNormalization()(x, training=True)))
    copy = fold_batch_norm(model)
    assert kinds(copy) == kinds(model)
    x = np.random.default_rng(1).normal(size=(4, 8, 8, 3)).astype(np.float32)
    expected = model(x, training=False)
    np.testing.assert_allclose(copy(x, training=False), expected, atol=2e-5)


def test_an_output_that_others_read_too_is_left_alone():
    image = keras.Input((8, 8, 3))
    raw = layers.Conv2D(4, 3)(layers.BatchNormalization()(image))
    model = shaken(
        keras.Model(image, layers.Concatenate()([raw, layers.BatchNormalization()(raw)]))
    )
    copy = fold_batch_norm(model)
    assert kinds(copy).count(layers.BatchNormalization) == 2
    same_outputs(model, copy)


def test_an_output_that_the_model_returns_too_is_left_alone():
    image = keras.Input((8, 8, 3))
    raw = layers.Conv2D(4, 3)(layers.BatchNormalization()(image))
    model = shaken(keras.Model(image, [raw, layers.BatchNormalization()(raw)]))
    copy = fold_batch_norm(model)
    x = np.random.default_rng(1).normal(size=(2, 8, 8, 3)).astype(np.float32)
    for ours, theirs in zip(copy(x), model(x), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


def test_a_normalisation_used_twice_is_left_alone():
    image = keras.Input((8, 8, 3))
    x = layers.BatchNormalization()(image)
    shared = layers.BatchNormalization()
    one, two = layers.Conv2D(4, 3), layers.Conv2D(4, 3)
    model = shaken(keras.Model(image, layers.Add()([shared(one(x)), shared(two(x))])))
    same_outputs(model, fold_batch_norm(model))


def test_the_first_normalisation_stays_because_the_response_depends_on_it():
    image = keras.Input((8, 8, 3))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3)(image))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3)(x))
    model = shaken(keras.Model(image, x))
    copy = fold_batch_norm(model)
    assert kinds(copy).count(layers.BatchNormalization) == 1
    assert find_first_layer(copy).linear.batch_normalised
    same_outputs(model, copy)


def test_a_whole_network_keeps_its_answers_and_its_first_layer():
    model = shaken(build(classes=10))
    copy = fold_batch_norm(model)
    assert kinds(copy).count(layers.BatchNormalization) == 1
    x = PREPROCESSING(np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), np.uint8))
    np.testing.assert_allclose(copy(x, training=False), model(x, training=False), atol=2e-5)
    ours, theirs = find_first_layer(copy), find_first_layer(model)
    assert (ours.name, ours.site.name) == (theirs.name, theirs.site.name)
    assert ours.linear.batch_normalised
    np.testing.assert_array_equal(ours.linear.scale, theirs.linear.scale)
    np.testing.assert_allclose(ours.activations(x[:1]), theirs.activations(x[:1]), atol=1e-4)


def test_a_folded_network_is_stored_and_read(tmp_path):
    model = sequence(layers.Conv2D(4, 3, use_bias=False), layers.BatchNormalization())
    copy = fold_batch_norm(model)
    copy.save(tmp_path / "folded.keras")
    same_outputs(model, keras.saving.load_model(tmp_path / "folded.keras"))
