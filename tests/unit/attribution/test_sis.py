"""``smug.explain(..., method="sis")`` on words, features and images."""

import keras
import numpy as np
import pytest
from scipy import ndimage

import smug
from smug.attribution.sufficient_subsets import ranked, sufficient_subsets
from smug.attribution.sufficient_words import sufficient_words
from smug.errors import SmugError
from smug.masks.text.problem import MaskedText
from smug.models.networks import text_cnn
from tests.drawn import drawn


@pytest.fixture(scope="module")
def model():
    made = text_cnn.build(num_words=30, embedding=6, filters=9, max_words=14, seed=3)
    made.layers[0].set_weights([np.random.default_rng(0).normal(size=(30, 6))])
    return made


@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_on_words_it_gives_the_subsets_of_the_exact_path(model):
    tokens = np.random.default_rng(1).integers(1, 30, (3, 14))
    tokens[:, :4] = 0
    made = smug.explain(text_cnn.two_classes(model), tokens, method="sis", keep=0.95, ties=1e-6)
    assert made.mask.shape == made.values.shape == (3, 14)
    assert not made.values[:, :4].any()
    for i in range(3):
        network = text_cnn.network(model)
        network = network if made.target[i] else network.negated()
        text = MaskedText(network, text_cnn.embed(model, tokens[i]), 10)
        whole = 1 / (1 + np.exp(-text.logit(np.ones(10, bool))))
        threshold = np.log(0.95 * whole / (1 - 0.95 * whole))
        subsets = sufficient_words(text, threshold, ties=1e-6)
        np.testing.assert_array_equal(made.values[i, 4:], ranked(subsets, 10))
        np.testing.assert_array_equal(made.mask[i, 4:], subsets[0].mask(10))


def test_the_pixels_of_a_small_image_alone_keep_the_class_score():
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    model = keras.Sequential([keras.Input((4, 4, 2)), *layers])
    image = np.random.default_rng(0).random((4, 4, 2)).astype(np.float32)
    made = smug.explain(model, image, method="sis", limit=1)
    assert made.mask.shape == (1, 4, 4)
    alone = np.asarray(model(np.where(made.mask[..., None], image, 0.0)))[0, made.target[0]]
    assert alone >= 0.9 * made.score[0]


