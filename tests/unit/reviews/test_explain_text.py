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
