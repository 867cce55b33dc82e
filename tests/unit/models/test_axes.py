"""The model says which axes of an input are positions; all methods and plots follow."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import smug
from smug.models.axes import axes_of


class ChannelsFirst(layers.Conv2D):
    """Convolution on channels first; TensorFlow has none on some processors."""

    def __init__(self, filters, **settings):
        super().__init__(filters, 3, activation="relu", data_format="channels_first", **settings)

    def call(self, x):
        last = ops.conv(ops.transpose(x, (0, 2, 3, 1)), self.kernel, data_format="channels_last")
        return ops.transpose(self.activation(last + self.bias), (0, 3, 1, 2))


def ends(x, data_format="channels_last"):
    x = layers.GlobalAveragePooling2D(data_format=data_format)(x)
    return layers.Dense(3, activation="softmax")(x)


def last(i):
    x = layers.Conv2D(6, 3, activation="relu")(layers.Conv2D(5, 3, activation="relu")(i))
    return ends(x)


def first(i):
    return ends(ChannelsFirst(6)(ChannelsFirst(5)(i)), "channels_first")


def permuted(order):
    return lambda i: last(layers.Permute(order)(i))


def mirrored(i):
    return last(ops.flip(i, axis=2))


def cropped(i):
    return last(layers.Cropping2D(((2, 1), (0, 3)))(i))


# The network's own input (height, width, channels) in other orders of the user's axes.
LAYOUTS = {
    "last": (last, (0, 1, 2)),
    "first": (first, (2, 0, 1)),
    "permuted": (permuted((2, 3, 1)), (2, 0, 1)),
    "turned": (permuted((2, 1, 3)), (1, 0, 2)),
    "turned_first": (permuted((3, 2, 1)), (2, 1, 0)),
}
SIZE = (10, 8, 3)


def build(made, shape, like=None):
    keras.utils.set_random_seed(1)
    inputs = keras.Input(shape)
    model = keras.Model(inputs, made(inputs))
    if like is not None:
        model.set_weights(like.get_weights())
    return model


@pytest.fixture(scope="module")
def plain():
    return build(last, SIZE)


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(2, *SIZE)).astype(np.float32)


def moved(values, order):
    """A map (batch, height, width) in the user's order of the two."""
    return np.transpose(values, [0, *(axis + 1 for axis in order if axis != 2)])


METHODS = {
    "gradcam": {},
    "sis": {"limit": 1, "keep": 0.99},
    "image_sis": {"window": 2, "keep": 0.99},
    "gradients": {},
}


@pytest.mark.parametrize("name", ["first", "permuted", "turned", "turned_first"])
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_maps_have_the_layout_of_the_input(plain, x, name):
    made, order = LAYOUTS[name]
    model = build(made, tuple(SIZE[axis] for axis in order), plain)
    y = np.transpose(x, [0, *(axis + 1 for axis in order)])
    np.testing.assert_allclose(model(y), plain(x), rtol=1e-4)
    axes = axes_of(model, y)
    assert axes.channels == 1 + order.index(2)
    for method, settings in METHODS.items():
        right = smug.explain(plain, x, 1, method, **settings)
        found = smug.explain(model, y, 1, method, **settings)
        wanted = moved(right.saliency(), order)
        np.testing.assert_allclose(found.saliency(), wanted, rtol=1e-3, atol=1e-5)
        if found.mask is not None:
            np.testing.assert_array_equal(found.mask, moved(right.mask, order))
    shown = np.moveaxis(y, 1 + order.index(2), -1)
    np.testing.assert_array_equal(found.shown(0).inputs, shown[0])
    assert len(found.plot().axes) == 4


@pytest.mark.parametrize(
    ("made", "back"),
    [
        (mirrored, lambda maps: maps[:, :, ::-1]),
        (cropped, lambda maps: np.pad(maps, ((0, 0), (2, 1), (0, 3)))),
    ],
)
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_gradcam_lies_where_the_input_was_read(plain, x, made, back):
    model = build(made, SIZE, plain)
    seen = x[:, :, ::-1] if made is mirrored else x[:, 2:-1, :-3]
    inner = build(last, seen.shape[1:], plain)
    right = smug.explain(inner, seen, 1, "gradcam").values
    found = smug.explain(model, x, 1, "gradcam").values
    np.testing.assert_allclose(found, back(right), rtol=1e-4, atol=1e-6)


SERIES = (20, 4)


def series(i):
    x = layers.GlobalMaxPooling1D()(layers.Conv1D(6, 3, activation="relu")(i))
    return layers.Dense(2, activation="softmax")(x)


def recurrent(i):
    return layers.Dense(2, activation="softmax")(layers.LSTM(3)(i))


def attention(i):
    x = layers.GlobalAveragePooling1D()(layers.MultiHeadAttention(1, 2)(i, i))
    return layers.Dense(2, activation="softmax")(x)


@pytest.mark.parametrize("made", [series, recurrent, attention])
def test_a_series_is_no_image(made):
    model = build(made, SERIES)
    s = np.random.default_rng(0).normal(size=(1, *SERIES)).astype(np.float32)
    for method, settings in METHODS.items():
        if method == "gradcam" and made is not series:
            continue
        found = smug.explain(model, s, None, method, **settings)
        assert found.saliency().shape == (1, 20)
        if found.mask is None:
            continue
        assert found.mask.shape == (1, 20)
        alone = np.asarray(model(np.where(found.mask[..., None], s, np.float32(0))))[0]
        assert alone[found.target[0]] >= 0.99 * found.score[0] - 1e-6


