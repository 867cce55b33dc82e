"""Layers whose type does not say what they compute: masks hold in a pass of the real layer."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers, ops

from smug.attribution.smug import smug
from smug.errors import SmugError, SmugWarning
from smug.methods import explain
from smug.models.first_layer import find_first_layer

GAMMA = 0.5


class Standardised(layers.Conv2D):
    def convolution_op(self, inputs, kernel):
        kernel = kernel - ops.mean(kernel, axis=(0, 1, 2), keepdims=True)
        deviation = ops.std(kernel, axis=(0, 1, 2), keepdims=True)
        return super().convolution_op(inputs, kernel / (deviation + 1e-5))


class Reflecting(layers.Conv2D):
    def convolution_op(self, inputs, kernel):
        padded = ops.pad(inputs, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
        return ops.conv(padded, kernel, padding="valid")


class MaskedConvolution(layers.Conv2D):
    def convolution_op(self, inputs, kernel):
        seen = np.ones((3, 3, 1, 1), np.float32)
        seen[2:], seen[1, 1:] = 0, 0
        return super().convolution_op(inputs, kernel * seen)


class MaskedDense(layers.Dense):
    def call(self, inputs):
        seen = (np.arange(self.units) + np.arange(inputs.shape[-1])[:, None]) % 3 > 0
        return ops.matmul(inputs, self.kernel * seen) + self.bias


class WeightNormalised(layers.Dense):
    def call(self, inputs):
        return ops.matmul(inputs, self.kernel / ops.norm(self.kernel, axis=0)) + self.bias


class Rectifying(layers.Conv2D):
    def call(self, inputs):
        return ops.relu(super().call(inputs))


class Squaring(layers.Conv2D):
    def convolution_op(self, inputs, kernel):
        return super().convolution_op(inputs * inputs, kernel)


class Uneven(layers.Conv1D):
    """A kernel of its own for every step."""

    def call(self, inputs):
        return super().call(inputs) * ops.reshape(ops.arange(1.0, 1 + inputs.shape[1]), (1, -1, 1))


def image_model(layer, *behind):
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layer,
            *behind,
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def conv(kind=layers.Conv2D, **settings):
    settings = {"padding": "same", "name": "first"} | settings
    return kind(4, 3, kernel_initializer="random_normal", bias_initializer="normal", **settings)


def flat_model(layer):
    head = [layers.ReLU(), layers.Dense(3, activation="softmax")]
    return keras.Sequential([keras.Input((10,)), layer, *head])


def series_model():
    parts = [conv(Uneven), layers.ReLU(), layers.GlobalMaxPooling1D(), layers.Dense(2)]
    return keras.Sequential([keras.Input((9, 2)), *parts])


RECOVERED = {
    "standardised": lambda: image_model(conv(Standardised)),
    "standardised, normalised": lambda: image_model(
        conv(Standardised), layers.BatchNormalization()
    ),
    "strided": lambda: image_model(conv(Standardised, strides=2)),
    "reflecting": lambda: image_model(conv(Reflecting)),
    "reflecting, normalised": lambda: image_model(conv(Reflecting), layers.BatchNormalization()),
    "masked": lambda: image_model(conv(MaskedConvolution)),
    "rectifying": lambda: image_model(conv(Rectifying)),
    "spectral": lambda: image_model(layers.SpectralNormalization(conv())),
    "masked dense": lambda: flat_model(MaskedDense(12, kernel_initializer="random_normal")),
    "weight normalised": lambda: flat_model(WeightNormalised(12)),
    "uneven": series_model,
    "mirrored, then reflecting": lambda: image_model(
        layers.Lambda(lambda x: ops.flip(x, axis=2)), conv(Reflecting)
    ),
    "pooled, then reflecting": lambda: image_model(layers.AveragePooling2D(2), conv(Reflecting)),
}


def shaken(model, seed=1):
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 2, w.shape) for w in layer.get_weights()])
    # Every other node speaks for class 0, the others for class 1, on every backend.
    last = model.layers[-1]
    nodes, classes = last.kernel.shape
    signs = np.resize([1.0, -1.0], nodes)[:, None] * np.array([1.0, -1.0, 0.2])[:classes]
    last.kernel.assign(signs + 0.1 * rng.normal(size=signs.shape))
    return model


def responses(model, x):
    """Responses of the first layer by the layers themselves, batch normalisation included."""
    for layer in model.layers:
        if isinstance(layer, layers.ReLU):
            break
        x = layer(x, training=False)
    return np.asarray(x, np.float64).reshape(len(x), -1)


def check_rows(model, x, mask, nodes, response, gamma=GAMMA):
    """Chosen rows keep more than gamma of their response in a pass of the real layers."""
    channel = mask.reshape(*mask.shape, *(1,) * (x.ndim - mask.ndim))
    whole, kept, none = (responses(model, part)[:, nodes] for part in (x, x * channel, x * 0))
    if response == "bias_free":
        whole, kept = whole - none, kept - none
    assert (whole > 0).all()
    assert (kept > gamma * whole - 1e-6).all()


@pytest.mark.parametrize("name", RECOVERED)
def test_masks_hold_in_a_pass_of_the_real_layer(name):
    keras.utils.set_random_seed(3)
    model = shaken(RECOVERED[name]())
    x = np.random.default_rng(0).normal(size=(2, *model.input_shape[1:])).astype(np.float32)
    (_, masks, solver), details = smug(
        model, x, np.array([0, 1]), gamma=GAMMA, top_k=30 if x.ndim > 2 else 8, window=1, steps=10,
        return_details=True,
    )  # fmt: skip
    assert solver["confirmed"].tolist() == [True, True]
    for i, found in enumerate(details):
        encoded = found.minimal.encoded
        check_rows(model, x[i : i + 1], masks[i : i + 1], encoded.nodes, encoded.response)


@pytest.mark.parametrize("kind", [MaskedDense, WeightNormalised])
def test_a_recovered_mask_is_the_smallest_of_all(kind):
    keras.utils.set_random_seed(4)
    model = shaken(flat_model(kind(12, kernel_initializer="random_normal")))
    x = np.random.default_rng(0).normal(size=(1, 10)).astype(np.float32)
    (_, mask, _), (found,) = smug(
        model, x, np.array([0]), gamma=GAMMA, steps=10, return_details=True
    )
    nodes = found.minimal.encoded.nodes
    every = np.array(list(itertools.product([0, 1], repeat=10)), np.float32)
    whole, kept = responses(model, x)[:, nodes], responses(model, x * every)[:, nodes]
    # The encoding asks for its margin, 1e-4 of the response, on top of gamma.
    valid = (kept >= (GAMMA + 1e-4) * whole).all(axis=1)
    assert mask.sum() == every[valid].sum(axis=1).min()


@pytest.mark.parametrize("axis", [1, 2, 3, -1, -2])
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_a_normalisation_over_any_axis(axis):
    keras.utils.set_random_seed(5)
    model = shaken(image_model(conv(), layers.BatchNormalization(axis=axis)))
    x = np.random.default_rng(0).normal(size=(1, 8, 8, 2)).astype(np.float32)
    first = find_first_layer(model, x=x)
    assert first.linear.batch_normalised
    for response in ("paper", "bias_free"):
        settings = {"gamma": GAMMA, "top_k": 30, "window": 1, "steps": 10, "response": response}
        made = smug(model, x, np.array([0]), layer=first, return_details=True, **settings)
        (_, mask, solver), (found,) = made
        assert solver["confirmed"].all()
        check_rows(model, x, mask, found.minimal.encoded.nodes, response)


class InTraining(keras.Model):
    """Normalises by the statistics of the batch, at inference too."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.relu = conv(), layers.BatchNormalization(), layers.ReLU()
        self.head = layers.Dense(3, activation="softmax")

    def call(self, x):
        x = self.relu(self.norm(self.conv(x), training=True))
        return self.head(ops.mean(x, axis=(1, 2)))


