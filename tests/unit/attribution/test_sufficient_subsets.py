import math

import numpy as np
import pytest
from scipy.special import logit

from smug.attribution import sufficient_subsets as sufficient
from smug.errors import SmugError


def norm(batch):
    return np.linalg.norm(batch, axis=1)


def test_each_large_enough_entry_is_a_subset_of_its_own():
    subsets = sufficient.sufficient_subsets(norm, np.array([0.1, 10.0, 5.0]), 1.0)
    assert [subset.members.tolist() for subset in subsets] == [[1], [2]]
    assert [subset.value for subset in subsets] == [10.0, 5.0]
    assert subsets[0].order.tolist() == [0, 2, 1]
    np.testing.assert_allclose(subsets[0].values, [np.hypot(10, 5), 10.0, 0.0])
    assert subsets[0].mask(3).tolist() == [False, True, False]


def test_below_the_threshold_there_is_no_subset():
    assert sufficient.sufficient_subsets(norm, np.array([0.1, 0.2]), 1.0) == []


def test_all_positions_are_needed_when_the_sum_just_reaches():
    (subset,) = sufficient.sufficient_subsets(lambda b: b.sum(axis=1), np.ones(4), 4.0)
    assert sorted(subset.members) == [0, 1, 2, 3]
    assert subset.value == 4.0


def test_an_input_that_needs_nothing_says_so_once():
    (subset,) = sufficient.sufficient_subsets(lambda b: 1 + b.sum(axis=1), np.ones(3), 1.0)
    assert subset.members.size == 0
    assert subset.value == 1.0


def test_padding_stays_and_masked_positions_hold_the_replacement():
    seen = []

    def predict(batch):
        seen.append(batch.copy())
        return batch[:, 2]

    x = np.array([7.0, 7.0, 3.0, 1.0])
    maskable = np.array([False, False, True, True])
    (subset,) = sufficient.sufficient_subsets(predict, x, 3.0, replacement=-1.0, maskable=maskable)
    assert subset.members.tolist() == [2]
    every = np.concatenate(seen)
    assert (every[:, :2] == 7).all()
    assert set(np.unique(every[:, 2:])) == {-1.0, 1.0, 3.0}


def test_rows_of_features_are_masked_as_one_position_and_batches_do_not_matter():
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(9, 4)), rng.normal(size=(9, 4))

    def predict(batch):
        return np.tanh(5 + (batch * weights).sum(axis=(1, 2)))

    instead = rng.normal(size=4)
    found = [
        sufficient.sufficient_subsets(predict, x, 0.8, replacement=instead, batch=batch)
        for batch in (1, 4, 100)
    ]
    assert len(found[0]) >= 1
    for other in found[1:]:
        assert [s.members.tolist() for s in other] == [s.members.tolist() for s in found[0]]
    for subset in found[0]:
        alone = np.where(subset.mask(9)[:, None], x, instead)
        assert predict(alone[None])[0] == pytest.approx(subset.value)
        assert subset.value >= 0.8
    members = np.concatenate([subset.members for subset in found[0]])
    assert len(set(members.tolist())) == len(members)


def test_near_ties_go_to_the_lowest_position():
    x = np.array([1.0, 1.0 - 1e-9, 5.0])
    order = [
        sufficient.sufficient_subsets(lambda b: b.sum(axis=1), x, 4.0, ties=ties)[0].order.tolist()
        for ties in (0.0, 1e-6)
    ]
    assert order == [[1, 0, 2], [0, 1, 2]]


def test_limit_stops_early():
    assert len(sufficient.sufficient_subsets(norm, np.full(5, 2.0), 1.0)) == 5
    assert len(sufficient.sufficient_subsets(norm, np.full(5, 2.0), 1.0, limit=2)) == 2


def test_the_fixed_rule_has_a_side_or_nothing():
    high = sufficient.choose_threshold(logit(0.9))
    assert (high.probability, high.above) == (pytest.approx(0.85), True)
    low = sufficient.choose_threshold(logit(0.44))
    assert (low.probability, low.above) == (pytest.approx(0.45), False)
    assert sufficient.choose_threshold(logit(0.6)) is None
    assert sufficient.choose_threshold(logit(0.6), high=0.5, low=0.5) == sufficient.Threshold(
        0.0, above=True
    )


def test_the_fraction_rule_keeps_a_share_of_the_distance():
    half = sufficient.choose_threshold(logit(0.9), rule="fraction", fraction=0.5)
    assert half.probability == pytest.approx(0.7)
    low = sufficient.choose_threshold(logit(0.1), rule="fraction", fraction=1.0)
    assert (low.probability, low.above) == (pytest.approx(0.1), False)
    assert low.logit == pytest.approx(math.log(9))


@pytest.mark.parametrize("certain", [36.0, 40.0, 800.0, -40.0, -800.0])
def test_a_prediction_that_rounds_to_certainty_has_a_threshold(certain):
    whole = sufficient.choose_threshold(certain, rule="fraction", fraction=1.0)
    assert whole.logit == pytest.approx(abs(certain))
    assert whole.logit <= abs(certain)
    most = sufficient.choose_threshold(certain, rule="fraction", fraction=0.9)
    assert most.logit == pytest.approx(math.log(0.95 / 0.05))


def test_bad_settings_are_named():
    with pytest.raises(SmugError, match=r"unknown threshold_rule 'fixd'.*Did you mean 'fixed'"):
        sufficient.choose_threshold(2.0, rule="fixd")
    with pytest.raises(SmugError, match=r"low=0\.9, high=0\.5"):
        sufficient.choose_threshold(2.0, high=0.5, low=0.9)
    with pytest.raises(SmugError, match=r"fraction=2"):
        sufficient.choose_threshold(2.0, fraction=2)
    with pytest.raises(SmugError, match=r"maskable has shape \(2,\)"):
        sufficient.sufficient_subsets(norm, np.ones(3), 1.0, maskable=np.ones(2, bool))
    with pytest.raises(SmugError, match="threshold=nan"):
        sufficient.sufficient_subsets(norm, np.ones(3), float("nan"))
