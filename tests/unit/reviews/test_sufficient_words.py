from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from smug.attribution.sufficient_subsets import Subset, ranked
from smug.masks.text.problem import TextNetwork
from smug.reviews.sufficient_words import WordSetShard, confirm, word_sets
from tests.unit.reviews.toy import (
    PADDING,
    ROWS,
    SETTINGS,
    WORDS,
    predicted_by,
    probability,
    random_network,
    sets_of,
    shard_of,
)


def holds(network, embedded, kept, threshold, instead=0.0):
    p = probability(network, embedded, kept, instead)
    return p >= threshold.probability if threshold.above else p <= threshold.probability


def test_masked_words_take_the_replacement_and_the_network_confirms_it():
    found = 0
    for seed, text in [(6, 7), (2, 7), (0, 6), (7, 3)]:
        network, embedded = random_network(seed)[0], random_network(text)[1]
        mean = embedded[PADDING:].mean(axis=0)
        sets = word_sets(network, embedded, ROWS, SETTINGS, "mean")
        smallest = next(
            size
            for size in range(WORDS + 1)
            if any(holds(network, embedded, mask, sets.threshold, mean) for mask in masks(size))
        )
        assert sets.smallest.objective == sets.smallest.bound == smallest
        for subset in sets.subsets:
            assert holds(network, embedded, subset.mask(WORDS), sets.threshold, mean)
        same = confirm(predicted_by(network), embedded, sets)
        assert (same.sis, same.smallest) == (True, True)
        zero = word_sets(network, embedded, ROWS, SETTINGS)
        found += zero.smallest.mask.tolist() != sets.smallest.mask.tolist()
    assert found


def masks(size):
    for chosen in combinations(range(WORDS), size):
        mask = np.zeros(WORDS, bool)
        mask[list(chosen)] = True
        yield mask


# Networks and texts with smallest sets of 0 to 4 words; SIS finds a larger one in (6, 7), (2, 7).
@pytest.mark.parametrize(
    ("seed", "text"), [(6, 7), (6, 3), (6, 1), (2, 7), (2, 2), (7, 3), (0, 6), (5, 1), (3, 0)]
)
def test_the_smallest_set_is_that_of_brute_force_and_sis_is_never_smaller(seed, text):
    network, embedded = random_network(seed)[0], random_network(text)[1]
    found = word_sets(network, embedded, ROWS, SETTINGS)
    whole = probability(network, embedded, np.ones(WORDS, bool))
    assert found.threshold.above == (whole >= 0.5)
    assert found.threshold.probability == pytest.approx(0.5 + 0.8 * (whole - 0.5))
    smallest = next(
        size
        for size in range(WORDS + 1)
        if any(holds(network, embedded, mask, found.threshold) for mask in masks(size))
    )
    assert found.smallest.objective == found.smallest.bound == smallest
    assert holds(network, embedded, found.smallest.mask, found.threshold)
    assert len(found.subsets[0].members) >= smallest
    for subset in found.subsets:
        assert holds(network, embedded, subset.mask(WORDS), found.threshold)


def test_the_search_stops_after_so_many_subsets():
    network, embedded = random_network(5)[0], random_network(2)[1]
    every = word_sets(network, embedded, ROWS, SETTINGS).subsets
    assert len(every) > 1
    for limit in range(1, len(every) + 2):
        some = word_sets(network, embedded, ROWS, replace(SETTINGS, limit=limit)).subsets
        assert [one.members.tolist() for one in some] == [
            one.members.tolist() for one in every[:limit]
        ]


def test_words_are_ranked_by_their_subset():
    none = np.zeros(0)
    subsets = [Subset(np.array(members), none, none, 0.0) for members in ([3, 1], [5])]
    assert ranked(subsets, 7).tolist() == [0, 1, 0, 1, 0, 0.5, 0]


def test_a_shard_puts_words_behind_their_padding_and_comes_back_from_its_file(tmp_path):
    network = random_network(6)[0]
    cases = [(network, random_network(text)[1]) for text in (7, 3)]
    sets = sets_of(shard_of(cases), network)
    assert sets.confirmed.all()
    assert sets.sis_confirmed.all()
    assert not sets.smallest[:, :PADDING].any()
    assert not sets.sis[:, :PADDING].any()
    for i in range(2):
        alone = word_sets(network, shard_of(cases).inputs[i], ROWS, SETTINGS)
        assert sets.smallest[i, PADDING:].tolist() == alone.smallest.mask.tolist()
        assert sets.objective[i] == alone.smallest.objective
        assert sets.subsets[i] == len(alone.subsets)
        assert sets.threshold[i] == alone.threshold.probability
    sets.save(tmp_path / "sets.npz")
    again = WordSetShard.load(tmp_path / "sets.npz")
    for name, value in vars(sets).items():
        np.testing.assert_array_equal(getattr(again, name), value)


def test_a_review_without_threshold_has_no_sets():
    network, embedded = random_network(0)
    fixed = replace(SETTINGS, rule="fixed", high=0.9999, low=0.0001)
    sets = sets_of(shard_of([(network, embedded)]), network, settings=fixed)
    assert not sets.confirmed[0]
    assert not sets.sis_confirmed[0]
    assert sets.status.tolist() == ["undecided"]
    assert np.isnan(sets.threshold[0])
    assert np.isinf(sets.objective[0])
    assert sets.subsets[0] == 0


def test_without_time_the_start_is_kept_and_nothing_is_claimed():
    network, embedded = random_network(6)[0], random_network(7)[1]
    hasty = replace(SETTINGS, timeout=1e-9)
    found = word_sets(network, embedded, ROWS, hasty)
    assert found.smallest.status == "feasible"
    assert found.smallest.bound < found.smallest.objective == len(found.subsets[0].members) == 4


@pytest.mark.parametrize(("seed", "text"), [(6, 7), (2, 7), (0, 6)])
def test_a_network_that_disagrees_confirms_nothing(seed, text):
    network, embedded = random_network(seed)[0], random_network(text)[1]
    found = word_sets(network, embedded, ROWS, SETTINGS)
    same = confirm(predicted_by(network), embedded, found)
    assert (same.sis, same.smallest) == (True, True)
    worse = -0.01 if found.threshold.above else 0.01
    other = confirm(
        lambda batch: np.full(len(batch), found.threshold.probability + worse),
        *(embedded, found),
    )
    assert (other.sis, other.smallest) == (False, False)


@pytest.mark.parametrize("scale", [1, 60])
def test_the_whole_prediction_can_be_asked_for(scale):
    network, embedded = random_network(6)[0], random_network(7)[1]
    sure = TextNetwork(network.kernel, network.bias, scale * network.weights, network.shift)
    all_of_it = replace(SETTINGS, fraction=1.0)
    found = word_sets(sure, embedded, ROWS, all_of_it)
    assert found.subsets
    assert found.smallest.status == "optimal"
    assert found.smallest.objective <= len(found.first)
