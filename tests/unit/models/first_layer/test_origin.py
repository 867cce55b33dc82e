"""Mirrored, cropped, resized inputs: masks lie on the user's input and hold in a real pass."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers, ops

from smug.attribution.smug import smug
from smug.errors import SmugError
from smug.methods import explain
from smug.models.first_layer import find_first_layer

GAMMA = 0.5


def conv():
    return layers.Conv2D(4, 3, activation="relu", bias_initializer="normal", name="first")


def conv1d():
    return layers.Conv1D(4, 3, activation="relu", padding="same", name="first")


def mirrored_beside(x):
    return ops.concatenate([x, ops.flip(x, axis=2)], axis=-1)


def folded(x):
    """Every 2 × 2 pixels become the channels of one."""
    x = ops.reshape(x, (-1, 6, 2, 5, 2, 3))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 6, 5, 12))


def reflected(x):
    return ops.pad(x, ((0, 0), (2, 1), (1, 1), (0, 0)), "reflect")


def gray(x):
    return ops.sum(x * np.array([0.3, 0.6, 0.1], np.float32), axis=-1, keepdims=True)


#: What stands before the first layer, by name: input shape, grid of masks, function, layer.
IMAGE = (12, 10, 3)
CASES = {
    "mirrored": (IMAGE, (12, 10), lambda x: ops.flip(x, axis=2), conv),
    "upside down": (IMAGE, (12, 10), lambda x: ops.flip(x, axis=1), conv),
    "other channels": (IMAGE, (12, 10), lambda x: ops.flip(x, axis=-1), conv),
    "one channel": (IMAGE, (12, 10), lambda x: x[..., 1:2], conv),
    "cut": (IMAGE, (12, 10), lambda x: x[:, 2:9, 3:], conv),
    "every second": (IMAGE, (12, 10), lambda x: x[:, ::2, 1::2], conv),
    "cropped": (IMAGE, (12, 10), layers.Cropping2D(((1, 2), (3, 0))), conv),
    "centre": (IMAGE, (12, 10), layers.CenterCrop(6, 7), conv),
    "transposed": (IMAGE, (12, 10), lambda x: ops.transpose(x, (0, 2, 1, 3)), conv),
    "channels first": ((3, 12, 10), (12, 10), layers.Permute((2, 3, 1)), conv),
    "rolled": (IMAGE, (12, 10), lambda x: ops.roll(x, 3, axis=2), conv),
    "reflected": (IMAGE, (12, 10), reflected, conv),
    "padded": (IMAGE, (12, 10), lambda x: 2 * layers.ZeroPadding2D(1)(x), conv),
    "twice": (IMAGE, (12, 10), mirrored_beside, conv),
    "folded": (IMAGE, (12, 10), folded, conv),
    "gray": (IMAGE, (12, 10), gray, conv),
    "gray, mirrored": (IMAGE, (12, 10), lambda x: ops.flip(gray(x), axis=2), conv),
    "element-wise": (IMAGE, (12, 10), layers.Lambda(lambda x: x * 2), conv),
    "pooled": (IMAGE, (12, 10), layers.AveragePooling2D(2), conv),
    "pooled, padded": (IMAGE, (12, 10), layers.AveragePooling2D(3, padding="same"), conv),
    "larger": (IMAGE, (12, 10), layers.UpSampling2D(2), conv),
    "resized": (IMAGE, (12, 10), layers.Resizing(7, 6), conv),
    "resized, transposed": (
        IMAGE,
        (12, 10),
        lambda x: ops.transpose(layers.Resizing(7, 6)(x), (0, 2, 1, 3)),
        conv,
    ),
    "resized by cubes": (IMAGE, (12, 10), layers.Resizing(17, 9, interpolation="bicubic"), conv),
    "neighbours": (IMAGE, (12, 10), lambda x: x[:, 1:, 1:] + 0.5 * x[:, :-1, :-1], conv),
    "series, later half": ((20, 4), (20,), lambda x: x[:, 10:], conv1d),
    "series, backwards": ((20, 4), (20,), lambda x: ops.flip(x, axis=1), conv1d),
    "series, pooled": ((20, 4), (20,), layers.AveragePooling1D(2), conv1d),
    "flat, cut": ((15,), (15,), lambda x: x[:, 3:], lambda: layers.Dense(9, "relu", name="first")),
    "image, mirrored, flat": (
        IMAGE,
        (12, 10),
        lambda x: layers.Flatten()(ops.flip(x, axis=2)),
        lambda: layers.Dense(20, "relu", name="first"),
    ),
    "image, pooled, flat": (
        IMAGE,
        (12, 10),
        lambda x: layers.Flatten()(layers.AveragePooling2D(2)(x)),
        lambda: layers.Dense(20, "relu", name="first"),
    ),
}  # fmt: skip


class Subclassed(keras.Model):
    """The same without Keras seeing what it computes between its layers."""

    def __init__(self, before, layer):
        super().__init__()
        self.before, self.layer = before, layer
        self.flat, self.head = layers.Flatten(), layers.Dense(3, activation="softmax")

    def call(self, x):
        return self.head(self.flat(self.layer(self.before(x))))


def functional(shape, before, layer):
    x = keras.Input(shape)
    y = layer(before(x))
    y = layers.Flatten()(y) if len(y.shape) > 2 else y
    return keras.Model(x, layers.Dense(3, activation="softmax")(y))


def spread(mask, shape):
    """A mask over the grid as a factor of the input, channels where they are."""
    if len(mask.shape) == len(shape):
        return mask
    axis = next(a for a in range(len(shape)) if tuple(np.delete(shape, a)) == mask.shape)
    return np.expand_dims(mask, axis)


WAYS = [(name, "functional") for name in CASES]
WAYS += [(name, "subclassed") for name in ("mirrored", "resized", "series, later half")]


@pytest.mark.parametrize(("name", "build"), WAYS)
def test_masks_on_the_input_keep_the_responses_in_a_real_pass(name, build):
    keras.utils.set_random_seed(3)
    shape, grid, before, make = CASES[name]
    layer = make()
    if build == "functional":
        model = functional(shape, before, layer)
    else:
        model = Subclassed(before, layer)
        model(np.zeros((1, *shape), np.float32))
    x = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    settings = {"gamma": GAMMA, "top_k": 9, "window": 1, "steps": 10}
    (values, mask, solver), (found,) = smug(
        model, x, np.array([0]), return_details=True, **settings
    )
    assert values.shape == mask.shape == (1, *grid)
    assert solver["confirmed"].all()
    assert mask.any()
    assert not mask.all()
    nodes = found.minimal.encoded.nodes
    whole, kept = (
        np.asarray(layer(before(ops.convert_to_tensor(part)))).ravel()[nodes]
        for part in (x, x * spread(mask[0], shape))
    )
    assert (whole > 0).all()
    np.testing.assert_allclose(whole, found.minimal.encoded.responses, rtol=1e-4, atol=1e-4)
    assert (kept > GAMMA * whole - 1e-5).all()


@pytest.mark.parametrize(
    "before",
    [
        lambda x: ops.flip(x, axis=1),
        lambda x: x[:, 3:],
        layers.AveragePooling1D(3, strides=2),
        lambda x: x[:, 1:] - x[:, :-1],
        lambda x: ops.concatenate([x[:, 4:], x[:, :4]], axis=1),
    ],
    ids=["backwards", "cut", "pooled", "differences", "halves swapped"],
)
def test_no_smaller_mask_exists(before):
    keras.utils.set_random_seed(7)
    layer = conv1d()
    model = functional((9, 2), before, layer)
    x = np.random.default_rng(2).normal(size=(1, 9, 2)).astype(np.float32)
    (_, mask, solver), (found,) = smug(
        model, x, np.array([0]), gamma=GAMMA, top_k=12, steps=10, return_details=True
    )
    nodes = found.minimal.encoded.nodes
    every = np.array(list(itertools.product([0, 1], repeat=9)), np.float32)
    whole, kept = (
        np.asarray(layer(before(ops.convert_to_tensor(part)))).reshape(len(part), -1)[:, nodes]
        for part in (x, x * every[..., None])
    )
    valid = (kept >= (GAMMA + 1e-4) * whole).all(axis=1)
    assert solver["status"] == ["optimal"]
    assert mask.sum() == every[valid].sum(axis=1).min()


def test_padding_that_is_no_zero_is_a_constant_of_the_response():
    keras.utils.set_random_seed(5)
    x = keras.Input((8, 8, 1))
    padded = layers.Rescaling(2.0, 0.5)(layers.ZeroPadding2D(1)(x))
    layer = conv()
    model = keras.Model(x, layers.Dense(3, activation="softmax")(layers.Flatten()(layer(padded))))
    values = np.random.default_rng(0).normal(size=(1, 8, 8, 1)).astype(np.float32)
    (_, mask, solver), (found,) = smug(
        model, values, np.array([0]), gamma=GAMMA, top_k=20, window=1, steps=10,
        return_details=True,
    )  # fmt: skip
    inside = np.pad(values * 2 + 0.5, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=0.5)
    kept = np.pad(mask[..., None], ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=True)
    nodes = found.minimal.encoded.nodes
    whole, masked = (np.asarray(layer(part)).ravel()[nodes] for part in (inside, inside * kept))
    np.testing.assert_allclose(whole, found.minimal.encoded.responses, rtol=1e-4, atol=1e-5)
    assert solver["confirmed"].all()
    assert mask.shape == (1, 8, 8)
    assert (masked > GAMMA * whole - 1e-5).all()


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("name", ["mirrored", "resized"])
def test_half_precision(name, policy):
    keras.utils.set_random_seed(5)
    shape, grid, before, make = CASES[name]
    keras.mixed_precision.set_global_policy(policy)
    try:
        model = functional(shape, before if name == "mirrored" else layers.Resizing(7, 6), make())
    finally:
        keras.mixed_precision.set_global_policy("float32")
    x = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    (_, mask, solver), (found,) = smug(
        model, x, np.array([0]), gamma=GAMMA, top_k=9, window=1, steps=10, return_details=True
    )
    part = keras.Model(model.inputs[0], model.get_layer("first").output)
    nodes = found.minimal.encoded.nodes
    whole, kept = (
        ops.convert_to_numpy(ops.cast(part(values), "float32")).ravel()[nodes]
        for values in (x, x * mask[..., None])
    )
    assert mask.shape == (1, *grid)
    assert solver["confirmed"].all()
    assert (kept > GAMMA * whole - 0.05 * whole.max()).all()


def test_words_that_are_cut_off_are_never_kept():
    keras.utils.set_random_seed(5)
    x = keras.Input((9,), dtype="int32")
    y = layers.GlobalMaxPooling1D()(conv1d()(layers.Embedding(11, 4)(x[:, 3:])))
    model = keras.Model(x, layers.Dense(2, activation="softmax")(y))
    ids = np.array([[1, 2, 3, 4, 5, 6, 7, 8, 9]])
    made = explain(model, ids, steps=10)
    assert made.mask.shape == (1, 9)
    assert made.solver["confirmed"].all()
    assert not made.mask[0, :3].any()
    assert made.mask[0, 3:].any()


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
@pytest.mark.parametrize("resized", [False, True])
def test_whole_numbers_as_pixels(dtype, resized):
    keras.utils.set_random_seed(5)
    x = keras.Input((12, 10, 3), dtype=dtype)
    y = layers.Rescaling(1 / 255)(x)
    layer = conv()
    z = layer(layers.Resizing(7, 6)(y) if resized else y)
    model = keras.Model(x, layers.Dense(3, activation="softmax")(layers.Flatten()(z)))
    image = np.random.default_rng(0).integers(0, 256, (1, 12, 10, 3)).astype(dtype)
    made, (found,) = smug(
        model, image, np.array([0]), gamma=GAMMA, top_k=9, window=1, steps=10, return_details=True
    )
    mask, part = made[1], keras.Model(x, z)
    nodes = found.minimal.encoded.nodes
    whole, kept = (
        np.asarray(part(values)).ravel()[nodes] for values in (image, image * mask[..., None])
    )
    assert (kept > GAMMA * whole - 1e-5).all()
    assert not mask.all()


AUGMENTATION = [
    layers.RandomFlip(),
    layers.RandomRotation(0.1),
    layers.RandomZoom(0.2),
    layers.RandomContrast(0.2),
    layers.RandomBrightness(0.2),
    layers.RandomTranslation(0.1, 0.1),
    layers.GaussianNoise(0.3),
    layers.ActivityRegularization(0.1),
    layers.AlphaDropout(0.2),
]


@pytest.mark.parametrize("augmentation", AUGMENTATION, ids=lambda layer: type(layer).__name__)
def test_what_only_training_changes_is_as_if_it_were_not_there(augmentation):
    x = keras.Input(IMAGE)
    model = functional(IMAGE, augmentation, conv())
    first = find_first_layer(model)
    assert first.linear.origin is None
    assert first.linear.spatial == (12, 10)
    values = np.random.default_rng(0).random((1, *IMAGE)).astype(np.float32)
    np.testing.assert_array_equal(first.linear_input(values), values)
    assert x.shape[1:] == IMAGE


def test_whatever_is_not_linear_is_refused_by_name():
    sorted_pixels = layers.Lambda(
        lambda x: ops.sort(x, axis=1), output_shape=lambda shape: shape, name="sorted"
    )
    with pytest.raises(SmugError, match=r"starts with 'sorted' \(Lambda\), which is not linear"):
        find_first_layer(functional(IMAGE, sorted_pixels, conv()))

    def half(shape):
        return (shape[0], shape[1] // 2, shape[2] // 2, shape[3])

    blurred = layers.Lambda(
        lambda x: ops.average_pool(x, 2, 2) ** 2, output_shape=half, name="blurred"
    )
    with pytest.raises(SmugError, match=r"starts with 'blurred' \(Lambda\)"):
        find_first_layer(functional(IMAGE, blurred, conv()))
    model = Subclassed(lambda x: ops.max_pool(x, 2, 2), conv())
    model(np.zeros((1, *IMAGE), np.float32))
    with pytest.raises(SmugError, match=r"what model 'subclassed.*' computes before its first"):
        find_first_layer(model, x=np.random.default_rng(0).random((1, *IMAGE)))


def test_an_irregular_mixture_that_is_too_large_is_refused():
    diagonal = layers.Lambda(lambda x: x[:, 1:, 1:] + x[:, :-1, :-1], name="shifted")
    with pytest.raises(SmugError, match=r"'shifted' \(Lambda\), which mixes 12288 values"):
        find_first_layer(functional((64, 64, 3), diagonal, conv()))


def test_what_depends_on_whole_numbers_is_refused_by_name():
    ids = keras.Input((8,), dtype="int32")
    mean = layers.GlobalAveragePooling1D(name="mean")(layers.Embedding(12, 5, mask_zero=True)(ids))
    model = keras.Model(ids, layers.Dense(2)(layers.Dense(6, "relu")(mean)))
    # Each text has a mask of its own, and so weights of its own.
    with pytest.raises(SmugError, match=r"starts with 'mean' \(GlobalAveragePooling1D\)"):
        find_first_layer(model)


@pytest.mark.tensorflow("its CategoryEncoding raises for values out of range, JAX's answers")
def test_what_takes_its_own_values_only_is_refused_by_name():
    codes = keras.Input((6,), dtype="int32")
    hot = layers.CategoryEncoding(10, output_mode="multi_hot", name="hot")(codes)
    model = keras.Model(codes, layers.Dense(2)(layers.Dense(6, "relu")(hot)))
    with pytest.raises(SmugError, match=r"before layer 'hot' takes its own values only"):
        find_first_layer(model, x=np.arange(6)[np.newaxis])
