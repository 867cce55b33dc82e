import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from smug.errors import SmugError
from smug.metrics.statistics import (
    CORRELATION,
    COUNT,
    SHARE,
    mean,
    median,
    paired,
    proportion,
    quartiles,
    wins,
)


def test_quartiles_leave_out_nan_and_keep_infinity():
    assert quartiles([1, 2, 3, 4, 5, np.nan]) == (3, 2, 4, 5)
    assert quartiles([1, 2, np.inf, np.inf, np.inf]) == (np.inf, 2, np.inf, 5)
    assert quartiles([1.0, 2, 3, 4, np.inf]) == (3, 2, 4, 5)
    assert quartiles([np.nan]).n == 0
    assert np.isnan(quartiles([]).median)
    with pytest.raises(SmugError, match="shape"):
        quartiles(np.zeros((2, 2)))


def test_wins_share_ties_and_need_a_score():
    scores = [[-1, -1 + 1e-6, 0], [3, 2, np.nan], [np.inf, np.inf, np.nan], [0, 0.01, np.inf]]
    expected = [[1, 1, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0]]
    np.testing.assert_array_equal(wins(np.array(scores)), np.array(expected, bool))
    assert wins(np.zeros((0, 3))).shape == (0, 3)
    with pytest.raises(SmugError, match="images, methods"):
        wins(np.zeros(3))


def test_proportion_at_the_papers_size_is_the_papers_interval():
    n = 3304
    for share, half in ((0.409, 1.68), (0.335, 1.61), (0.036, 0.64), (0.017, 0.44)):
        found = proportion(np.arange(n) < round(share * n))
        assert 100 * (found.high - found.low) / 2 == pytest.approx(half, abs=0.015)
        assert found.estimate == pytest.approx(share, abs=1e-3)


def test_proportion_is_wilsons():
    for k, n in ((0, 5), (3, 9), (7, 7)):
        expected = stats.binomtest(k, n).proportion_ci(method="wilson")
        found = proportion(np.arange(n) < k)
        np.testing.assert_allclose(found, [k / n, expected.low, expected.high, n], atol=1e-12)
    assert proportion([]).n == 0


def test_mean_of_zeros_and_ones_is_nearly_a_proportion():
    flags = np.arange(500) < 60
    found, wilson = mean(flags.astype(float), SHARE), proportion(flags)
    np.testing.assert_allclose(found, wilson, atol=1e-3)
    assert found.low < wilson.low < wilson.high < found.high


def test_mean_of_many_values_far_from_the_ends_has_students_interval():
    values = np.random.default_rng(0).normal(0.5, 0.05, 300)
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    for within in (SHARE, CORRELATION, COUNT):
        found = mean(np.append(values, np.nan), within)
        np.testing.assert_allclose(found, [values.mean(), *expected, 300], rtol=2e-3)


def test_ends_of_the_interval_solve_their_equation():
    values, t = np.array([0.02, 0.9, 0.3, 0.1]), stats.t.ppf(0.975, 3)
    for within, variance in (
        (SHARE, lambda m: m * (1 - m)),
        (CORRELATION, lambda m: (m + 1) * (1 - m)),
        (COUNT, lambda m: m),
    ):
        found = mean(values, within)
        for end in found[1:3]:
            error = values.var(ddof=1) / 4 * variance(end) / variance(values.mean())
            assert (end - values.mean()) ** 2 == pytest.approx(t**2 * error)
        assert found.low < values.mean() < found.high


def test_the_range_is_respected_where_students_interval_leaves_it():
    sparsity = np.array([0.02, 0.9, 0.15, 0.08, 0.6])
    assert stats.ttest_1samp(sparsity, 0).confidence_interval().low < 0
    found = mean(sparsity, SHARE)
    assert 0 < found.low < sparsity.mean() < found.high < 1


