"""Layers that run again, graphs inside a model, and masks of words beside the layers."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from smug.attribution.integrated_gradients import first_layer_integrated_gradients
from smug.errors import SmugError
from smug.methods import explain
from smug.models import rewire
from smug.models.first_layer import find_first_layer


class Network(keras.Model):
    """Two convolutions; the ReLU of both is one object if `shared`."""

    def __init__(self, shared):
        super().__init__()
        self.a, self.b = layers.Conv2D(4, 3, name="first"), layers.Conv2D(4, 3)
        self.relu = layers.ReLU(name="relu")
        self.again = self.relu if shared else layers.ReLU()
        self.pool, self.head = layers.GlobalAveragePooling2D(), layers.Dense(3, "softmax")

    def call(self, x):
        return self.head(self.pool(self.again(self.b(self.relu(self.a(x))))))


class Compiled(Network):
    @tf.function
    def call(self, x):
        return super().call(x)


class PartlyCompiled(Network):
    def call(self, x):
        return self.rest(self.relu(self.a(x)))

    @tf.function
    def rest(self, x):
        return self.head(self.pool(self.again(self.b(x))))


def functional(shared):
    relu, x = layers.ReLU(name="relu"), keras.Input((9, 8, 2))
    again = relu if shared else layers.ReLU()
    y = again(layers.Conv2D(4, 3)(relu(layers.Conv2D(4, 3, name="first")(x))))
    return keras.Model(x, layers.Dense(3, "softmax")(layers.GlobalAveragePooling2D()(y)))


def image():
    return np.random.default_rng(0).normal(size=(2, 9, 8, 2)).astype(np.float32)


def built(make, weights=None, **settings):
    keras.utils.set_random_seed(1)
    model = make(**settings)
    model(image())
    if weights is not None:
        model.set_weights(weights)
    return model


@pytest.mark.parametrize("make", [Network, functional])
def test_a_relu_that_is_used_again_answers_as_one_of_its_own(make):
    alone = built(make, shared=False)
    model, x = built(make, alone.get_weights(), shared=True), image()
    first = find_first_layer(model, x=x)
    assert first.site == rewire.Run(first.site.op, 0)
    expected = np.maximum(model.get_layer("first")(x), 0)
    np.testing.assert_allclose(first.activations(x), expected, atol=1e-6)
    answer = rewire.outputs_of(model, x)
    np.testing.assert_allclose(first.tail(x, expected), answer, atol=1e-6)
    assert np.abs(first.tail(x, expected * 0) - answer).max() > 1e-4
    target = np.array([0, 1])
    ours, theirs = (
        first_layer_integrated_gradients(m, x, target, steps=10) for m in (model, alone)
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    made = explain(model, x, steps=10, top_k=20)
    assert made.solver["confirmed"].all()


def test_each_run_of_a_layer_has_its_own_tensors():
    model, x = built(Network, shared=True), image()
    one, two = (
        rewire.tensor_at(model, rewire.Run(model.relu, i), x, side="output") for i in (0, 1)
    )
    np.testing.assert_allclose(one, np.maximum(model.a(x), 0), atol=1e-6)
    np.testing.assert_allclose(two, np.maximum(model.b(one), 0), atol=1e-5)
    again = rewire.outputs_from(model, rewire.Run(model.relu, 1), x, two)
    np.testing.assert_allclose(again, model(x), atol=1e-6)
    with pytest.raises(SmugError, match="'relu' runs 2 times in one pass"):
        rewire.tensor_at(model, model.relu, x, side="output")
    with pytest.raises(SmugError, match="'relu' runs 2 times in one pass"):
        rewire.tensor_at(model, rewire.Run(model.relu, 2), x, side="output")


@pytest.mark.tensorflow("a tf.function inside the model")
@pytest.mark.parametrize("make", [Compiled, PartlyCompiled])
def test_a_graph_inside_a_model_is_opened(make):
    plain = built(Network, shared=False)
    model, x = built(make, plain.get_weights(), shared=False), image()
    ours, theirs = (explain(m, x, np.array([0, 1]), steps=10, top_k=20) for m in (model, plain))
    np.testing.assert_array_equal(ours.mask, theirs.mask)
    np.testing.assert_allclose(ours.values, theirs.values, atol=1e-6)
    assert not tf.config.functions_run_eagerly()
    np.testing.assert_allclose(model(x), plain(x), atol=1e-6)


@pytest.mark.parametrize("pooling", [layers.GlobalMaxPooling1D, layers.GlobalAveragePooling1D])
@pytest.mark.filterwarnings("ignore:Layer 'first' .* was passed an input with a mask")
def test_a_mask_of_padding_words_is_no_layer(pooling):
    x = keras.Input((7,), dtype="int32")
    y = layers.Conv1D(5, 3, activation="relu", padding="same", name="first")(
        layers.Embedding(11, 4, mask_zero=True)(x)
    )
    model = keras.Model(x, layers.Dense(2, activation="softmax")(pooling()(y)))
    first = find_first_layer(model)
    assert (first.name, first.linear.spatial, first.words) == ("first", (7,), True)


def test_mean_of_words_is_part_of_the_layer_behind():
    keras.utils.set_random_seed(2)
    x = keras.Input((7,), dtype="int32")
    vectors = layers.Embedding(11, 4, embeddings_initializer="normal")(x)
    layer = layers.Dense(12, activation="relu", name="first")
    mean = layers.GlobalAveragePooling1D()(vectors)
    model = keras.Model(x, layers.Dense(2, activation="softmax")(layer(mean)))
    ids = np.array([[1, 2, 3, 4, 5, 6, 7]])
    made = explain(model, ids, steps=10, gamma=0.5, top_k=4)
    assert made.mask.shape == (1, 7)
    embedded = np.asarray(keras.Model(x, vectors)(ids))
    whole, kept = (
        np.asarray(layer(ops.mean(part, axis=1)))[0]
        for part in (embedded, embedded * made.mask[..., None])
    )
    assert made.solver["confirmed"].all()
    assert (kept > 0.5 * whole - 1e-6)[whole > 0].sum() >= 1
