import numpy as np
import pytest
from scipy import stats

from smug.errors import SmugError
from smug.metrics.statistics import bootstrap, mean, paired, proportion, quartiles, wins


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


def test_mean_has_students_interval():
    values = np.random.default_rng(0).normal(size=11)
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    found = mean(np.append(values, np.nan))
    np.testing.assert_allclose(found, [values.mean(), expected.low, expected.high, 11])
    assert mean([4.0]).estimate == 4
    assert np.isnan(mean([4.0]).low)
    assert mean([]).n == 0


def test_bootstrap_of_the_mean_is_near_the_normal_interval():
    values = np.random.default_rng(1).normal(2, 3, 400)
    found = bootstrap(values, np.mean, seed=5, resamples=4500)
    half = 1.96 * values.std() / 20
    np.testing.assert_allclose(found[:3], values.mean() + np.array([0, -half, half]), atol=0.06)
    assert found == bootstrap(values, np.mean, seed=5, resamples=4500)
    assert found != bootstrap(values, np.mean, seed=6, resamples=4500)


def test_bootstrap_covers_the_median_as_often_as_it_says():
    rng = np.random.default_rng(2)
    hits = 0
    for k in range(200):
        found = bootstrap(rng.exponential(size=60), seed=k, resamples=400)
        hits += found.low <= np.log(2) <= found.high
    assert 0.88 <= hits / 200 <= 0.99


def test_bootstrap_keeps_infinite_scores():
    found = bootstrap([1.0, 2, np.inf], seed=0, resamples=500)
    assert found[:3] == (2, 1, np.inf)
    assert bootstrap([np.nan], seed=0).n == 0


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
