import keras
import numpy as np
import pytest
from keras import layers

from smug.errors import SmugError
from smug.models import unroll as unroll_module
from smug.models.unroll import unroll


def randomised(model):
    """Every weight at random, variances positive."""
    rng = np.random.default_rng(0)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.Model):
            continue
        for weight in layer.weights:
            values = rng.normal(size=weight.shape)
            weight.assign(np.abs(values) + 0.3 if "variance" in weight.path else values)
    return model


def images(*inner, shape=(6, 5, 2), end="softmax"):
    inner = [keras.Input(shape), *inner, layers.Flatten(), layers.Dense(3, activation=end)]
    return randomised(keras.Sequential(inner))


def nested():
    part = keras.Sequential([layers.Conv2D(3, 2), layers.BatchNormalization(), layers.ReLU()])
    x = keras.Input((6, 5, 2))
    a = layers.Dropout(0.5)(part(x))
    a = layers.Dense(4, activation="relu")(layers.GlobalAveragePooling2D()(a))
    return randomised(keras.Model(x, layers.Softmax()(layers.Dense(3)(a))))


NETWORKS = {
    "dense": lambda: images(layers.Flatten(), layers.Dense(5, activation="relu")),
    "strides": lambda: images(layers.Conv2D(3, 3, strides=2, activation="relu")),
    "same": lambda: images(layers.Conv2D(3, (2, 3), padding="same", activation="relu"), end=None),
    "dilated": lambda: images(layers.Conv2D(2, 2, dilation_rate=2, activation="relu")),
    "groups": lambda: images(layers.Conv2D(4, 2, groups=2), layers.ReLU()),
    "average": lambda: images(
        layers.AveragePooling2D(2), layers.Conv2D(3, 2), layers.Activation("relu")
    ),
    "averages": lambda: images(
        layers.Conv2D(3, 2, activation="relu"),
        layers.AveragePooling2D(3, strides=1, padding="same"),
        layers.Conv2D(2, 2, activation="relu"),
    ),
    "maximum": lambda: images(
        layers.Conv2D(3, 2, activation="relu"), layers.MaxPooling2D(2), layers.Conv2D(2, 2)
    ),
    "signed maximum": lambda: images(
        layers.MaxPooling2D(3, strides=2, padding="same"),
        layers.MaxPooling2D((1, 2)),
        layers.Dense(4, activation="relu"),
    ),
    "global maximum": lambda: images(layers.Conv2D(5, 2), layers.GlobalMaxPooling2D()),
    "one value": lambda: images(layers.MaxPooling2D(1), layers.Conv2D(3, 2, activation="relu")),
    "separable": lambda: images(
        layers.SeparableConv2D(3, 2, activation="relu"), layers.DepthwiseConv2D(2), layers.ReLU()
    ),
    "normalised": lambda: images(
        layers.Rescaling(2.0, -1.0),
        layers.Conv2D(3, 2, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.ReLU(),
        layers.BatchNormalization(scale=False),
    ),
    "padded": lambda: images(
        layers.ZeroPadding2D(((1, 0), (0, 2))),
        layers.Permute((2, 1, 3)),
        layers.Cropping2D(1),
        layers.Reshape((-1, 2)),
        layers.Conv1D(3, 2, activation="relu"),
        layers.GlobalMaxPooling1D(),
    ),
    "volume": lambda: images(
        layers.Conv3D(2, 2, activation="relu"), layers.MaxPooling3D(2), shape=(4, 4, 5, 1)
    ),
    "nested": nested,
}


def answers(made, x):
    """A plain loop over the layers written out."""
    a = x.reshape(len(x), -1).astype(np.float64)
    for W, b in made[:-1]:
        a = np.maximum(a @ W + b, 0)
    return a @ made[-1][0] + made[-1][1]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_network_written_out_answers_as_the_model(name, monkeypatch):
    monkeypatch.setattr(unroll_module, "_BATCH", 500)
    model = NETWORKS[name]()
    x = np.random.default_rng(1).normal(size=(40, *model.input_shape[1:])).astype(np.float32)
    made = unroll(model, x[:1])
    logits = answers(made, x)
    right = np.asarray(model(x))
    if name != "same":
        logits = np.exp(logits - logits.max(axis=1, keepdims=True))
        logits /= logits.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(logits, right, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("end", ["sigmoid", None])
def test_a_single_output_is_its_logit(end):
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(1, activation=end)]
    )
    x = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    logits = answers(unroll(randomised(model), x), x)
    right = 1 / (1 + np.exp(-logits)) if end else logits
    np.testing.assert_allclose(right, np.asarray(model(x)), rtol=1e-4, atol=1e-6)


