import numpy as np
import pytest

from smug.errors import SmugError
from smug.metrics.texts import score_text, top_words


def test_top_words_take_the_first_of_equals():
    saliency = np.array([0.1, 0.5, 0.5, 0.0])
    assert top_words(saliency, 1).tolist() == [False, True, False, False]
    assert top_words(saliency, 3).tolist() == [True, True, True, False]
    assert not top_words(saliency, 0).any()
    with pytest.raises(SmugError, match=r"count=5 is outside \[0, 4\]"):
        top_words(saliency, 5)


def test_scores_of_one_review_against_closed_forms():
    weights = np.array([0.4, 0.1, 0.3, 0.1])
    human = np.array([True, False, True, False])
    mask = np.array([True, True, False, False])
    scores = score_text(lambda kept: float(weights @ kept), weights, mask, human)
    assert scores["roc_auc"] == 1.0
    assert scores["best_f1"] == 1.0
    assert scores["best_mae"] == 0.0
    assert scores["sparsity"] == 0.5
    assert scores["words"] == 2
    assert scores["sufficiency"] == pytest.approx(0.5)
    assert scores["comprehensiveness"] == pytest.approx(0.9 - 0.4)
    unmarked = score_text(lambda kept: 0.0, weights, mask, None)
    assert np.isnan([unmarked[name] for name in ("roc_auc", "best_f1", "best_mae")]).all()
