import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from smug.errors import SmugError
from smug.metrics import rationale as metrics

SALIENCY = np.array([0.1, 0.9, 0.8, 0.3, 0.0])
RATIONALE = np.array([False, True, False, True, False])


def test_auc_counts_pairs_in_the_right_order():
    pairs = [(a, b) for a in SALIENCY[RATIONALE] for b in SALIENCY[~RATIONALE]]
    expected = np.mean([float(a > b) + 0.5 * (a == b) for a, b in pairs])
    assert metrics.roc_auc(SALIENCY, RATIONALE) == pytest.approx(expected) == pytest.approx(5 / 6)
    assert metrics.roc_auc(np.zeros(5), RATIONALE) == 0.5


def test_a_perfect_map_and_a_reversed_one():
    assert metrics.roc_auc(RATIONALE * 1.0, RATIONALE) == 1.0
    assert metrics.best_f1(RATIONALE * 1.0, RATIONALE) == 1.0
    assert metrics.best_mae(RATIONALE * 1.0, RATIONALE) == 0.0
    assert metrics.roc_auc(-1.0 * RATIONALE, RATIONALE) == 0.0


def test_nothing_or_everything_marked_has_no_auc():
    assert np.isnan(metrics.roc_auc(SALIENCY, np.zeros(5, bool)))
    assert np.isnan(metrics.roc_auc(SALIENCY, np.ones(5, bool)))
    assert np.isnan(metrics.best_f1(SALIENCY, np.zeros(5, bool)))
    assert metrics.best_mae(SALIENCY, np.zeros(5, bool)) == 0.0


reviews = st.integers(1, 30).flatmap(
    lambda n: st.tuples(
        st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 3.0]), min_size=n, max_size=n),
        st.lists(st.booleans(), min_size=n, max_size=n),
    )
)


@given(reviews)
def test_best_values_equal_a_loop_over_all_thresholds(review):
    saliency, rationale = np.array(review[0]), np.array(review[1])
    masks = [saliency >= level for level in [*np.unique(saliency), np.inf]]
    errors = [np.mean(mask != rationale) for mask in masks]
    assert metrics.best_mae(saliency, rationale) == pytest.approx(min(errors))
    if rationale.any():
        scores = [f1_score(rationale, mask, zero_division=0) for mask in masks]
        assert metrics.best_f1(saliency, rationale) == pytest.approx(max(scores))


def test_so_many_thresholds_and_no_more():
    saliency = np.arange(100.0)
    rationale = saliency >= 50
    assert metrics.best_mae(saliency, rationale) == 0.0
    levels = np.append(saliency, np.inf)[[100, 50, 0]]
    few = min(np.mean((saliency >= level) != rationale) for level in levels)
    assert metrics.best_mae(saliency, rationale, thresholds=3) == few
    assert metrics.best_mae(saliency, rationale, thresholds=1) == 0.5


def test_sparsity_sufficiency_and_comprehensiveness():
    weights = np.array([0.1, 0.4, 0.2, 0.0])
    mask = np.array([False, True, True, False])

    def predict(words):
        return 0.2 + weights[words].sum()

    assert metrics.sparsity(mask) == 0.5
    assert metrics.sufficiency(predict, mask) == pytest.approx(0.8)
    assert metrics.comprehensiveness(predict, mask) == pytest.approx(0.6)
    assert metrics.comprehensiveness(predict, np.zeros(4, bool)) == 0.0


def test_bad_input_is_named():
    with pytest.raises(SmugError, match=r"\(5,\) against a rationale of shape \(4,\)"):
        metrics.roc_auc(SALIENCY, RATIONALE[:4])
    with pytest.raises(SmugError, match="NaN"):
        metrics.best_f1(SALIENCY * np.nan, RATIONALE)
    with pytest.raises(SmugError, match="thresholds=0"):
        metrics.best_mae(SALIENCY, RATIONALE, thresholds=0)
    with pytest.raises(SmugError, match="empty"):
        metrics.sparsity(np.zeros(0, bool))
