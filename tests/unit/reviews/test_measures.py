import keras
import numpy as np
import pytest

from smug.metrics import complexity, relevance_rank_accuracy
from smug.metrics.removal import random_sets
from smug.pipeline.results import as_table
from smug.reviews.explained import load_explained
from smug.reviews.measures import measure_rows
from smug.reviews.networks import ScoreNetwork


def test_words_are_measured_against_the_human_and_the_network(explained):
    _, reviews, files = explained
    texts = load_explained(reviews=reviews, **files)
    inputs = keras.Input(texts.attributed.inputs.shape[1:])
    # A tenth of the sum: nearer to 1 a probability in float32 holds too few digits of a fall.
    score = keras.ops.sigmoid(0.1 * keras.ops.sum(inputs, axis=(1, 2)))[:, None]
    model = keras.Model(inputs, score)
    rows = list(measure_rows(texts, ScoreNetwork(model, texts.attributed).falls, 6, 0.3))
    value = as_table(rows).set_index(["image", "method", "metric"])["value"]
    assert value.index.is_unique
    i, words = 0, texts.words(0)
    scores, human = texts.methods["IG"].maps[i, words], reviews.rationales[i, words]
    assert value["r0", "IG", "complexity"] == complexity(scores[None])[0]
    rank = relevance_rank_accuracy(scores[None], human[None])[0]
    assert value["r0", "IG", "relevance_rank_accuracy"] == rank
    said, fell = [], []
    one = texts.attributed.inputs[i]
    sign = 1 if texts.attributed.target[i] == 1 else -1
    for chosen in random_sets((len(words),), round(0.3 * len(words)), 6, 0):
        less = one.copy()
        less[words[chosen]] = 0
        said.append(scores[chosen].sum())
        whole, rest = (1 / (1 + np.exp(-0.1 * some.astype(float).sum())) for some in (one, less))
        fell.append(sign * (whole - rest))
    expected = np.corrcoef(said, fell)[0, 1]
    assert value["r0", "IG", "faithfulness_correlation"] == pytest.approx(expected, abs=1e-3)
    assert "pointing_game" not in value.index.get_level_values("metric")
    # A method without an answer has no row, a review without a rationale no agreement.
    assert ("r1", "IG", "complexity") not in value.index
    assert np.isnan(value["r1", "SMUG_base", "relevance_mass_accuracy"])
