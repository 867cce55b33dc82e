import itertools

import keras
import numpy as np
import pytest
from keras import layers
from scipy import ndimage

from smug.errors import SmugError
from smug.masks.encode import encode_first_layer, expand_mask
from smug.masks.replacement import replaced_images, replaced_word, replacement_of
from smug.masks.solvers import solve
from smug.models.first_layer import find_first_layer

from .test_encode import conv_map

NO_PADDING = np.zeros((7, 6), bool)


@pytest.fixture(scope="module")
def conv():
    keras.utils.set_random_seed(0)
    layer = layers.Conv2D(3, 3, padding="same", bias_initializer="random_normal")
    return keras.Sequential([keras.Input((4, 4, 2)), layer]), layer


@pytest.mark.parametrize("replacement", ["mean", "blur", np.array([0.3, -0.2])])
@pytest.mark.parametrize("gamma", [0.0, 0.5])
def test_the_smallest_mask_is_that_of_forward_passes_on_replaced_images(conv, replacement, gamma):
    model, layer = conv
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, (4, 4, 2)).astype(np.float32)
    first = find_first_layer(model).linear
    instead = replacement_of(first, x, np.zeros((4, 4), bool), replacement)
    full = np.asarray(layer(x[None]))[0].ravel()
    nodes = np.flatnonzero(full > 0.05)[:8]
    problem = encode_first_layer(
        first, x, nodes, window=2, gamma=gamma, response="paper", replacement=instead
    ).problem
    found = solve(problem)
    sizes = {}
    for bits in itertools.product([False, True], repeat=4):
        mask = expand_mask(np.reshape(bits, (2, 2)), (4, 4), 2)[..., None]
        kept = np.asarray(layer(np.where(mask, x, instead).astype(np.float32)[None]))[0].ravel()
        if (kept[nodes] >= (gamma + 1e-4) * full[nodes]).all():
            sizes.setdefault(sum(bits), []).append(bits)
    assert found.objective == min(sizes)
    assert tuple(problem.grid_mask(found.mask).ravel()) in sizes[min(sizes)]


def test_the_kinds_of_replacement():
    rng = np.random.default_rng(0)
    layer, x = conv_map(rng), rng.normal(size=(7, 6, 2))
    assert replacement_of(layer, x, NO_PADDING, "zero") is None
    mean = replacement_of(layer, x, NO_PADDING, "mean")
    np.testing.assert_allclose(mean[3, 4], x.mean(axis=(0, 1)))
    assert mean.shape == x.shape
    blur = replacement_of(layer, x, NO_PADDING, "blur")
    alone = ndimage.gaussian_filter(x[..., 1], 0.05 * 7, mode="nearest")
    np.testing.assert_allclose(blur[..., 1], alone)
    np.testing.assert_array_equal(replacement_of(layer, x, NO_PADDING, x / 2), x / 2)
    np.testing.assert_array_equal(replacement_of(layer, x, NO_PADDING, np.array(3.0)), 3 + 0 * x)


def test_padding_takes_no_part_in_a_mean():
    rng = np.random.default_rng(0)
    layer, x = conv_map(rng), rng.normal(size=(7, 6, 2))
    padding = np.zeros((7, 6), bool)
    padding[4:] = True
    mean = replacement_of(layer, x, padding, "mean")
    np.testing.assert_allclose(mean[0, 0], x[:4].mean(axis=(0, 1)))


@pytest.mark.parametrize(
    ("replacement", "said"),
    [
        ("grey", "unknown replacement 'grey'; known: blur, mean, zero"),
        (np.zeros(3), r"replacement has shape \(3,\).*\(7, 6, 2\)"),
        (np.full(2, np.nan), "replacement holds NaN"),
    ],
)
def test_what_does_not_fit_is_refused(replacement, said):
    rng = np.random.default_rng(0)
    with pytest.raises(SmugError, match=said):
        replacement_of(conv_map(rng), rng.normal(size=(7, 6, 2)), NO_PADDING, replacement)


def test_a_blur_needs_an_image():
    rng = np.random.default_rng(0)
    words = conv_map(
        rng, side=(9,), kernel=(3,), kind="conv1d", strides=(1,), dilation=(1,), pads=(0,)
    )
    with pytest.raises(SmugError, match="needs an image"):
        replacement_of(words, rng.normal(size=(9, 2)), np.zeros(9, bool), "blur")


@pytest.mark.parametrize("shape", [(2, 7, 5, 3), (2, 7, 5)])
def test_images_are_replaced_one_by_one(shape):
    x = np.random.default_rng(0).random(shape).astype(np.float32)
    assert not replaced_images(x, "zero").any()
    mean = np.broadcast_to(x.mean(axis=(1, 2), keepdims=True), shape)
    np.testing.assert_allclose(replaced_images(x, "mean"), mean, rtol=1e-5)
    blur = np.stack(
        [ndimage.gaussian_filter(one, (0.35, 0.35, 0)[: one.ndim], mode="nearest") for one in x]
    )
    np.testing.assert_allclose(replaced_images(x, "blur"), blur, rtol=1e-5)
    assert (replaced_images(x, 0.25) == 0.25).all()
    assert replaced_images(x, "blur").dtype == np.float32
    assert replaced_images(x[:0], "mean").shape == (0, *shape[1:])


def test_a_removed_word_becomes_one_embedding():
    words = np.random.default_rng(0).normal(size=(6, 4))
    np.testing.assert_array_equal(replaced_word(words, "zero"), np.zeros(4))
    np.testing.assert_allclose(replaced_word(words, "mean"), words.mean(axis=0))
    np.testing.assert_array_equal(replaced_word(words, np.arange(4)), np.arange(4))
    with pytest.raises(SmugError, match=r"different embeddings; give one, shape \(4,\)"):
        replaced_word(words, words)