@given(
    st.sampled_from([SHARE, CORRELATION, COUNT]).flatmap(
        lambda within: st.tuples(
            st.just(within),
            st.lists(st.floats(within.low, min(within.high, 1e6)), min_size=2, max_size=40),
        )
    )
)
def test_the_interval_lies_in_the_range_and_holds_the_mean(case):
    within, values = case
    found = mean(np.array(values), within)
    assert within.low <= found.low <= found.estimate <= found.high <= within.high
    assert found.estimate == np.mean(values)


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_the_interval_of_a_proportion_lies_in_the_range_and_holds_it(flags):
    found = proportion(np.array(flags))
    assert 0 <= found.low <= found.estimate <= found.high <= 1
    assert found.high > found.low


def test_one_value_has_no_interval_and_equal_values_are_theirs():
    assert mean([0.4], SHARE).estimate == 0.4
    assert np.isnan(mean([0.4], SHARE)[1:3]).all()
    assert mean([], SHARE).n == 0
    for value in (0.0, 0.5, 1.0):
        assert mean([value] * 3, SHARE) == (value, value, value, 3)
    assert mean([0.0, 0.0], COUNT) == (0, 0, 0, 2)


def test_a_score_outside_its_range_is_named():
    with pytest.raises(SmugError, match=r"1\.2 is outside \[0, 1\]"):
        mean([0.5, 1.2], SHARE)
    assert mean([0.5, 1 + 1e-9], SHARE).high <= 1


def test_the_interval_covers_the_mean_of_few_skewed_shares_as_often_as_it_says():
    rng = np.random.default_rng(3)
    for a, b in ((2, 3), (0.5, 0.5), (5, 1)):
        hits = 0
        for _ in range(300):
            found = mean(rng.beta(a, b, 5), SHARE)
            hits += found.low <= a / (a + b) <= found.high
        assert 0.9 <= hits / 300 <= 0.99


def test_the_bootstrap_is_the_same_for_the_same_seed():
    values = np.random.default_rng(1).normal(2, 3, 40)
    found = median(values, seed=5, resamples=1500)
    assert found == median(values, seed=5, resamples=1500)
    assert found != median(values, seed=6, resamples=1500)
    assert values.min() <= found.low <= np.median(values) == found.estimate <= found.high


def test_bootstrap_covers_the_median_as_often_as_it_says():
    rng = np.random.default_rng(2)
    hits = 0
    for k in range(200):
        found = median(rng.exponential(size=60), seed=k, resamples=400)
        hits += found.low <= np.log(2) <= found.high
    assert 0.88 <= hits / 200 <= 0.99


def test_bootstrap_keeps_infinite_scores():
    found = median([1.0, 2, np.inf], seed=0, resamples=500)
    assert found[:3] == (2, 1, np.inf)
    assert median([np.nan], seed=0).n == 0


def test_paired_equals_the_exact_count_over_signs():
    first, second = np.array([1.0, 2.5, 3, 7, 4]), np.array([2.0, 2, 5, 11, 3.9])
    difference = first - second
    ranks = stats.rankdata(np.abs(difference))
    observed = ranks[difference > 0].sum()
    signs = (np.arange(32)[:, None] >> np.arange(5)) & 1
    sums = signs @ ranks
    p = min(1, 2 * min((sums <= observed).mean(), (sums >= observed).mean()))
    found = paired(first, second)
    assert found.p_value == pytest.approx(p)
    assert found.median_difference == pytest.approx(np.median(difference))
    assert found.n == 5


def test_paired_handles_equal_missing_and_infinite_scores():
    assert paired([1, 2, np.nan], [1, 2, 5]) == (0, 1, 2)
    assert paired([np.inf, 1], [np.inf, 1 + 1e-7]).p_value == 1
    assert 0 < paired([np.inf, 1, 2, 3], [0, 0, 1, 1.5]).p_value < 1
    assert paired([np.nan], [1]).n == 0
    with pytest.raises(SmugError, match="shapes"):
        paired([1, 2], [1])
