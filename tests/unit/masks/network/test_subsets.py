from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from smug.masks.network import DenseNetwork, network_problem
from smug.masks.network.subsets import greedy_mask, try_subsets
from tests.unit.masks.network.toy import MARGIN, hard_instance, lead, random_network


@given(
    n=st.integers(1, 9), fixed=st.integers(0, 2), count=st.integers(0, 5), seed=st.integers(0, 99)
)
@settings(max_examples=40, deadline=None)
def test_try_subsets_tries_every_one(n, fixed, count, seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng, (n + fixed, 4, 3))
    problem = network_problem(
        network, rng.random(n + fixed) + 0.1, 0, window=1, image_shape=(1, n + fixed)
    )
    kept, candidates = np.arange(fixed), np.arange(fixed, fixed + n)
    possible = any(
        problem.slack(problem.pre_activations(np.r_[kept, np.array(s, int)])[None])[0] >= 0
        for s in combinations(candidates, count)
    )
    found = try_subsets(problem, kept, candidates, count)
    assert (found is not None) == possible
    if found is not None:
        assert problem.satisfied(found)
        assert len(set(found)) == fixed + count
        assert set(kept) <= set(found)


def test_many_subsets_span_several_blocks():
    # Only the last three of 60 windows together reach 2.5: the very last of 34,220 subsets.
    n = 60
    W = np.where(np.arange(n) < n - 3, 0.01, 1.0)[:, None]
    network = DenseNetwork((W, np.array([[1.0, 0.0]])), (np.array([-2.5]), np.array([0, 0.4])))
    problem = network_problem(network, np.ones(n), 0, window=1, image_shape=(6, 10))
    found = try_subsets(problem, np.zeros(0, int), np.arange(n), 3)
    assert sorted(found) == [n - 3, n - 2, n - 1]


def test_greedy_mask_meets_the_demand():
    network, x, label, original = hard_instance()
    problem = network_problem(network, x, label, window=1, delta=original / 2, image_shape=(14, 14))
    chosen = greedy_mask(problem, np.inf)
    keep = problem.grid_mask(chosen)
    assert keep.sum() == len(chosen) < 196
    assert lead(network, x * keep, label) >= original / 2 + MARGIN
