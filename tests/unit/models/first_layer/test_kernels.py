"""First layers of every kind of convolution: arrays and masks hold in a pass of the real layer."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers, ops

from smug.attribution.smug import smug
from smug.masks.linear import contributions, node_responses, receptive_fields
from smug.methods import explain
from smug.models.first_layer import find_first_layer
from smug.models.first_layer.kernels import in_groups

GAMMA = 0.5
SERIES, IMAGE, VOLUME = (9, 4), (7, 6, 4), (5, 4, 4, 2)

#: First layer by name: shape of the input, what stands before it, the layer.
CASES = {
    "volume": (VOLUME, [], lambda: layers.Conv3D(3, 3)),
    "volume, strided": (VOLUME, [], lambda: layers.Conv3D(3, (3, 2, 2), 2, padding="same")),
    "volume, padded": (
        VOLUME,
        [layers.ZeroPadding3D(((1, 0), (2, 1), (0, 1)))],
        lambda: layers.Conv3D(3, 3, (2, 1, 1)),
    ),
    "volume, mirrored": (
        VOLUME,
        [layers.Lambda(lambda x: x[:, ::-1])],
        lambda: layers.Conv3D(3, 2),
    ),
    "volume, pooled": (VOLUME, [layers.AveragePooling3D((1, 2, 2))], lambda: layers.Conv3D(3, 2)),
    "volume, flat": (VOLUME, [layers.Flatten()], lambda: layers.Dense(12)),
    "groups": (IMAGE, [], lambda: layers.Conv2D(6, 3, groups=2)),
    "groups, dilated": (IMAGE, [], lambda: layers.Conv2D(4, 2, groups=4, dilation_rate=2)),
    "groups, strided": (
        IMAGE,
        [layers.ZeroPadding2D(((2, 1), (0, 1)))],
        lambda: layers.Conv2D(8, 3, (2, 3), groups=2, padding="same"),
    ),
    "groups of a series": (SERIES, [], lambda: layers.Conv1D(6, 3, groups=2, padding="causal")),
    "depthwise": (IMAGE, [], lambda: layers.DepthwiseConv2D(3, depth_multiplier=2)),
    "depthwise, strided": (
        IMAGE,
        [layers.ZeroPadding2D(1)],
        lambda: layers.DepthwiseConv2D(3, 2, padding="same"),
    ),
    "depthwise, dilated": (SERIES, [], lambda: layers.DepthwiseConv1D(3, dilation_rate=2)),
    "separable": (IMAGE, [], lambda: layers.SeparableConv2D(5, 3, depth_multiplier=2)),
    "separable series": (SERIES, [], lambda: layers.SeparableConv1D(5, 3, 2, padding="same")),
    "transposed": (IMAGE, [], lambda: layers.Conv2DTranspose(3, 3, 2, padding="same")),
    "transposed, gaps": (IMAGE, [], lambda: layers.Conv2DTranspose(3, 2, 3)),
    "transposed, dilated": (IMAGE, [], lambda: layers.Conv2DTranspose(3, 3, dilation_rate=2)),
    "transposed, padded": (
        IMAGE,
        [layers.ZeroPadding2D(1)],
        lambda: layers.Conv2DTranspose(3, (3, 2), 2),
    ),
    "transposed series": (SERIES, [], lambda: layers.Conv1DTranspose(3, 4, 2, padding="same")),
    "transposed volume": (VOLUME, [], lambda: layers.Conv3DTranspose(2, 2, 2, padding="same")),
    "patches": (IMAGE, [], lambda: layers.Conv2D(5, 2, strides=2)),
}  # fmt: skip


def randomised(model, seed=1):
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        values = rng.normal(size=weight.shape) * 0.5
        weight.assign(np.abs(values) + 0.2 if "variance" in weight.path else values)
    return model


def built(name, *behind):
    """A model of a case, and the function from its input to the layer's responses."""
    shape, before, make = CASES[name]
    layer = make()
    x = keras.Input(shape)
    y = x
    for part in (*before, layer, *behind):
        y = part(y)
    inner = keras.Model(x, y)
    z = layers.ReLU()(y)
    z = layers.Dense(3, activation="softmax")(layers.Flatten()(z))
    return randomised(keras.Model(x, z)), inner


