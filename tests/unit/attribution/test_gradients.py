"""Inputs without a gradient: words start at their embedding, integers at the first floats."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import smug
from smug.errors import SmugError

WORDS = 6


def transformer():
    """Embeddings of words and of positions, added."""
    keras.utils.set_random_seed(1)
    ids = keras.Input((WORDS,), dtype="int32")
    words = layers.Embedding(20, 4, name="words", embeddings_initializer="random_normal")(ids)
    positions = layers.Embedding(WORDS, 4, name="positions")(keras.ops.arange(WORDS))
    x = layers.Dense(5, activation="tanh")(words * 20 + positions)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(ids, layers.Dense(2, activation="softmax")(x))


class Positions(keras.layers.Layer):
    """The same inside a layer of the user's own."""

    def __init__(self):
        super().__init__()
        self.words, self.positions = layers.Embedding(20, 4), layers.Embedding(WORDS, 4)

    def call(self, ids):
        return 20 * self.words(ids) + self.positions(ops.arange(ids.shape[1])[None])


def own_layer():
    keras.utils.set_random_seed(2)
    ids = keras.Input((WORDS,), dtype="int32")
    x = layers.GlobalMaxPooling1D()(Positions()(ids))
    return keras.Model(ids, layers.Dense(2, activation="softmax")(x))


@pytest.mark.parametrize("build", [transformer, own_layer])
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_positions_are_no_words(build):
    model = build()
    ids = np.random.default_rng(0).integers(1, 20, (2, WORDS))
    made = smug.explain(model, ids, method="sis")
    assert made.values.shape == (2, WORDS)
    assert smug.explain(model, ids, method="integrated_gradients", steps=3).values.shape == (
        2,
        6,
        4,
    )
    # A masked word's embedding is 0, its position stays.
    word = next(op for op in model._flatten_layers() if getattr(op, "input_dim", 0) == 20)
    plain = word.call
    for i in range(2):
        kept = made.mask[i, :, None].astype(np.float32)
        word.call = lambda ids, kept=kept: plain(ids) * kept
        alone = np.asarray(model(ids[i : i + 1], training=False))[0]
        assert alone[made.target[i]] >= 0.9 * made.score[i] - 1e-6
    word.call = plain


def test_sis_masks_the_output_of_a_named_layer():
    model = transformer()
    ids = np.random.default_rng(1).integers(1, 20, (2, WORDS))
    default = smug.explain(model, ids, method="sis")
    for layer in ("words", model.get_layer("words")):
        named = smug.explain(model, ids, method="sis", layer=layer)
        np.testing.assert_array_equal(named.values, default.values)
        assert (named.settings["layer"], named.record["attributed_to"]) == ("words", "words")
    assert default.record["attributed_to"] == "words"
    assert default.settings["layer"] is None
    with pytest.raises(SmugError, match=r"'wordz'.*Did you mean 'words'"):
        smug.explain(model, ids, method="sis", layer="wordz")


@pytest.fixture(scope="module")
def bytes_model():
    keras.utils.set_random_seed(0)
    pixels = keras.Input((4, 4, 3), dtype="uint8")
    x = layers.Flatten()(layers.Rescaling(1 / 255, name="floats")(pixels))
    return keras.Model(pixels, layers.Dense(3, activation="softmax")(x))


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3), dtype=np.uint8)


def test_bytes_are_attributed_to_at_the_first_floats(bytes_model, pixels):
    W = bytes_model.layers[-1].kernel.numpy()
    p = np.asarray(bytes_model(pixels))
    # Of a softmax over W x: p_1 (W_1 - sum_k p_k W_k).
    expected = (p[:, 1:2] * (W[:, 1] - p @ W.T)).reshape(pixels.shape)
    made = smug.explain(bytes_model, pixels, 1, "gradients")
    np.testing.assert_allclose(made.values, expected, rtol=1e-4, atol=1e-7)
    assert made.saliency().shape == (2, 4, 4)
    assert made.record["attributed_to"] == "floats"
    path = smug.explain(bytes_model, pixels, 1, "integrated_gradients", steps=64)
    empty = np.asarray(bytes_model(np.zeros_like(pixels)))[:, 1]
    np.testing.assert_allclose(path.values.sum(axis=(1, 2, 3)), made.score - empty, atol=1e-3)
    guided = smug.explain(bytes_model, pixels, 1, "ggig", points=2)
    assert guided.values.shape == pixels.shape


def test_sis_of_bytes_needs_no_gradient(bytes_model, pixels):
    made = smug.explain(bytes_model, pixels, method="sis", limit=1)
    alone = np.asarray(bytes_model(np.where(made.mask[..., None], pixels, 0)))
    assert (alone[[0, 1], made.target] >= 0.9 * made.score - 1e-6).all()
    assert 0 < made.mask.mean() < 1


def test_integers_without_a_layer_that_makes_numbers_are_named():
    class Bare(keras.Model):
        def call(self, x):
            return ops.softmax(ops.cast(x, "float32"))

    with pytest.raises(SmugError, match=r"type int\d\d, which has no gradient"):
        smug.explain(Bare(), np.ones((1, 4), np.int64), method="gradients")
