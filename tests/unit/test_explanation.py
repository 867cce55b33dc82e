"""What a map over words counts as evidence for the class explained."""

import numpy as np
import pytest

from smug.explanation import Explanation
from smug.methods import METHODS, explain, word_scores
from smug.models.networks import text_cnn
from smug.pipeline.explain import explain_shard


def made_by(method, values):
    tokens = np.ones(np.shape(values)[:2], np.int32)
    return Explanation(method, np.array(values), tokens, np.zeros(1, int), np.zeros(1))


VALUES = [[[3.0, -1.0], [-3.0, 1.0], [0.5, 0.5]]]


@pytest.mark.parametrize("method", [n for n, m in METHODS.items() if m.contributions])
def test_contributions_are_summed_first_and_evidence_against_counts_as_none(method):
    assert word_scores(made_by(method, VALUES)).tolist() == [[2.0, 0.0, 1.0]]


def test_gradients_count_by_magnitude_and_scores_of_words_stay():
    assert word_scores(made_by("gradients", VALUES)).tolist() == [[4.0, 4.0, 1.0]]
    assert word_scores(made_by("smug", [[0.5, 0.0]])).tolist() == [[0.5, 0.0]]


def test_the_map_of_a_review_holds_no_word_that_speaks_against_the_class():
    model = text_cnn.build(num_words=30, embedding=6, filters=9, max_words=14, seed=3)
    model.layers[0].set_weights([np.random.default_rng(0).normal(size=(30, 6))])
    classes = text_cnn.two_classes(model)
    tokens = np.random.default_rng(1).integers(1, 30, (1, 14)).astype(np.int32)
    method, settings = "integrated_gradients", {"steps": 50}
    made = explain(classes, tokens, method=method, **settings)
    shard = explain_shard(classes, tokens, made.target, np.array(["r"]), method, settings)
    summed = made.values.sum(axis=-1)
    assert (summed < 0).any()
    np.testing.assert_allclose(shard.maps, np.maximum(summed, 0), atol=1e-6)
