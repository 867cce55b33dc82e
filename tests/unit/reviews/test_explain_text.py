import numpy as np
import pytest

from smug.datasets.beer.tokenizer import Tokenizer
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
    assert found.explanation.settings["gamma"] == GAMMA
    # 10 windows of 6 filters: no more than 60 nodes can be asked for.
    assert found.explanation.settings["top_k"] == 60
    kept = np.count_nonzero(found.explanation.mask)
    assert card.notes["smug"].startswith(f"{kept} of 4 words")
    smallest = found.sets.objective[0]
    assert card.notes["smallest set"].startswith(f"{smallest:.0f} of 4 words")
    assert np.count_nonzero(card.saliency["smallest set"]) == smallest
    assert card.saliency["smug"][3] == 0
    assert np.isnan(card.score)
    assert (card.aspect, card.unanswered) == ("aroma", [])


def test_own_settings_replace_those_of_reviews(text_model):
    found = explain_text(text_model, "nice head", settings={"gamma": 0.25, "top_k": 5})
    assert (found.explanation.settings["gamma"], found.explanation.settings["top_k"]) == (0.25, 5)
    whole = explain_text(text_model, "nice head", method="gradients", fraction=0.0)
    # Nothing of the distance to 0.5 is kept.
    assert whole.sets.threshold[0] == pytest.approx(0.5)
    assert list(whole.shown.saliency) == ["gradients", "SIS", "smallest set"]