@pytest.mark.parametrize(
    "build",
    [
        InTraining,
        lambda: image_model(conv(), layers.LayerNormalization()),
        lambda: image_model(conv(), layers.GroupNormalization(2)),
    ],
    ids=["batch statistics", "layer", "group"],
)
def test_a_normalisation_by_the_data_is_no_part_of_the_layer(build):
    keras.utils.set_random_seed(6)
    model = build()
    x = np.random.default_rng(0).normal(size=(1, 8, 8, 2)).astype(np.float32)
    first = find_first_layer(model, x=x)
    assert first.site.name == "first"
    assert not first.linear.batch_normalised
    layer = model.conv if isinstance(model, InTraining) else model.get_layer("first")
    np.testing.assert_allclose(first.activations(x), layer(x), atol=1e-6)
    assert explain(model, x, method="smug", steps=10, window=1).solver["confirmed"].all()


class Saturating(layers.Conv2D):
    """Linear for small inputs only."""

    def convolution_op(self, inputs, kernel):
        return ops.clip(super().convolution_op(inputs, kernel), -50, 50)


def test_a_mask_that_the_layer_does_not_confirm_is_said_to_be_none():
    keras.utils.set_random_seed(3)
    model = image_model(conv(Saturating))
    small = np.random.default_rng(0).normal(size=(1, 8, 8, 2)).astype(np.float32)
    x = np.concatenate([small, 1e4 * small])
    with pytest.warns(SmugWarning, match="input 1: a forward pass of layer 'first' does not"):
        made = explain(model, x, np.array([0, 0]), steps=5, top_k=20, window=1)
    assert made.solver["confirmed"].tolist() == [True, False]


def test_a_layer_that_is_not_linear_is_refused_by_name():
    x = np.random.default_rng(0).normal(size=(1, 8, 8, 2)).astype(np.float32)
    told = r"'first' \(Squaring\).*\d+ of its 256 nodes differ, node \d+ most.*not linear"
    with pytest.raises(SmugError, match=told):
        find_first_layer(image_model(conv(Squaring)), x=x)


@pytest.mark.parametrize("mode", ["reflect", "symmetric", "constant"])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_a_large_layer_that_pads_in_its_own_way(mode, padding):
    class Padding(layers.Conv2D):
        def convolution_op(self, inputs, kernel):
            padded = ops.pad(inputs, ((0, 0), (1, 1), (1, 1), (0, 0)), mode=mode)
            return ops.conv(padded, kernel, padding="valid")

        def compute_output_shape(self, input_shape):
            return (*input_shape[:-1], self.filters)

    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((70, 65, 3)),
            conv(Padding, padding=padding),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    x = np.random.default_rng(0).normal(size=(1, 70, 65, 3)).astype(np.float32)
    first = find_first_layer(model, x=x)
    (_, mask, solver), (found,) = smug(
        model, x, np.array([0]), layer=first, gamma=GAMMA, top_k=60, window=5, steps=5,
        return_details=True,
    )  # fmt: skip
    assert mask.shape == (1, 70, 65)
    assert solver["confirmed"].all()
    check_rows(model, x, mask, found.minimal.encoded.nodes, "paper")


def test_a_large_layer_without_one_kernel_is_refused():
    model = keras.Sequential(
        [keras.Input((2048, 4)), conv(Uneven), layers.GlobalMaxPooling1D(), layers.Dense(2)]
    )
    with pytest.raises(SmugError, match=r"'first' \(Uneven\).*no single kernel.*sis"):
        find_first_layer(model)
