"""First layers with channels first: the same masks and maps as their twins with channels last."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import smug
from smug.masks.linear import contributions, node_responses, receptive_fields
from smug.models.first_layer import find_first_layer
from smug.pipeline.shards import AttributedShard

SERIES, IMAGE, VOLUME = (9, 4), (7, 6, 4), (5, 4, 3, 2)
SMALL = {"steps": 10, "top_k": 9, "window": 1, "gamma": 0.5}


class Reflecting(layers.Conv2D):
    """Pads with the input's own values, which its type does not say."""

    def convolution_op(self, inputs, kernel):
        first = self.data_format == "channels_first"
        border = ((0, 0), (0, 0), (1, 1), (1, 1)) if first else ((0, 0), (1, 1), (1, 1), (0, 0))
        padded = ops.pad(inputs, border, mode="reflect")
        return ops.conv(padded, kernel, padding="valid", data_format=self.data_format)


class Uneven(layers.Conv1D):
    """A kernel of its own for every step."""

    def convolution_op(self, inputs, kernel):
        made = super().convolution_op(inputs, kernel)
        first = self.data_format == "channels_first"
        steps = ops.arange(made.shape[2 if first else 1], dtype="float32") + 1
        return made * (steps if first else steps[:, None])


class Gray(layers.Layer):
    """Weighted sum of the channels of each pixel."""

    def __init__(self, data_format):
        super().__init__()
        self.axis = 1 if data_format == "channels_first" else -1

    def call(self, x):
        parts = [(k + 1.0) * ops.take(x, [k], axis=self.axis) for k in range(x.shape[self.axis])]
        return sum(parts)


#: What is built with either data format, by name: input with channels last, layers. No output is
#: as wide as it has filters: there Keras on TensorFlow adds the bias along the width.
CASES = {
    "series": (SERIES, lambda f: [layers.Conv1D(5, 3, data_format=f)]),
    "series, groups": (SERIES, lambda f: [layers.Conv1D(6, 2, 2, groups=2, data_format=f)]),
    "series, depthwise": (SERIES, lambda f: [layers.DepthwiseConv1D(3, data_format=f)]),
    "image": (IMAGE, lambda f: [layers.Conv2D(5, 3, padding="same", data_format=f)]),
    "image, strided": (
        IMAGE,
        lambda f: [
            layers.ZeroPadding2D(((2, 1), (0, 1)), data_format=f),
            layers.Conv2D(5, (3, 2), (2, 1), data_format=f),
        ],
    ),
    "image, dilated": (IMAGE, lambda f: [layers.Conv2D(5, 2, dilation_rate=2, data_format=f)]),
    "image, normalised": (
        IMAGE,
        lambda f: [
            layers.Conv2D(5, 3, data_format=f),
            layers.BatchNormalization(axis=1 if f == "channels_first" else -1),
        ],
    ),
    "image, separable": (IMAGE, lambda f: [layers.SeparableConv2D(5, 3, data_format=f)]),
    "image, transposed": (IMAGE, lambda f: [layers.Conv2DTranspose(3, 3, 2, data_format=f)]),
    "image, cropped": (
        IMAGE,
        lambda f: [
            layers.Cropping2D(((1, 0), (0, 2)), data_format=f),
            layers.Conv2D(5, 2, data_format=f),
        ],
    ),
    "image, pooled": (
        IMAGE,
        lambda f: [
            layers.AveragePooling2D((2, 1), data_format=f),
            layers.Conv2D(6, 2, data_format=f),
        ],
    ),
    "image, gray": (IMAGE, lambda f: [Gray(f), layers.Conv2D(5, 3, data_format=f)]),
    "image, reflected": (IMAGE, lambda f: [Reflecting(5, 3, padding="same", data_format=f)]),
    "series, uneven": (SERIES, lambda f: [Uneven(5, 3, data_format=f)]),
    "volume": (VOLUME, lambda f: [layers.Conv3D(4, 2, data_format=f)]),
    "volume, strided": (
        VOLUME,
        lambda f: [layers.Conv3D(4, (3, 2, 2), 2, padding="same", data_format=f)],
    ),
}


def to_first(x):
    return np.ascontiguousarray(np.moveaxis(x, -1, 1))


def built(name, data_format):
    """Model of a case, and the function from its input to the responses, channels last."""
    shape, make = CASES[name]
    first, rank = data_format == "channels_first", len(shape)
    x = keras.Input((shape[-1], *shape[:-1]) if first else shape)
    y = x
    for layer in make(data_format):
        y = layer(y)
    to_last = layers.Permute((*range(2, rank + 1), 1)) if first else layers.Identity()
    answer = keras.Model(x, to_last(y))
    z = layers.Flatten()(to_last(layers.ReLU()(y)))
    return keras.Model(x, layers.Dense(3, activation="softmax")(z)), answer