@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_gradcam_of_series_and_volumes_in_closed_form():
    """After average pooling and a dense layer the gradient is known without a tape."""
    for rank, shape in ((1, (9, 2)), (3, (5, 6, 7, 2))):
        keras.utils.set_random_seed(rank)
        convolution = (layers.Conv1D, None, layers.Conv3D)[rank - 1](3, 3, padding="same")
        pool = (layers.GlobalAveragePooling1D, None, layers.GlobalAveragePooling3D)[rank - 1]()
        dense = layers.Dense(2)
        model = keras.Sequential([keras.Input(shape), convolution, layers.ReLU(), pool, dense])
        x = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
        maps = np.maximum(convolution(x), 0)
        weights = np.asarray(dense.kernel)[:, 1] / np.prod(shape[:-1])
        found = smug.explain(model, x, 1, "gradcam").values
        np.testing.assert_allclose(found, np.maximum(maps @ weights, 0), rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize(
    ("shape", "made", "positions"),
    [
        ((7,), lambda i: layers.Dense(2)(i), (1,)),
        ((6, 5), lambda i: layers.Dense(2)(layers.Flatten()(i)), (1, 2)),
        ((6, 5, 3), lambda i: layers.Dense(2)(layers.Flatten()(i)), (1, 2)),
        ((3, 6, 5), lambda i: layers.Dense(2)(layers.Flatten("channels_first")(i)), (2, 3)),
        ((6, 5), lambda i: ends(layers.Conv2D(2, 3)(layers.Reshape((6, 5, 1))(i))), (1, 2)),
        ((30,), lambda i: ends(layers.Conv2D(2, 3)(layers.Reshape((6, 5, 1))(i))), (1,)),
        ((1, 6, 5), lambda i: ends(layers.Conv2D(2, 3)(layers.Permute((2, 3, 1))(i))), (2, 3)),
        ((6, 5, 1), lambda i: ends(layers.Conv2D(2, 3)(i)), (1, 2)),
        ((1, 9, 2), lambda i: ends(layers.Conv2D(2, (1, 3))(i)), (1, 2)),
        ((6, 5, 3), lambda i: ends(layers.Conv2D(2, 3)(layers.Resizing(9, 9)(i))), (1, 2)),
        ((6, 5, 3), lambda i: ends(layers.Conv2D(2, 3)(ops.flip(i, axis=-1))), (1, 2)),
        ((6, 5, 3), lambda i: ends(layers.Conv2D(2, 3)(keras.ops.mean(i, -1, True))), (1, 2)),
        ((5, 4, 3, 2), lambda i: layers.GlobalMaxPooling3D()(layers.Conv3D(2, 2)(i)), (1, 2, 3)),
        ((4, 6, 5, 3), lambda i: layers.Dense(2)(layers.Flatten()(i)), (1, 2, 3)),
    ],
)
def test_positions_of_many_inputs(shape, made, positions):
    model = build(made, shape)
    assert axes_of(model, np.ones((2, *shape), np.float32)).positions == positions


def test_channels_of_bytes_and_the_positions_of_words():
    pixels = keras.Input((3, 6, 5), dtype="uint8")
    x = layers.Permute((2, 3, 1))(layers.Rescaling(1 / 255)(pixels))
    model = keras.Model(pixels, ends(layers.Conv2D(2, 3)(x)))
    assert axes_of(model, np.ones((1, 3, 6, 5), np.uint8)).positions == (2, 3)
    words = keras.Input((8,), dtype="int32")
    model = keras.Model(words, series(layers.Embedding(9, 4)(words)))
    assert axes_of(model, np.ones((1, 8), np.int32)).positions == (1,)


PREPARED = {
    "differences": lambda i: i[:, 1:] - i[:, :-1],
    "centred": lambda i: i - keras.ops.mean(i, axis=1, keepdims=True),
    "standard": lambda i: (i - keras.ops.mean(i, 1, keepdims=True)) / keras.ops.std(i, 1, True),
    "normed": lambda i: layers.LayerNormalization()(i),
    "squared": lambda i: i * i,
}


@pytest.mark.parametrize("prepared", PREPARED)
@pytest.mark.parametrize("turned", [False, True])
def test_channels_are_known_through_what_no_ramp_comes_through(prepared, turned):
    inputs = keras.Input((4, 20) if turned else (20, 4))
    steps = layers.Permute((2, 1))(inputs) if turned else inputs
    model = keras.Model(inputs, series(PREPARED[prepared](steps)))
    x = np.random.default_rng(0).normal(size=(1, *inputs.shape[1:])).astype(np.float32)
    assert axes_of(model, x).positions == ((2,) if turned else (1,))


@pytest.mark.parametrize("axis", [1, (1, 2), 3])
def test_channels_of_centred_images(axis):
    inputs = keras.Input((10, 8, 3))
    model = keras.Model(inputs, last(inputs - keras.ops.mean(inputs, axis=axis, keepdims=True)))
    x = np.random.default_rng(0).random((1, 10, 8, 3)).astype(np.float32)
    assert axes_of(model, x).positions == (1, 2)
