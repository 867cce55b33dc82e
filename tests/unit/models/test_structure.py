"""Explanations follow the model, whatever the user changes between two of them."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import smug
from smug.models import backend, rewire
from smug.models.structure import structure

SHAPE = (6, 6, 3)


def sequential():
    return keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5, activation="tanh"),
            layers.Dense(3, activation="softmax"),
        ]
    )


def nested():
    inputs = keras.Input(SHAPE)
    return keras.Model(inputs, sequential()(layers.Rescaling(2.0)(inputs)))


class Scaled(keras.Model):
    def __init__(self):
        super().__init__()
        self.scale = 2.0
        self.settings = {"shift": [0.5]}
        self.blocks = [layers.Conv2D(4, 3, activation=name) for name in ("relu", "tanh")]
        self.head = layers.Dense(3, activation="softmax")

    def call(self, x):
        x = x * self.scale + self.settings["shift"][0]
        for block in self.blocks:
            x = block(x)
        return self.head(ops.mean(x, axis=(1, 2)))


def truth(model, x, target):
    def run(x):
        return backend.gradient(lambda x: model(x, training=False)[:, target], x)

    made = backend.traced(run, [backend.Spec.of(x)], model.variables)(x)
    return tuple(ops.convert_to_numpy(part) for part in made)


def to_linear(model):
    model.layers[-1].activation = keras.activations.linear


def another_epsilon(model):
    model.layers[1].epsilon = 0.5


def pop(model):
    model.pop()


def add(model):
    model.add(layers.Dense(3, activation="softmax"))


def own_call(model):
    layer = model.layers[-2]
    original = layer.call
    layer.call = lambda inputs, **_: 3 * original(inputs)


def weights(model):
    model.set_weights([2 * value for value in model.get_weights()])


def inner_activation(model):
    model.layers[-1].layers[3].activation = keras.activations.relu


def scale(model):
    model.scale = 5.0


def shift(model):
    model.settings["shift"][0] = -1.0


def block(model):
    model.blocks = model.blocks[:1]


def code(model):
    """Another class's call on the same layer type, as a notebook cell that is run again."""

    class Again(type(model)):
        def call(self, x):
            return ops.roll(super().call(x), 1, axis=1)

    model.__class__ = Again


CHANGES = [
    *((sequential, change) for change in (to_linear, another_epsilon, pop, add, own_call, weights)),
    *((nested, change) for change in (inner_activation, weights)),
    *((Scaled, change) for change in (scale, shift, block, code, weights)),
]


@pytest.mark.parametrize(("build", "change"), CHANGES)
def test_a_change_of_the_model_is_seen(build, change):
    keras.utils.set_random_seed(0)
    model = build()
    x = np.random.default_rng(0).random((2, *SHAPE)).astype(np.float32)
    model(x)
    smug.explain(model, x, 1, "gradients")
    smug.explain(model, x, 1, "integrated_gradients", steps=2)
    before = truth(model, x, 1)
    change(model)
    expected, score = truth(model, x, 1)
    assert np.abs(expected - before[0]).max() > 1e-5
    made = smug.explain(model, x, 1, "gradients")
    np.testing.assert_allclose(made.values, expected, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(made.score, score, rtol=1e-5)
    path = smug.explain(model, x, 1, "integrated_gradients", steps=50)
    change_of_score = score - np.asarray(model(np.zeros_like(x)))[:, 1]
    np.testing.assert_allclose(path.values.sum(axis=(1, 2, 3)), change_of_score, atol=0.02)


@pytest.mark.parametrize("build", [sequential, nested, Scaled])
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_what_leaves_the_answer_alone_traces_nothing_anew(build):
    model = build()
    x = np.zeros((2, *SHAPE), np.float32)
    model(x)
    smug.explain(model, x, 1, "gradients")
    state, traces = structure(model), dict(model.__dict__["_smug_traced"][1])
    model.compile("sgd", "sparse_categorical_crossentropy")
    weights(model)
    model.predict(x, verbose=0)
    smug.explain(model, x, 0, "gradients")
    assert structure(model) == state
    assert model.__dict__["_smug_traced"][1] == traces
    rewire.record_calls(model, x)
    assert structure(model) == state


def test_settings_are_compared_by_value_and_code_by_identity():
    layer = layers.Lambda(lambda x: x)
    model = keras.Sequential([keras.Input((3,)), layer])
    layer.table, layer.rate = np.zeros(3), float("nan")
    before = structure(model)
    assert structure(model) == before
    layer.table[1] = 2
    assert structure(model) != before
    factors = []
    for factor in (2, 3):
        layer.function = lambda x, factor=factor: x * factor
        factors.append(structure(model))
    assert factors[0] != factors[1]
    for factor in (2, 3):
        layer.function = _times(factor)
        factors.append(structure(model))
    assert factors[2] != factors[3]


def _times(factor):
    return lambda x: x * factor