def test_dense_kernels_are_those_of_the_model():
    model = NETWORKS["dense"]()
    made = unroll(model, np.zeros((1, 6, 5, 2), np.float32))
    for (W, b), layer in zip(made, (model.layers[1], model.layers[3]), strict=True):
        np.testing.assert_allclose(W, np.asarray(layer.kernel), atol=1e-15)
        np.testing.assert_array_equal(b, np.asarray(layer.bias))


def test_a_maximum_that_nothing_negative_enters_needs_one_unit_a_value_and_pair():
    made = unroll(NETWORKS["maximum"](), np.zeros((1, 6, 5, 2), np.float32))
    # 5 x 4 x 3 units, 2 x 2 x 3 windows of four: 8 that pass and 4 pairs a channel, then half.
    assert [W.shape[1] for W, _ in made] == [60, 48, 24, 3]
    signed = images(layers.MaxPooling2D(2), layers.Dense(4, activation="relu"), shape=(2, 2, 1))
    made = unroll(signed, np.zeros((1, 2, 2, 1), np.float32))
    assert [W.shape[1] for W, _ in made] == [6, 3, 4, 3]


def branched():
    x = keras.Input((6, 5, 2))
    a = layers.Dense(4, activation="relu")(layers.Flatten()(x))
    return keras.Model(x, layers.Dense(3)(layers.Add()([a, a])))


class Twice(layers.Dense):
    def call(self, inputs):
        return 2 * super().call(inputs)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (lambda: images(layers.Dense(4, activation="tanh", name="d")), "activation tanh in .*'d'"),
        (lambda: images(layers.Activation("elu", name="e")), "activation elu in layer 'e'"),
        (lambda: images(layers.ReLU(max_value=6, name="six")), r"layer 'six' \(ReLU\)"),
        (lambda: images(layers.LeakyReLU(name="leak")), r"layer 'leak' \(LeakyReLU\)"),
        (lambda: images(layers.Softmax(name="s")), "activation softmax in layer 's'"),
        (lambda: images(layers.LayerNormalization(name="n")), r"layer 'n' \(LayerNormalization\)"),
        (lambda: images(Twice(4, name="twice")), r"layer 'twice' \(Twice\)"),
        (lambda: images(end="sigmoid"), "activation sigmoid in layer"),
        (branched, r"more than one way through it, at layer 'add.*' \(Add\)"),
    ],
)
def test_what_does_not_fit_is_named(model, said):
    with pytest.raises(SmugError, match=said):
        unroll(model(), np.zeros((1, 6, 5, 2), np.float32))


def test_a_layer_that_computes_otherwise_is_found():
    model = NETWORKS["dense"]()
    layer, plain = model.layers[1], model.layers[1].call
    layer.call = lambda inputs, **_: plain(inputs) + 1
    with pytest.raises(SmugError, match=r"answers that lie .* from those that its layers"):
        unroll(model, np.ones((1, 6, 5, 2), np.float32))


def test_a_network_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(unroll_module, "_ENTRIES", 1000)
    wide = images(layers.Conv2D(4, 2, activation="relu", name="wide"))
    with pytest.raises(SmugError, match=r"layer 'wide' takes 60 x 80"):
        unroll(wide, np.zeros((1, 6, 5, 2), np.float32))
    monkeypatch.setattr(unroll_module, "_ENTRIES", 4000)
    # 60 values go in; of each channel 24 pass, by sign, and 40 pairs are compared: 176 units.
    with pytest.raises(SmugError, match=r"a max pooling takes 60 x 176"):
        unroll(images(layers.MaxPooling2D(2, strides=1)), np.zeros((1, 6, 5, 2), np.float32))
