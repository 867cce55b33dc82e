import keras
import numpy as np
import pytest

from smug.datasets.beer.generator import write_reviews
from smug.datasets.beer.reviews import prepare, read_reviews, review_path
from smug.datasets.beer.tokenizer import Tokenizer
from smug.errors import SmugError
from smug.limits import NAMES
from smug.models.networks import text_cnn


def small(seed=0, **changes):
    settings = {"num_words": 40, "embedding": 6, "filters": 8, "max_words": 30, "seed": seed}
    return text_cnn.build(**{**settings, **changes})


def some_tokens(rng, n=7, max_words=30):
    tokens = np.zeros((n, max_words), np.int32)
    for row in tokens:
        words = rng.integers(1, max_words + 1)
        row[-words:] = rng.integers(1, 40, words)
    return tokens


def test_the_published_size():
    model = text_cnn.build()
    assert model.input_shape == (None, 500)
    assert model.count_params() == 10_000 * 100 + (3 * 100 + 1) * 128 + 129


def test_seed_sets_the_weights():
    first, same, other = (small(seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, same, strict=True))
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[1], other[1])


def test_embedding_and_the_rest_make_up_the_model():
    model, tokens = small(), some_tokens(np.random.default_rng(0))
    embedded = text_cnn.embed(model, tokens)
    assert embedded.shape == (7, 30, 6)
    whole = np.asarray(model(tokens))
    np.testing.assert_allclose(
        np.asarray(text_cnn.on_embeddings(model)(embedded)), whole, rtol=1e-6
    )
    logits = text_cnn.network(model).logits(embedded)
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), whole[:, 0], rtol=1e-5)


def layers_of(**changes):
    made = {
        "embedding": keras.layers.Embedding(9, 4),
        "conv": keras.layers.Conv1D(5, 3, activation="relu"),
        "pool": keras.layers.GlobalMaxPooling1D(),
        "dropout": keras.layers.Dropout(0.5),
        "dense": keras.layers.Dense(2, activation="softmax"),
    }
    return [keras.Input((7,), dtype="int32"), *(made | changes).values()]


def test_a_network_of_two_classes_is_told_by_its_layers_and_read_as_one_logit():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(layers_of())
    assert text_cnn.fits(model)
    assert text_cnn.fits(text_cnn.two_classes(small()))
    tokens = np.random.default_rng(0).integers(0, 9, (6, 7))
    embedded = text_cnn.embed(model, tokens)
    whole = np.asarray(model(tokens))
    logits = text_cnn.network(model).logits(embedded)
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), whole[:, 1], rtol=1e-5)
    np.testing.assert_allclose(text_cnn.on_embeddings(model)(embedded), whole, rtol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"dense": keras.layers.Dense(3, activation="softmax")},
        {"dense": keras.layers.Dense(2)},
        {"conv": keras.layers.Conv1D(5, 3, activation="relu", padding="same")},
        {"conv": keras.layers.Conv1D(5, 3, activation="relu", strides=2)},
        {"conv": keras.layers.Conv1D(5, 3)},
        {"conv": keras.layers.Conv1D(5, 3, activation="relu", use_bias=False)},
        {"pool": keras.layers.GlobalAveragePooling1D()},
    ],
)
def test_other_networks_do_not_fit(changes):
    assert not text_cnn.fits(keras.Sequential(layers_of(**changes)))
    assert not text_cnn.fits(small())


def test_predictions_do_not_depend_on_batches_or_trimmed_padding():
    model, tokens = small(), some_tokens(np.random.default_rng(1))
    whole = np.asarray(model(tokens))[:, 0]
    for batch in (1, 3, 100):
        np.testing.assert_allclose(text_cnn.predict(model, tokens, batch=batch), whole, rtol=1e-6)


def test_trim_keeps_the_words_and_one_window_of_padding():
    tokens = np.array([[0, 0, 0, 0, 0, 1, 2], [0, 0, 0, 0, 0, 0, 3]])
    assert text_cnn.trim(tokens, 3).tolist() == [[0, 0, 0, 1, 2], [0, 0, 0, 0, 3]]
    assert text_cnn.trim(tokens[:, 4:], 3).shape == (2, 3)
    assert text_cnn.trim(np.zeros((2, 9), int), 3).shape == (2, 3)


def trained(seed, epochs=4, **settings):
    rng = np.random.default_rng(5)
    tokens = some_tokens(rng, 300)
    scores = (tokens == 7).any(axis=1) * 0.8 + 0.1
    model = small(0)
    history = text_cnn.train(
        model,
        tokens[:200],
        scores[:200],
        validation=(tokens[200:], scores[200:]),
        epochs=epochs,
        seed=seed,
        batch=16,
        **settings,
    )
    loss = np.mean((text_cnn.predict(model, tokens[200:]) - scores[200:]) ** 2)
    return model, history, loss


def test_training_is_seeded():
    weights = [trained(seed, epochs=2)[0].get_weights() for seed in (3, 3, 4)]
    for first, same in zip(weights[0], weights[1], strict=True):
        np.testing.assert_allclose(first, same, atol=1e-6)
    assert not np.allclose(weights[0][1], weights[2][1], atol=1e-6)


def test_the_weights_of_the_lowest_validation_loss_are_kept():
    _, history, loss = trained(0, epochs=12, learning_rate=0.2, patience=2)
    assert len(history["val_loss"]) < 12
    assert np.argmin(history["val_loss"]) < len(history["val_loss"]) - 1
    assert loss == pytest.approx(min(history["val_loss"]), rel=1e-4)


