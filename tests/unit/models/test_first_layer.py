import keras
import numpy as np
import pytest
from keras import layers

from smug.errors import SmugError
from smug.masks.linear import contributions, node_responses, receptive_fields
from smug.models import rewire
from smug.models.first_layer import find_first_layer


def randomised(model, seed=0):
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        values = rng.normal(size=variable.shape) * 0.5
        variable.assign(np.abs(values) + 0.1 if "variance" in variable.path else values)
    return model


class Block(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = layers.Conv2D(3, 3, name="inner_conv")
        self.bn = layers.BatchNormalization()

    def call(self, x):
        return self.bn(self.conv(x))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.block = Block()
        self.head = layers.Dense(4, activation="softmax")

    def call(self, x):
        x = keras.ops.relu(self.block(x / 2.0))
        return self.head(keras.ops.mean(x, axis=(1, 2)))


def head():
    return [layers.GlobalAveragePooling2D(), layers.Dense(4, activation="softmax")]


def image_input():
    return keras.Input((9, 8, 2))


def sequential():
    conv = layers.Conv2D(3, 3, strides=2, padding="same", activation="relu", name="first")
    return keras.Sequential([image_input(), layers.Rescaling(1 / 4, -0.5), conv, *head()])


def batch_normalised():
    return keras.Sequential(
        [
            image_input(),
            layers.ZeroPadding2D(((2, 1), (1, 3))),
            layers.Conv2D(3, (3, 2), strides=(1, 2), use_bias=False, name="first"),
            layers.Dropout(0.5),
            layers.BatchNormalization(),
            layers.ReLU(),
            *head(),
        ]
    )


def dilated_same_after_padding():
    return keras.Sequential(
        [
            image_input(),
            layers.ZeroPadding2D(1),
            layers.Conv2D(3, 3, dilation_rate=2, padding="same", name="first"),
            layers.BatchNormalization(scale=False, center=False),
            layers.Activation("relu"),
            *head(),
        ]
    )


def functional_raw_ops():
    x = image_input()
    y = layers.Conv2D(3, 4, strides=3, padding="same", name="first")(x / 3.0 - 0.25)
    y = keras.ops.relu(layers.BatchNormalization()(y))
    return keras.Model(x, keras.Sequential(head())(y))


def nested_twice():
    inner = keras.Sequential([image_input(), layers.Conv2D(3, 3, name="first")])
    x = image_input()
    middle = keras.Model(x, layers.ReLU()(layers.BatchNormalization()(inner(x))))
    x = image_input()
    y = middle(layers.Rescaling(0.5)(x))
    for layer in head():
        y = layer(y)
    return keras.Model(x, y)


def subclassed():
    model = Subclassed()
    model(np.zeros((1, 9, 8, 2), np.float32))
    return model


def dense():
    return keras.Sequential(
        [
            image_input(),
            layers.Flatten(),
            layers.Dense(6, activation="relu", name="first"),
            layers.Dense(4, activation="softmax"),
        ]
    )


def skip_around():
    x = image_input()
    y = layers.Conv2D(2, 3, padding="same", activation="relu", name="first")(x)
    y = layers.GlobalAveragePooling2D()(layers.Concatenate()([x, y]))
    return keras.Model(x, layers.Dense(4, activation="softmax")(y))


IMAGE_MODELS = [
    sequential,
    batch_normalised,
    dilated_same_after_padding,
    functional_raw_ops,
    nested_twice,
    subclassed,
    dense,
    skip_around,
]


def text(padding="valid"):
    return keras.Sequential(
        [
            keras.Input((7,), dtype="int32"),
            layers.Embedding(11, 4),
            layers.Conv1D(5, 3, padding=padding, activation="relu", name="first"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def relu_of_arrays(first, x):
    """First-layer activations by the arrays alone."""
    linear, nodes = first.linear, np.arange(first.linear.size)
    fields = receptive_fields(linear, nodes)
    terms = contributions(linear, first.linear_input(x)[0], nodes, fields)
    response, _, _ = node_responses(linear, nodes, terms, "paper")
    return np.maximum(response, 0).reshape(linear.output_shape)


def check(model, x):
    first = find_first_layer(model, x=x[:1])
    activations = first.activations(x)
    # A subclassed model's ReLU is a function, not a layer: its site answers o, not relu(o).
    np.testing.assert_allclose(np.maximum(activations[0], 0), relu_of_arrays(first, x), atol=2e-5)
    assert isinstance(model, Subclassed) or activations.min() >= 0
    outputs = np.asarray(model(x, training=False))
    np.testing.assert_allclose(first.tail(x, activations), outputs, atol=1e-6)
    changed = first.tail(x, np.zeros_like(activations))
    assert np.abs(changed - outputs).max() > 1e-4
    return first


@pytest.mark.parametrize("build", IMAGE_MODELS)
def test_arrays_and_tail_agree_with_the_model(build):
    x = np.random.default_rng(1).uniform(-2, 2, (2, 9, 8, 2)).astype(np.float32)
    first = check(randomised(build()), x)
    assert first.linear.spatial == (9, 8)
    assert first.linear.channels == 2
    assert first.linear.batch_normalised == (
        build in (batch_normalised, dilated_same_after_padding, functional_raw_ops)
        or build in (nested_twice, subclassed)
    )


@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
def test_convolution_over_words(padding):
    x = np.random.default_rng(1).integers(0, 11, (2, 7))
    first = check(randomised(text(padding)), x)
    assert (first.linear.kind, first.linear.spatial, first.linear.channels) == ("conv1d", (7,), 4)
    assert first.linear_input(x).shape == (2, 7, 4)


def test_zero_padding_1d_belongs_to_the_convolution():
    model = keras.Sequential(
        [
            keras.Input((7, 2)),
            layers.ZeroPadding1D((2, 1)),
            layers.Conv1D(5, 3, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    x = np.random.default_rng(1).normal(size=(2, 7, 2)).astype(np.float32)
    first = check(randomised(model), x)
    assert first.linear.pads == (2,)
    np.testing.assert_array_equal(first.linear_input(x), x)


def test_relu_with_a_ceiling_is_the_site():
    model = keras.Sequential(
        [image_input(), layers.Conv2D(3, 3), layers.ReLU(max_value=0.5), *head()]
    )
    x = np.random.default_rng(1).uniform(-2, 2, (2, 9, 8, 2)).astype(np.float32)
    first = find_first_layer(randomised(model))
    assert first.activations(x).max() == 0.5
    np.testing.assert_allclose(first.tail(x, first.activations(x)), model(x), atol=1e-6)


def test_linear_input_comes_after_preprocessing_and_before_padding():
    x = np.random.default_rng(1).uniform(0, 4, (2, 9, 8, 2)).astype(np.float32)
    np.testing.assert_allclose(
        find_first_layer(sequential()).linear_input(x), x / 4 - 0.5, atol=1e-6
    )
    np.testing.assert_array_equal(find_first_layer(batch_normalised()).linear_input(x), x)


def test_branch_behind_the_convolution_ends_the_chain():
    x = image_input()
    conv = layers.Conv2D(3, 3, name="first")(x)
    both = layers.Concatenate()([conv, layers.ReLU()(conv)])
    y = layers.Dense(4, activation="softmax")(layers.GlobalAveragePooling2D()(both))
    model = randomised(keras.Model(x, y))
    values = np.random.default_rng(1).normal(size=(1, 9, 8, 2)).astype(np.float32)
    first = find_first_layer(model)
    assert first.site.name == "first"
    np.testing.assert_allclose(
        first.tail(values, first.activations(values)), model(values), atol=1e-6
    )


def test_image_shape_of_a_flat_dense_input():
    model = keras.Sequential([keras.Input((12,)), layers.Dense(3, activation="relu")])
    assert find_first_layer(model).linear.spatial == (12,)
    linear = find_first_layer(model, image_shape=(2, 3)).linear
    assert (linear.spatial, linear.channels) == ((2, 3), 2)
    with pytest.raises(SmugError, match=r"image_shape=\(5, 2\) does not fit the 12 inputs"):
        find_first_layer(model, image_shape=(5, 2))


def test_named_layer():
    model = keras.Sequential(
        [
            image_input(),
            layers.Conv2D(3, 3, activation="relu"),
            layers.Conv2D(5, 3, activation="relu", name="second"),
            *head(),
        ]
    )
    x = np.random.default_rng(1).normal(size=(1, 9, 8, 2)).astype(np.float32)
    first = find_first_layer(randomised(model), "second")
    assert first.linear.spatial == (7, 6)
    np.testing.assert_allclose(first.activations(x)[0], relu_of_arrays(first, x), atol=2e-5)


def test_tail_follows_changed_weights_and_leaves_the_layers_alone():
    model = randomised(sequential())
    x = np.random.default_rng(1).normal(size=(1, 9, 8, 2)).astype(np.float32)
    first = find_first_layer(model)
    before = first.tail(x, first.activations(x))
    randomised(model, seed=5)
    after = first.tail(x, first.activations(x))
    np.testing.assert_allclose(after, model(x), atol=1e-6)
    assert np.abs(after - before).max() > 1e-3
    assert not any("call" in layer.__dict__ for layer in rewire.leaves(model))


def test_layer_is_restored_when_the_model_fails():
    model = sequential()
    with pytest.raises(ValueError, match="boom"), rewire.substituted({model.layers[1]: print}):
        raise ValueError("boom")
    assert "call" not in model.layers[1].__dict__


def test_a_model_with_traced_functions_can_be_saved(tmp_path):
    model = randomised(sequential())
    x = np.random.default_rng(1).normal(size=(1, 9, 8, 2)).astype(np.float32)
    find_first_layer(model).activations(x)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(x), model(x), atol=1e-6)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([keras.Input((7, 3)), layers.LSTM(2, name="memory")], r"'memory' \(LSTM\)"),
        ([image_input(), layers.Resizing(5, 5, name="small")], r"'small' \(Resizing\)"),
        ([image_input(), layers.Dense(3, name="wide")], r"'wide' \(Dense\).*flat inputs"),
        ([keras.Input((None, None, 3)), layers.Conv2D(4, 3)], r"shape \(None, None, 3\) open"),
        ([image_input(), layers.Flatten()], "no linear layer"),
        (
            [image_input(), layers.MaxPooling2D(2, name="most"), layers.Conv2D(4, 3)],
            r"'most' \(MaxP",
        ),
        (
            [keras.Input((9,)), layers.Embedding(4, 3, mask_zero=True), layers.LSTM(2, name="m")],
            r"no linear layer, it ends with 'm' \(LSTM\).*integrated_gradients, gradients, ggig",
        ),
        (
            [
                keras.Input((9,)),
                layers.Embedding(4, 3, mask_zero=True),
                layers.LSTM(2, name="memory"),
                layers.Dense(2),
            ],
            r"starts with 'memory' \(LSTM\)",
        ),
    ],
)
def test_unsuitable_models_name_the_culprit(parts, message):
    with pytest.raises(SmugError, match=message):
        find_first_layer(keras.Sequential(parts))


def test_unbuilt_model_asks_for_an_input():
    with pytest.raises(SmugError, match="pass an input as x="):
        find_first_layer(Subclassed())
    first = find_first_layer(Subclassed(), x=np.zeros((1, 9, 8, 2), np.float32))
    assert first.name == "inner_conv"


def test_wrong_names():
    model = sequential()
    with pytest.raises(SmugError, match=r"unknown layer 'frist'.*Did you mean 'first'"):
        find_first_layer(model, "frist")
    with pytest.raises(SmugError, match="is a Rescaling"):
        find_first_layer(model, model.layers[0].name)


def test_layer_that_runs_twice():
    conv, x = layers.Conv2D(2, 3, padding="same", name="shared"), image_input()
    y = layers.GlobalAveragePooling2D()(conv(conv(x)))
    model = keras.Model(x, layers.Dense(2)(y))
    values = np.zeros((1, 9, 8, 2), np.float32)
    with pytest.raises(SmugError, match="'shared' runs 2 times"):
        find_first_layer(model, "shared")
    with pytest.raises(SmugError, match="'shared' runs 2 times"):
        rewire.tensor_at(model, conv, values, side="output")
    with pytest.raises(SmugError, match="'shared' runs 2 times"):
        rewire.outputs_from(model, conv, values, values)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.full((1, 9, 8, 2), np.nan), "NaN or infinite"),
        (np.zeros((9, 8, 2)), r"shape \(9, 8, 2\).*batches of shape \(None, 9, 8, 2\)"),
        (np.zeros((1, 9, 8, 3)), r"shape \(1, 9, 8, 3\)"),
    ],
)
def test_bad_input(x, message):
    with pytest.raises(SmugError, match=message):
        find_first_layer(sequential()).activations(x)


def test_models_with_several_inputs_or_outputs():
    x, z = image_input(), image_input()
    two_inputs = keras.Model([x, z], layers.Add()([x, z]))
    with pytest.raises(SmugError, match="has 2 inputs"):
        rewire.outputs_of(two_inputs, np.zeros((1, 9, 8, 2), np.float32))
    x = image_input()
    with pytest.raises(SmugError, match=r"expected one output of shape \(batch, classes\)"):
        rewire.outputs_of(
            keras.Model(x, layers.Conv2D(2, 3)(x)), np.zeros((1, 9, 8, 2), np.float32)
        )
