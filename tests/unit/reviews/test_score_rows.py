import dataclasses

import numpy as np
import pytest

from smug.pipeline.results import as_table
from smug.reviews.confidence import Confidence
from smug.reviews.explained import load_explained
from smug.reviews.score_rows import EVERY_WORD, NO_WORD, score_rows, word_budget
from tests.unit.reviews.toy import asked_of, scores_of

METHODS = {"SMUG", "SMUG, gamma 0.5", "SMUG_base", "IG", "SIS", "smallest set"}


def test_every_method_has_its_rows_and_failures_say_so(explained):
    texts, scores = scores_of(explained)
    value = scores.set_index(["image", "method", "metric"])["value"]
    assert set(scores["method"]) == {*METHODS, "no word", "every word"}
    assert value["r0", "SMUG", "words"] == 0
    assert value["r0", "SMUG, gamma 0.5", "words"] == 3
    # As many as the human marked in the nine words, whatever SMUG keeps.
    assert value["r0", "IG", "words"] == 3
    assert value["r1", "SMUG", "found"] == 0
    assert value["r1", "IG", "found"] == 0
    assert np.isnan(value["r1", "every word", "roc_auc"])
    failed = scores["image"].eq("r1") & scores["method"].eq("SMUG")
    assert scores.loc[failed, "metric"].tolist() == ["found"]
    assert np.isnan(value["r1", "SMUG_base", "roc_auc"])
    assert value["r0", "SMUG_base", "words"] == 9
    assert value["r0", "SMUG_base", "comprehensiveness"] == pytest.approx(
        value["r0", "SMUG_base", "sufficiency"] - _empty(explained, texts, 0)
    )
    assert value["r0", "SMUG", "seconds"] == 0.5 + 0.125 + 1.0
    assert value["r0", "SMUG_base", "seconds"] == 0.5


def _empty(explained, texts, i):
    """Probability of the explained class when every word is masked."""
    network, _, _ = explained
    embedded = texts.attributed.inputs[i].copy()
    embedded[texts.words(i)] = 0
    p = 1 / (1 + np.exp(-network.logits(embedded)))
    return p if texts.attributed.target[i] == 1 else 1 - p


def test_words_that_are_left_out_take_the_replacement(explained):
    network, reviews, files = explained
    texts = load_explained(reviews=reviews, **files)

    predict = asked_of(network, texts.attributed.target)
    rows = score_rows(Confidence(texts, predict, "mean"), thresholds=9, share=0.3)
    value = as_table(list(rows)).set_index(["image", "method", "metric"])["value"]
    embedded, words = texts.attributed.inputs[0].astype(np.float64), texts.words(0)
    embedded[words] = embedded[words].mean(axis=0)
    nothing = predict(0, embedded)
    assert value["r0", NO_WORD, "sufficiency"] == pytest.approx(nothing, abs=1e-6)
    assert nothing != pytest.approx(_empty(explained, texts, 0), abs=1e-3)


def test_sets_are_confirmed_and_the_smallest_is_proven(explained):
    _, scores = scores_of(explained)
    value = scores.set_index(["image", "method", "metric"])["value"]
    assert value["r0", "smallest set", "words"] < value["r0", "SIS", "words"]
    for name in ("r0", "r1"):
        assert value[name, "smallest set", "proven"] == 1
        assert value[name, "smallest set", "confirmed"] == value[name, "SIS", "confirmed"] == 1
        smaller = value[name, "smallest set", "words"] < value[name, "SIS", "words"]
        assert value[name, "SIS", "proven"] == (0 if smaller else 1)


def test_what_the_network_does_not_confirm_is_not_proven(explained):
    _, reviews, files = explained
    texts = load_explained(reviews=reviews, **files)
    none = np.zeros(2, bool)
    doubted = dataclasses.replace(
        texts, sets=dataclasses.replace(texts.sets, confirmed=none, sis_confirmed=none)
    )
    rows = list(score_rows(Confidence(doubted, lambda i, _: 0.5), thresholds=9, share=0.3))
    rows = as_table(rows)
    of_sets = rows[rows["metric"].isin(("confirmed", "proven"))]
    assert len(of_sets) == 8
    assert (of_sets["value"] == 0).all()


def test_the_trivial_levels_follow_from_the_rationales_share(explained):
    texts, scores = scores_of(explained)
    value = scores.set_index(["image", "method", "metric"])["value"]
    share = texts.reviews.rationales[0, texts.words(0)].mean()
    for name in (NO_WORD, EVERY_WORD):
        assert value["r0", name, "roc_auc"] == 0.5
        assert value["r0", name, "best_f1"] == pytest.approx(2 * share / (1 + share))
        assert value["r0", name, "best_mae"] == pytest.approx(share)
    assert value["r0", NO_WORD, "sufficiency"] == pytest.approx(_empty(explained, texts, 0))
    assert value["r0", NO_WORD, "comprehensiveness"] == 0
    assert value["r0", EVERY_WORD, "sparsity"] == 1


def test_the_words_that_a_map_keeps_do_not_depend_on_a_method():
    assert word_budget(np.array([True, False, True]), 0.1) == 2
    assert word_budget(np.zeros(25, bool), 0.1) == 3
    assert word_budget(np.zeros(1, bool), 0.1) == 1