@pytest.mark.parametrize("replacement", ["mean", 0.5, "blur"])
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_masked_pixels_take_the_replacement(replacement):
    layers = [keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    model = drawn(keras.Sequential([keras.Input((4, 4, 2)), *layers]), 3)
    layers[1].kernel.assign(12 * layers[1].kernel)
    image = np.random.default_rng(2).random((4, 4, 2)).astype(np.float32)
    made = smug.explain(model, image, method="sis", replacement=replacement)
    instead = np.full_like(image, 0.5)
    if replacement == "mean":
        instead[:] = image.mean(axis=(0, 1))
    if replacement == "blur":
        for channel in range(2):
            instead[..., channel] = ndimage.gaussian_filter(
                image[..., channel].astype(np.float64), 0.05 * 4, mode="nearest"
            )

    def score(batch):
        return np.asarray(model(batch.reshape(-1, 4, 4, 2)))[:, made.target[0]]

    plain = sufficient_subsets(
        score, image.reshape(16, 2), 0.9 * made.score[0], replacement=instead.reshape(16, 2)
    )
    # A blur of a fifth of a pixel leaves the class as it is.
    assert made.mask.any() == (replacement != "blur")
    np.testing.assert_array_equal(made.values[0].ravel(), ranked(plain, 16))


def test_masked_words_become_the_mean_embedding():
    model = text_cnn.build(num_words=30, embedding=6, filters=9, max_words=14, seed=3)
    model.layers[0].set_weights([np.random.default_rng(0).normal(size=(30, 6))])
    model.layers[-1].kernel.assign(8 * model.layers[-1].kernel)
    tokens = np.random.default_rng(1).integers(1, 30, (1, 14))
    tokens[:, :4] = 0
    # The mean word alone is undecided, so that some words have to stay.
    nothing = text_cnn.embed(model, tokens)
    nothing[:, 4:] = nothing[:, 4:].mean(axis=1, keepdims=True)
    p = float(text_cnn.on_embeddings(model)(nothing)[0, 0])
    model.layers[-1].bias.assign([np.log((1 - p) / p)])
    made = smug.explain(text_cnn.two_classes(model), tokens, method="sis", replacement="mean")
    embedded = text_cnn.embed(model, tokens)[0]
    left_out = 4 + np.flatnonzero(~made.mask[0, 4:])
    assert made.mask.any()
    assert left_out.size
    embedded[left_out] = embedded[4:].mean(axis=0)
    p = float(text_cnn.on_embeddings(model)(embedded[np.newaxis])[0, 0])
    assert (p if made.target[0] else 1 - p) >= 0.9 * made.score[0] - 1e-5


@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_the_columns_of_a_table_have_a_mean_each():
    keras.utils.set_random_seed(0)
    dense = [keras.layers.Dense(8, "relu"), keras.layers.Dense(3, "softmax")]
    model = keras.Sequential([keras.Input((6,)), *dense])
    dense[1].kernel.assign(3 * dense[1].kernel)
    rows = np.random.default_rng(0).normal(3, 2, (9, 6)).astype(np.float32)
    for method in ("sis", "smug", "smug_base"):
        with pytest.raises(SmugError, match=r"would mix the 6 columns.*data\.mean"):
            smug.explain(model, rows, method=method, replacement="mean")
    means = rows.mean(axis=0)
    # The mean row is undecided, so that every row needs some of its own features.
    dense[1].bias.assign(-np.log(np.asarray(model(means[np.newaxis]))[0]))
    others = rows[:2]
    made = smug.explain(model, others, method="sis", replacement=means)
    kept = np.asarray(model(np.where(made.mask, others, means)))[[0, 1], made.target]
    assert made.mask.any(axis=1).all()
    assert (kept >= 0.9 * made.score - 1e-5).all()
    made = smug.explain(model, others, gamma=0.5, replacement=means, steps=10)
    kept = np.asarray(model(np.where(made.mask, others, means)))[[0, 1], made.target]
    np.testing.assert_allclose(made.solver["kept_score"], kept, atol=1e-5)
    assert made.solver["confirmed"].all()


def test_mistakes_are_named(model):
    classes = text_cnn.two_classes(model)
    with pytest.raises(SmugError, match="nothing but padding"):
        smug.explain(classes, np.zeros((1, 14), np.int32), method="sis")
    with pytest.raises(SmugError, match=r"keep=2 is outside \(0, 1\]"):
        smug.explain(classes, np.ones((1, 14), np.int32), method="sis", keep=2)
    large = keras.Sequential(
        [keras.Input((65, 64)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")]
    )
    with pytest.raises(SmugError, match="4160 positions, and takes 4096 at most; use image_sis"):
        smug.explain(large, np.ones((65, 64)), method="sis")


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param((5, 4, 3, 1), marks=pytest.mark.tensorflow("JAX compiles each of 60 batches")),
        (6, 4, 2),
        (20, 3),
    ],
)
def test_volumes_images_and_series_get_the_subsets_of_the_plain_loop(shape):
    inputs = keras.Input(shape)
    hidden = keras.layers.Dense(5, "relu")(keras.layers.Flatten()(inputs))
    model = drawn(keras.Model(inputs, keras.layers.Dense(3, "softmax")(hidden)), 59)
    x = np.random.default_rng(2).normal(size=shape).astype(np.float32)
    made = smug.explain(model, x, method="sis", keep=0.6, replacement=0.25, limit=None)
    target, positions = made.target[0], x.reshape(made.values[0].size, -1)

    def predict(batch):
        return np.asarray(model(batch.reshape(-1, *shape)))[:, target]

    whole = predict(positions[np.newaxis])[0]
    subsets = sufficient_subsets(predict, positions, 0.6 * float(whole), replacement=0.25)
    assert len(subsets) > 1
    np.testing.assert_array_equal(made.values[0].ravel(), ranked(subsets, len(positions)))
    np.testing.assert_array_equal(made.mask[0].ravel(), subsets[0].mask(len(positions)))


def test_the_search_stops_after_so_many_subsets():
    model = keras.Sequential(
        [keras.Input((120,)), keras.layers.Dense(2, "softmax", kernel_initializer="zeros")]
    )
    # Every feature is sufficient by itself, and none of them is not.
    model.layers[0].set_weights([np.array([[9.0, -9.0]] * 120), np.array([-5.0, 5.0])])
    x = np.ones((1, 120), np.float32)
    for limit, count in ((1, 1), (7, 7), (100, 100), (None, 120)):
        made = smug.explain(model, x, 0, "sis", keep=0.5, limit=limit)
        assert np.count_nonzero(made.values) == count
    np.testing.assert_array_equal(
        smug.explain(model, x, 0, "sis", keep=0.5).values,
        smug.explain(model, x, 0, "sis", keep=0.5, limit=100).values,
    )