def values(shape, count=1, seed=0):
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("normalised", [False, True])
def test_arrays_answer_what_the_layer_answers(name, normalised):
    model, inner = built(name, *[layers.BatchNormalization()] * normalised)
    x = values(CASES[name][0])
    first = find_first_layer(model)
    linear, nodes = first.linear, np.arange(first.linear.size)
    assert linear.spatial == CASES[name][0][:-1]
    assert linear.batch_normalised == normalised
    fields = receptive_fields(linear, nodes)
    terms = contributions(linear, first.linear_input(x)[0], nodes, fields)
    response, _, _ = node_responses(linear, nodes, terms, "paper")
    expected = np.asarray(inner(x))[0]
    assert linear.output_shape == expected.shape
    np.testing.assert_allclose(response, expected.ravel(), atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", CASES)
def test_receptive_fields_are_the_positions_that_change_a_node(name):
    model, inner = built(name)
    shape = CASES[name][0]
    first = find_first_layer(model)
    nodes = np.arange(first.linear.size)
    fields = receptive_fields(first.linear, nodes)
    x = values(shape)
    for position in range(int(np.prod(shape[:-1]))):
        other = x.reshape(-1, shape[-1]).copy()
        other[position] += 1.0
        changed = np.asarray(inner(np.stack([x[0], other.reshape(shape)])))
        moves = np.abs(changed[1] - changed[0]).ravel() > 1e-6
        np.testing.assert_array_equal((fields == position).any(axis=1), moves)


@pytest.mark.parametrize("name", CASES)
def test_masks_hold_in_a_pass_of_the_real_layer(name):
    model, inner = built(name)
    shape = CASES[name][0]
    x = values(shape)
    (_, mask, solver), (found,) = smug(
        model, x, np.array([0]), gamma=GAMMA, top_k=9, window=1, steps=10, return_details=True
    )
    assert mask.shape == (1, *shape[:-1])
    assert solver["confirmed"].all()
    assert mask.any()
    assert not mask.all()
    nodes = found.minimal.encoded.nodes
    whole, kept = (np.asarray(inner(part)).ravel()[nodes] for part in (x, x * mask[..., None]))
    np.testing.assert_allclose(whole, found.minimal.encoded.responses, rtol=1e-4, atol=1e-4)
    assert (whole > 0).all()
    assert (kept > GAMMA * whole - 1e-5).all()


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((2, 2, 2, 2), lambda: layers.Conv3D(4, 2, padding="same")),
        ((3, 3, 4), lambda: layers.Conv2D(4, 2, groups=2, padding="same")),
        ((3, 3, 3), lambda: layers.DepthwiseConv2D(2, depth_multiplier=2, padding="same")),
        ((3, 3, 3), lambda: layers.SeparableConv2D(4, 2, padding="same")),
        ((8, 2), lambda: layers.Conv1DTranspose(3, 3, 2)),
    ],
    ids=["volume", "groups", "depthwise", "separable", "transposed"],
)
def test_no_smaller_mask_exists(shape, layer):
    layer, x = layer(), keras.Input(shape)
    y = layers.Flatten()(layers.ReLU()(layer(x)))
    model = randomised(keras.Model(x, layers.Dense(2, activation="softmax")(y)))
    one = values(shape)
    (_, mask, solver), (found,) = smug(
        model, one, np.array([0]), gamma=GAMMA, top_k=8, steps=10, return_details=True
    )
    nodes, positions = found.minimal.encoded.nodes, int(np.prod(shape[:-1]))
    every = np.array(list(itertools.product([0, 1], repeat=positions)), np.float32)
    whole, kept = (
        np.asarray(layer(part)).reshape(len(part), -1)[:, nodes]
        for part in (one, one * every.reshape(-1, *shape[:-1], 1))
    )
    valid = (kept >= (GAMMA + 1e-4) * whole).all(axis=1)
    assert solver["status"] == ["optimal"]
    assert mask.sum() == every[valid].sum(axis=1).min()


class Tokens(layers.Layer):
    """Rows of patches with a learned vector of their place."""

    def build(self, shape):
        self.places = self.add_weight(shape=(shape[1] * shape[2], shape[3]), name="places")

    def call(self, x):
        return ops.reshape(x, (-1, *self.places.shape)) + self.places


def test_a_transformer_of_patches_has_its_embedding_as_first_layer():
    x = keras.Input((8, 8, 3))
    patches = layers.Conv2D(6, 4, strides=4, name="patches")
    y = Tokens()(patches(x))
    y = layers.Add()([y, layers.MultiHeadAttention(2, 3)(y, y)])
    y = layers.Dense(6, activation="gelu")(layers.LayerNormalization()(y))
    y = layers.GlobalAveragePooling1D()(y)
    model = randomised(keras.Model(x, layers.Dense(3, activation="softmax")(y)))
    image = values((8, 8, 3))
    made = explain(model, image, top_k=6, gamma=GAMMA, steps=10, window=1)
    assert made.record["first_layer"]["name"] == "patches"
    assert made.mask.shape == (1, 8, 8)
    assert made.solver["confirmed"].all()
    # Each patch is seen by its own nodes only, so that a mask of one patch keeps their responses.
    whole, kept = (np.asarray(patches(part)) for part in (image, image * made.mask[..., None]))
    used = made.mask.reshape(2, 4, 2, 4).any(axis=(1, 3))
    np.testing.assert_array_equal((kept != np.asarray(patches(image * 0))).any(axis=-1)[0], used)
    assert np.abs(whole).max() > 0


def test_a_grouped_kernel_is_zero_between_groups():
    kernel = np.arange(2 * 2 * 6, dtype=float).reshape(2, 2, 6) + 1
    made = in_groups(kernel, 3)
    assert made.shape == (2, 6, 6)
    for channel, one in itertools.product(range(6), range(6)):
        expected = kernel[:, channel % 2, one] if channel // 2 == one // 2 else 0
        np.testing.assert_array_equal(made[:, channel, one], expected)
