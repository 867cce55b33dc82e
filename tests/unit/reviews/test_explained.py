import dataclasses

import numpy as np
import pytest

from smug.datasets.texts import PreparedTexts
from smug.errors import SmugError
from smug.jobs.config import compose
from smug.jobs.settings.datasets import BeerSettings
from smug.jobs.settings.own import OwnTextsSettings
from smug.reviews.explained import foreign_rationale, load_explained
from tests.unit.reviews.toy import VOCABULARY


def test_files_of_another_shard_are_refused(explained):
    _, reviews, files = explained
    with pytest.raises(SmugError, match="other inputs than the 1 reviews"):
        load_explained(reviews=reviews.take([1]), **files)


def test_texts_need_no_sufficient_words(explained):
    _, reviews, files = explained
    known, without = (
        load_explained(reviews=reviews, **chosen) for chosen in (files, {**files, "sets": None})
    )
    assert set(known.methods) - set(without.methods) == {"SIS", "smallest set"}
    shown = without.highlighted(0, rationale="")
    assert set(shown.saliency) == set(without.methods)


def test_the_card_shows_raw_words_with_the_scores_of_their_tokens(explained):
    _, reviews, files = explained
    texts = load_explained(reviews=reviews, **files)
    shown = texts.highlighted(0, rationale="palate")
    assert list(shown.words) == [*VOCABULARY[:8], "I!"]
    assert set(shown.saliency) == {
        *("SIS", "smallest set", "SMUG", "SMUG, gamma 0.5", "SMUG_base", "IG")
    }
    assert list(shown.saliency)[:2] == ["SIS", "smallest set"]
    np.testing.assert_array_equal(np.flatnonzero(shown.saliency["SMUG, gamma 0.5"]), [0, 2, 4])
    assert shown.rationale.tolist() == [True, True, False, False, False, True, *[False] * 3]
    assert shown.aspect == "aroma (rationale of palate)"
    assert shown.notes["SMUG, gamma 0.5"] == "3 of 9 words"
    assert shown.notes["SMUG"].startswith("0 of 9 words: the biases alone")
    assert shown.notes["smallest set"].endswith("proven")
    assert "SMUG" not in shown.unanswered
    failed = texts.highlighted(1, rationale="")
    assert failed.notes["SMUG"] == failed.notes["IG"] == "no answer"
    assert {"SMUG", "IG"} <= set(failed.unanswered)


def test_the_card_of_a_text_of_classes_names_the_class_explained_and_the_true_one(explained):
    _, reviews, files = explained
    known = {field.name: getattr(reviews, field.name) for field in dataclasses.fields(reviews)}
    classes = {"class_names": np.array(["bad", "good"]), "classes": np.array([0, -1])}
    texts = load_explained(reviews=PreparedTexts(**known, **classes), **files)
    texts.attributed.target[:] = 1
    texts.attributed.probability[:, 1] = 0.75
    first, second = (texts.highlighted(i, rationale="") for i in (0, 1))
    assert (first.title, first.aspect, first.prediction) == ("text r0", "good (truly bad)", 0.75)
    assert second.aspect == "good"
    classes["classes"][:] = 1
    assert texts.highlighted(0, rationale="").aspect == "good"


def test_the_card_tells_of_sets_that_the_network_does_not_confirm(explained):
    _, reviews, files = explained
    texts = load_explained(reviews=reviews, **files)
    none = np.zeros(2, bool)
    doubted = dataclasses.replace(
        texts, sets=dataclasses.replace(texts.sets, confirmed=none, sis_confirmed=none)
    )
    for name in ("SIS", "smallest set"):
        note = doubted.highlighted(0, rationale="").notes[name]
        assert "NOT confirmed" in note
        assert ", proven" not in note


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"rationale_aspect": 1}, ""),
        ({"rationale_aspect": 2}, "palate"),
        ({"rationale_aspect": 0}, "appearance"),
        ({"rationale_aspect": 2, "explain": "heldout"}, ""),
    ],
)
def test_the_aspect_of_foreign_rationales_is_named(changes, said):
    data = BeerSettings(**{**compose("beer")["dataset"], **changes})
    assert foreign_rationale(data) == said


def test_texts_of_ones_own_have_no_foreign_rationale():
    assert foreign_rationale(OwnTextsSettings(**compose("texts")["dataset"])) == ""
