import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from smug.errors import SmugError
from smug.metrics import eraser


def test_aopc_against_a_plain_loop():
    rng = np.random.default_rng(0)
    for words in (1, 3, 37, 120):
        saliency, weights = rng.normal(size=words), rng.normal(size=words)

        def predict(mask, weights=weights):
            return float(1 / (1 + np.exp(-weights[mask].sum())))

        everything = np.ones(words, bool)
        kept, dropped = [], []
        for percent in (1, 5, 10, 20, 50):
            count = -(-percent * words // 100)
            best = sorted(range(words), key=lambda i: -saliency[i])[:count]
            mask = np.isin(np.arange(words), best)
            kept.append(predict(everything) - predict(mask))
            dropped.append(predict(everything) - predict(~mask))
        found = eraser.aopc(predict, saliency)
        assert found == pytest.approx((np.mean(kept), np.mean(dropped)))


def test_aopc_of_one_word_that_decides_alone():
    saliency = np.arange(100.0)
    assert eraser.aopc(lambda mask: float(mask[-1]), saliency) == (0.0, 1.0)
    assert eraser.aopc(lambda mask: float(mask[-1]), -saliency) == (1.0, 0.0)


def test_token_f1_against_another_computation():
    rng = np.random.default_rng(1)
    for _ in range(20):
        mask, rationale = rng.random(30) < 0.4, rng.random(30) < 0.3
        assert eraser.token_f1(mask, rationale) == pytest.approx(f1_score(rationale, mask))
    assert eraser.token_f1(np.zeros(4, bool), np.array([1, 0, 0, 0], bool)) == 0
    assert np.isnan(eraser.token_f1(np.ones(4, bool), np.zeros(4, bool)))


def test_auprc_against_trapezoids_by_hand():
    # Ranked: hit, miss, hit. Recall 0, 1/2, 1/2, 1 with precision 1, 1, 1/2, 2/3.
    rationale, saliency = np.array([True, False, True]), np.array([3.0, 2.0, 1.0])
    by_hand = 0.5 * 1 + 0.5 * (1 / 2 + 2 / 3) / 2
    assert eraser.auprc(saliency, rationale) == pytest.approx(by_hand)
    assert eraser.auprc(np.zeros(3), rationale) == pytest.approx((1 + 2 / 3) / 2)
    assert np.isnan(eraser.auprc(saliency, np.zeros(3, bool)))


def test_auprc_is_near_the_average_precision_of_many_words():
    rng = np.random.default_rng(2)
    rationale = rng.random(4000) < 0.3
    saliency = rationale + rng.normal(size=4000)
    expected = average_precision_score(rationale, saliency)
    assert eraser.auprc(saliency, rationale) == pytest.approx(expected, abs=1e-3)


def test_bad_input_is_named():
    with pytest.raises(SmugError, match="finite"):
        eraser.aopc(lambda mask: 0.0, np.array([np.nan]))
    with pytest.raises(SmugError, match="bins"):
        eraser.aopc(lambda mask: 0.0, np.ones(3), bins=(0.0,))
    with pytest.raises(SmugError, match=r"\(3,\) against a rationale of shape \(4,\)"):
        eraser.token_f1(np.ones(3, bool), np.ones(4, bool))