@pytest.fixture(scope="module")
def twins():
    """The two models of a case with the same weights, and an input, channels last."""
    kept = {}

    def of(name):
        if name not in kept:
            last, rng = built(name, "channels_last"), np.random.default_rng(1)
            first = built(name, "channels_first")
            weights = [np.abs(rng.normal(size=w.shape)) * 0.2 for w in last[0].weights]
            weights = [rng.normal(size=w.shape) * 0.5 if w.ndim > 1 else w for w in weights]
            for model, _ in (first, last):
                model.set_weights(weights)
            x = rng.normal(size=(1, *CASES[name][0])).astype(np.float32)
            kept[name] = first, last, x
        return kept[name]

    return of


@pytest.mark.parametrize("name", CASES)
def test_arrays_answer_what_the_layer_answers(twins, name):
    (model, _), (_, answer), x = twins(name)
    first = find_first_layer(model)
    linear, nodes = first.linear, np.arange(first.linear.size)
    assert linear.spatial == CASES[name][0][:-1]
    terms = contributions(
        linear, first.linear_input(to_first(x))[0], nodes, receptive_fields(linear, nodes)
    )
    response, _, _ = node_responses(linear, nodes, terms, "paper")
    expected = to_first(keras.ops.convert_to_numpy(answer(x)))[0]
    assert linear.output_shape == expected.shape
    np.testing.assert_allclose(response, expected.ravel(), atol=3e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", CASES)
def test_masks_and_maps_are_those_of_channels_last(twins, name):
    (first, _), (last, _), x = twins(name)
    made = smug.explain(first, to_first(x), target=0, **SMALL)
    expected = smug.explain(last, x, target=0, **SMALL)
    assert made.solver["confirmed"].all()
    assert expected.mask.any()
    assert not expected.mask.all()
    np.testing.assert_array_equal(made.mask, expected.mask)
    np.testing.assert_allclose(
        made.values, expected.values, atol=1e-5 * np.abs(expected.values).max()
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"replacement": "mean"},
        {"replacement": "blur", "gamma": 0.99},
        {"replacement": np.array([0.1, 0.2, -0.1, 0.3])},
        {"ranking": "gradients"},
        {"ranking": "activations", "window": 2},
    ],
    ids=["mean", "blur", "colour", "gradients", "activations"],
)
@pytest.mark.parametrize("name", ["image, normalised", "image, pooled"])
def test_settings_do_the_same(twins, name, settings):
    (first, _), (last, _), x = twins(name)
    made = smug.explain(first, to_first(x), target=0, **(SMALL | settings))
    expected = smug.explain(last, x, target=0, **(SMALL | settings))
    # Several masks may be as small: pooled pixels count alike.
    assert made.solver["status"] == expected.solver["status"] == ["optimal"]
    assert made.solver["objective"] == expected.solver["objective"] > 0
    assert made.solver["confirmed"].all()


def test_padding_words_choose_no_node():
    def model(data_format):
        first, x = data_format == "channels_first", keras.Input((6,), dtype="int32")
        turned = layers.Permute((2, 1)) if first else layers.Identity()
        y = turned(layers.Embedding(9, 3)(x))
        y = layers.Conv1D(4, 2, activation="relu", data_format=data_format)(y)
        y = layers.GlobalMaxPooling1D(data_format=data_format)(y)
        return keras.Model(x, layers.Dense(2, activation="softmax")(y))

    keras.utils.set_random_seed(3)
    last, first = model("channels_last"), model("channels_first")
    first.set_weights(last.get_weights())
    x = np.array([[0, 0, 0, 4, 2, 7]], np.int32)
    made, expected = (
        smug.explain(m, x, target=1, **(SMALL | {"top_k": 4, "gamma": 0.9})) for m in (first, last)
    )
    assert expected.mask.any()
    np.testing.assert_array_equal(made.mask, expected.mask)
    assert not made.mask[0, :3].any()


def test_a_shard_keeps_the_order_of_channels(twins, tmp_path):
    (model, _), _, x = twins("image")
    layer = find_first_layer(model)
    shape = (1, *layer.linear.output_shape)
    empty = {
        name: np.zeros(1)
        for name in AttributedShard.__dataclass_fields__
        if name not in ("layer", "dense", "generated")
    }
    empty |= {"inputs": layer.linear_input(to_first(x)), "attribution": np.zeros(shape)}
    AttributedShard(**empty, layer=layer.linear, dense=(), generated=False).save(tmp_path / "a.npz")
    read = AttributedShard.load(tmp_path / "a.npz").layer
    assert read.channels_first is True
    nodes = np.arange(layer.linear.size)
    np.testing.assert_array_equal(
        receptive_fields(read, nodes), receptive_fields(layer.linear, nodes)
    )
