"""``smug.explain(..., method="sis")`` on words, features and images."""

import keras
import numpy as np
import pytest

import smug
from smug.attribution.sufficient_subsets import ranked
from smug.attribution.sufficient_words import sufficient_words
from smug.errors import SmugError
from smug.masks.text.problem import MaskedText
from smug.models.networks import text_cnn


@pytest.fixture(scope="module")
def model():
    made = text_cnn.build(num_words=30, embedding=6, filters=9, max_words=14, seed=3)
    made.layers[0].set_weights([np.random.default_rng(0).normal(size=(30, 6))])
    return made


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


def test_mistakes_are_named(model):
    classes = text_cnn.two_classes(model)
    with pytest.raises(SmugError, match="nothing but padding"):
        smug.explain(classes, np.zeros((1, 14), np.int32), method="sis")
    with pytest.raises(SmugError, match=r"keep=2 is outside \(0, 1\]"):
        smug.explain(classes, np.ones((1, 14), np.int32), method="sis", keep=2)
    large = keras.Sequential(
        [keras.Input((40, 40)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")]
    )
    with pytest.raises(SmugError, match="1600 positions; use image_sis"):
        smug.explain(large, np.ones((40, 40)), method="sis")