def test_the_weights_of_the_highest_validation_correlation_are_kept():
    model, history, _ = trained(0, epochs=12, learning_rate=0.2, patience=2, monitor="correlation")
    rng = np.random.default_rng(5)
    tokens = some_tokens(rng, 300)[200:]
    scores = (tokens == 7).any(axis=1) * 0.8 + 0.1
    found = np.corrcoef(scores, text_cnn.predict(model, tokens))[0, 1]
    assert found == pytest.approx(max(history["val_correlation"]), abs=1e-5)
    assert np.argmax(history["val_correlation"]) < len(history["val_correlation"]) - 1


def test_a_balance_reaches_the_training():
    losses = {way: trained(0, epochs=1, balance=way)[1]["loss"] for way in NAMES["balance"]}
    assert losses["none"] != losses["weights"]
    assert losses["none"] != losses["subset"]


def test_an_unknown_monitor_is_refused():
    with pytest.raises(SmugError, match=r"accuracy.*loss"):
        trained(0, monitor="accuracy")


@pytest.mark.parametrize("part", ["training", "validation"])
def test_unknown_scores_are_refused(part):
    tokens = some_tokens(np.random.default_rng(0), 4)
    good, bad = np.ones(4), np.array([1, np.nan, 1, 0])
    scores, validation = (bad, good) if part == "training" else (good, bad)
    with pytest.raises(SmugError, match=f"4 {part} scores"):
        text_cnn.train(small(), tokens, scores, validation=(tokens, validation))


def test_quality_against_closed_forms():
    scores = np.array([0.0, 0.0, 1.0, 1.0])
    perfect = text_cnn.quality(scores, scores)
    assert perfect == text_cnn.Quality(0.0, 1.0, pytest.approx(1.0), 1.0, 1.0)
    shifted = text_cnn.quality(scores, np.array([0.2, 0.2, 0.4, 0.6]))
    assert shifted.mse == pytest.approx((0.04 + 0.04 + 0.36 + 0.16) / 4)
    assert shifted.r2 == pytest.approx(1 - 0.6)
    assert shifted.accuracy == 0.75
    constant = text_cnn.quality(scores, np.full(4, 0.5))
    assert np.isnan(constant.correlation)
    rare = text_cnn.quality(np.array([0.1, 0.9, 0.9, 0.9]), np.array([0.7, 0.9, 0.8, 0.2]))
    assert rare.accuracy == 0.5
    assert rare.balanced_accuracy == pytest.approx((0 / 1 + 2 / 3) / 2)
    assert np.isnan(text_cnn.quality(np.ones(2), np.ones(2)).balanced_accuracy)
    assert constant.r2 == 0.0
    with pytest.raises(SmugError, match="same"):
        text_cnn.quality(scores, scores[:2])


def test_windows_of_three_learn_the_generated_reviews(tmp_path):
    write_reviews(tmp_path, seed=0, train=3000, heldout=600, annotated=1)
    train, heldout = (
        read_reviews(review_path(tmp_path, 0, split), 0) for split in ("train", "heldout")
    )
    tokenizer = Tokenizer.fit((" ".join(review.words) for review in train), num_words=400)
    train = prepare(train, tokenizer, 0, max_words=150)
    heldout = prepare(heldout, tokenizer, 0, max_words=150)
    check, test = heldout.take(range(200)), heldout.take(range(200, 600))
    model = text_cnn.build(num_words=400, embedding=24, filters=48, max_words=150)
    text_cnn.train(
        model,
        train.tokens,
        train.scores,
        validation=(check.tokens, check.scores),
        epochs=8,
        learning_rate=0.01,
    )
    predictions = text_cnn.predict(model, test.tokens)
    assert np.mean((predictions > 0.62) == (test.scores > 0.6)) > 0.85  # single words: 0.61
    assert text_cnn.quality(test.scores, predictions).r2 > 0.75


@pytest.mark.shared
def test_the_real_appearance_reviews_reach_the_accuracy(shared):
    root = shared / "data" / "beer"
    train, heldout = (
        read_reviews(review_path(root, 0, split), 0) for split in ("train", "heldout")
    )
    tokenizer = Tokenizer.fit(" ".join(review.words) for review in train)
    train, heldout = (prepare(part, tokenizer, 0) for part in (train, heldout))
    rows = np.random.default_rng(0).permutation(len(heldout))
    check, test = heldout.take(rows[:400]), heldout.take(rows[400:])
    model = text_cnn.build()
    text_cnn.train(
        model,
        train.tokens,
        train.scores,
        validation=(check.tokens, check.scores),
        epochs=4,
    )
    quality = text_cnn.quality(test.scores, text_cnn.predict(model, test.tokens))
    assert quality.accuracy >= 0.85
    assert quality.r2 > 0.5


def test_two_classes_are_the_score_and_its_complement():
    model = text_cnn.build(num_words=30, embedding=5, filters=7, max_words=12, seed=3)
    model.layers[-1].set_weights([model.layers[-1].get_weights()[0], np.array([0.3])])
    tokens = np.random.default_rng(0).integers(0, 30, (6, 12))
    both = np.asarray(text_cnn.two_classes(model)(tokens))
    score = np.asarray(model(tokens))[:, 0]
    np.testing.assert_allclose(both[:, 1], score, rtol=1e-6)
    np.testing.assert_allclose(both[:, 0], 1 - score, rtol=1e-6)
    text_cnn.check(model)
    with pytest.raises(SmugError, match="a text CNN has Embedding, Conv1D"):
        text_cnn.check(text_cnn.two_classes(model))
    with pytest.raises(SmugError, match="has the layers Dense"):
        text_cnn.check(keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]))
