from dataclasses import replace
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from smug.masks.network import network_problem, search
from smug.masks.network.relaxation import Relaxation
from tests.unit.masks.network.toy import instance


@given(seed=st.integers(0, 10**6), count=st.integers(1, 8))
@settings(max_examples=15, deadline=None)
def test_relaxation_never_cuts_off_a_mask(seed, count):
    network, x, label = instance(seed, 1 + seed % 2)
    problem = network_problem(network, x, label, window=1, image_shape=(3, 4))
    count = min(count, problem.size)
    best = max(
        problem.slack(problem.pre_activations(np.array(kept))[None])[0]
        for kept in combinations(range(problem.size), count)
    )
    n = problem.size
    relaxed = Relaxation(problem, count, np.inf).solve(np.zeros(n), np.ones(n), 20)
    assert relaxed is not None or best < 0
    if relaxed is not None:
        assert relaxed.slack >= best - 1e-6


@given(seed=st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_fixing_by_reduced_cost_loses_no_mask(seed):
    network, x, label = instance(seed, 1, hidden=8)
    problem = network_problem(network, x, label, window=1, image_shape=(3, 4))
    n, count = problem.size, 3
    kept = np.array([np.isin(np.arange(n), c) for c in combinations(range(n), count)])
    slack = problem.slack(kept @ problem.contributions + problem.bias)
    demand = float(np.sort(slack)[-3])  # three masks meet it, most windows are in none
    problem = replace(problem, demand=problem.demand + demand)
    relaxed = Relaxation(problem, count, np.inf).solve(np.zeros(n), np.ones(n), 20)
    assert relaxed is not None
    node = search._fix(search._Node(np.zeros(n), np.ones(n)), relaxed)
    meets = kept[slack >= demand]
    assert (node.lower <= meets).all()
    assert (meets <= node.upper).all()


def test_cuts_of_one_size_serve_the_next():
    network, x, label = instance(7, 1)
    problem = network_problem(network, x, label, window=1, image_shape=(3, 4))
    n, previous = problem.size, None
    for count in range(1, n):
        relaxation = Relaxation(problem, count, np.inf, previous=previous)
        relaxed = relaxation.solve(np.zeros(n), np.ones(n), 20)
        best = max(
            problem.slack(problem.pre_activations(np.array(kept))[None])[0]
            for kept in combinations(range(n), count)
        )
        assert (relaxed is None and best < 0) or relaxed.slack >= best - 1e-6
        previous = relaxation
