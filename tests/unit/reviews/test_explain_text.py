import numpy as np
import pytest

from smug.datasets.beer.tokenizer import Tokenizer
from smug.errors import SmugError
from smug.jobs.config import compose
from smug.models.networks import text_cnn
from smug.reviews.explain_text import GAMMA, SUFFICIENT, TOP_K, TextModel, explain_text


def test_a_typed_text_is_explained_as_the_workflow_explains_its_reviews():
    configured = compose("beer")
    fix = "; write the same into smug.reviews.explain_text and conf/"
    assert vars(SUFFICIENT) == configured["sufficient_words"], f"conf/sufficient_words{fix}"
    assert configured["method"]["top_k"] == TOP_K, f"conf/method/beer.yaml{fix}"
    assert configured["comparison"]["gamma"] == GAMMA, f"conf/comparison/beer.yaml{fix}"


@pytest.fixture(scope="module")
def text_model():
    model = text_cnn.build(num_words=10, embedding=4, filters=6, max_words=12, seed=1)
    model.layers[0].set_weights([np.random.default_rng(0).normal(size=(10, 4))])
    return TextModel(model, Tokenizer(("nice", "head", "dull", "nose"), 10), "aroma")


def test_the_card_stands_method_beside_sufficient_sets(text_model):
    found = explain_text(text_model, "nice head, dull zzz nose")
    card = found.shown
    assert card.title == "review as typed"
    assert list(card.saliency) == ["smug", "SIS", "smallest set"]
    made = found.explanations["smug"]
    assert made.settings["gamma"] == GAMMA
    # 10 windows of 6 filters: no more than 60 nodes can be asked for.
    assert made.settings["top_k"] == 60
    kept = np.count_nonzero(made.mask)
    assert card.notes["smug"].startswith(f"{kept} of 4 words")
    smallest = found.sets.objective[0]
    assert card.notes["smallest set"].startswith(f"{smallest:.0f} of 4 words")
    assert np.count_nonzero(card.saliency["smallest set"]) == smallest
    assert card.saliency["smug"][3] == 0
    assert np.isnan(card.score)
    assert (card.aspect, card.unanswered) == ("aroma", [])


def test_own_settings_replace_those_of_reviews(text_model):
    given = {"smug": {"gamma": 0.25, "top_k": 5}}
    made = explain_text(text_model, "nice head", methods=given).explanations["smug"]
    assert (made.settings["gamma"], made.settings["top_k"]) == (0.25, 5)
    whole = explain_text(text_model, "nice head", methods={"gradients": {}}, fraction=0.0)
    # Nothing of the distance to 0.5 is kept.
    assert whole.sets.threshold[0] == pytest.approx(0.5)
    assert list(whole.shown.saliency) == ["gradients", "SIS", "smallest set"]


def test_a_masked_word_becomes_the_same_in_every_method_and_in_the_sufficient_sets(text_model):
    methods = {"smug": {}, "sis": {}, "gradients": {}}
    found = explain_text(
        text_model, "nice head, dull nose nice", methods=methods, replacement="mean", fraction=0.4
    )
    settings = {name: made.settings for name, made in found.explanations.items()}
    assert settings["smug"]["replacement"] == settings["sis"]["replacement"] == "mean"
    assert settings["smug"]["top_k"] == 60
    assert "replacement" not in settings["gradients"]
    model, tokens = text_model.model, found.explanations["smug"].inputs
    embedded = text_cnn.embed(model, tokens)
    words = np.flatnonzero(tokens[0])
    left_out = words[~found.sets.smallest[0, words]]
    embedded[0, left_out] = embedded[0, words].mean(axis=0)
    p = float(text_cnn.on_embeddings(model)(embedded)[0, 0])
    threshold, above = found.sets.threshold[0], found.sets.above[0]
    assert left_out.size
    assert (p >= threshold - 1e-5) if above else (p <= threshold + 1e-5)
    with pytest.raises(SmugError, match="replacement='blur' needs an image"):
        explain_text(text_model, "nice head", methods={"gradients": {}}, replacement="blur")


def test_methods_stand_side_by_side_and_one_that_does_not_suit_is_named(text_model):
    found = explain_text(
        text_model, "nice head", methods={"gradients": {}, "gradcam": {}, "sis": {}}
    )
    assert list(found.explanations) == ["gradients", "sis"]
    assert list(found.shown.saliency) == ["gradients", "sis", "SIS", "smallest set"]
    assert "GradCAM explains images" in found.failed["gradcam"]
    with pytest.raises(SmugError, match="GradCAM explains images"):
        explain_text(text_model, "nice head", methods={"gradcam": {}})


def test_half_a_character_is_refused(text_model):
    with pytest.raises(SmugError, match=r"ud83c' at place 5, which is half a character"):
        explain_text(text_model, "nice \ud83c head")
