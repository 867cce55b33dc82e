import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smug.errors import SmugError
from smug.masks import network as masks_network
from smug.masks.network import DenseNetwork, encode_z3, network_problem, search, solve_network
from smug.masks.problem import MaskSolution, Status
from tests.unit.masks.network.toy import (
    MARGIN,
    check,
    forward,
    hard_instance,
    instance,
    lead,
    masked,
    random_network,
)


@given(seed=st.integers(0, 10**6), depth=st.integers(1, 3), share=st.sampled_from([0, 0.5, 0.9, 3]))
@settings(max_examples=20, deadline=None)
def test_smallest_mask_equals_brute_force(seed, depth, share):
    network, x, label = instance(seed, depth)
    delta = share * max(0.2, lead(network, x, label))
    solution = solve_network(network, x, label, window=1, delta=delta, image_shape=(3, 4))
    check(network, x, label, (3, 4), 1, delta, solution)


@given(seed=st.integers(0, 10**6), depth=st.integers(1, 3), share=st.sampled_from([0, 0.5, 0.9, 3]))
@settings(max_examples=10, deadline=None)
def test_branch_and_bound_alone_equals_brute_force(seed, depth, share):
    network, x, label = instance(seed, depth)
    delta = share * max(0.2, lead(network, x, label))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "TRY_WORK", 2.5)  # next to nothing is tried before branching
        solution = solve_network(network, x, label, window=1, delta=delta, image_shape=(3, 4))
    check(network, x, label, (3, 4), 1, delta, solution)


@pytest.mark.parametrize("solver", ["highs", "z3"])
def test_removed_pixels_take_the_replacement(solver):
    rng = np.random.default_rng(3)
    network, x, _ = instance(0, 2, shape=(2, 4), hidden=3)
    x, instead = quarters(x), quarters(rng.uniform(-1, 1, 8))
    network = DenseNetwork(
        tuple(map(quarters, network.weights)), tuple(map(quarters, network.biases))
    )
    label, sizes = int(network.logits(x[np.newaxis])[0].argmax()), []
    for bits in itertools.product([False, True], repeat=8):
        logits = network.logits(np.where(bits, np.ravel(x), instead)[np.newaxis])[0]
        if logits[label] - np.delete(logits, label).max() >= 0.25:
            sizes.append(sum(bits))
    found = solve_network(
        network,
        x,
        label,
        window=1,
        delta=0.25 - MARGIN,
        margin=MARGIN,
        replacement=instead,
        image_shape=(2, 4),
        solver=solver,
    )
    assert found.objective == found.bound == min(sizes) > 0


def quarters(values):
    return np.round(np.asarray(values) * 4) / 4


@given(seed=st.integers(0, 10**6), depth=st.integers(1, 2), share=st.sampled_from([0, 0.7]))
@settings(max_examples=8, deadline=None)
def test_z3_agrees_with_highs(seed, depth, share):
    network, x, label = instance(seed, depth, shape=(2, 4), hidden=3)
    # Short fractions: Z3's rationals of full doubles take seconds even here.
    x = quarters(x)
    network = DenseNetwork(
        tuple(map(quarters, network.weights)), tuple(map(quarters, network.biases))
    )
    delta = quarters(share * max(0.5, lead(network, x, label)))
    arguments = dict(window=1, delta=delta, image_shape=(2, 4))
    ours = solve_network(network, x, label, **arguments)
    problem, met = network_problem(network, x, label, **arguments), []
    theirs = encode_z3.search(problem, time_limit=60, seed=0, found=met.append)
    assert theirs.status == ours.status
    assert theirs.objective == ours.objective
    assert theirs.bound == ours.bound
    if theirs.status is Status.OPTIMAL:
        sizes = [mask.sum() for mask in met]
        assert sizes == sorted(sizes, reverse=True)
        for mask in (*met, theirs.mask):
            kept = masked(x, problem.grid_mask(np.flatnonzero(mask)), (2, 4), 1)
            assert lead(network, kept, label) >= delta + MARGIN


@pytest.mark.parametrize("window", [2, 3])
def test_windows_cut_off_at_the_edge(window):
    shape = (5, 5)
    rng = np.random.default_rng(window)
    network = random_network(rng, (25, 6, 3))
    x = rng.random(25)
    label = int(forward(network, x).argmax())
    delta = lead(network, x, label) / 2
    solution = solve_network(network, x, label, window=window, delta=delta, image_shape=shape)
    check(network, x, label, shape, window, delta, solution)


def test_channels_share_a_window():
    rng = np.random.default_rng(0)
    network = random_network(rng, (2 * 3 * 2, 4, 2))
    x = rng.random((2, 3, 2))
    problem = network_problem(network, x, 0, window=1, image_shape=(2, 3, 2))
    assert problem.size == 6
    keep = np.array([1, 4])
    kept = np.zeros((6, 2))
    kept[keep] = x.reshape(6, 2)[keep]
    expected = kept.ravel() @ network.weights[0] + network.biases[0]
    np.testing.assert_allclose(problem.pre_activations(keep), expected)


def test_empty_mask_is_the_answer_when_the_empty_image_has_the_class():
    network = DenseNetwork((np.ones((4, 2)), np.eye(2)), (np.array([1.0, 0.0]), np.zeros(2)))
    for solver in ("highs", "z3"):
        solution = solve_network(
            network, np.ones(4), 0, window=1, image_shape=(2, 2), solver=solver
        )
        assert solution.status is Status.OPTIMAL
        assert solution.objective == solution.bound == solution.gap == 0
        assert not solution.mask.any()
        assert len(solution.masks) == 1


def test_black_image_without_the_class_is_infeasible():
    network = DenseNetwork((np.ones((4, 2)), np.eye(2)), (np.zeros(2), np.array([0.0, 1.0])))
    for solver in ("highs", "z3"):
        solution = solve_network(
            network, np.zeros(4), 0, window=1, image_shape=(2, 2), solver=solver
        )
        assert solution.status is Status.INFEASIBLE


def test_a_smaller_mask_may_lead_by_more_than_the_whole_image():
    # Pixel 0 speaks for class 0, pixel 1 against it.
    network = DenseNetwork((np.array([[1.0, 0], [0, 1.0]]), np.eye(2)), (np.zeros(2), np.zeros(2)))
    x = np.array([1.0, 0.5])
    solution = solve_network(network, x, 0, window=1, delta=0.9, image_shape=(1, 2))
    np.testing.assert_array_equal(solution.mask, [True, False])


def test_close_calls_are_decided_in_rational_arithmetic():
    # The doubles 0.1 and 0.2 sum to a little more than the double 0.3 in rationals; with the
    # margin set to the rational difference or to a hair more, floats cannot tell.
    exact = Fraction(0.1) + Fraction(0.2) - Fraction(0.3)
    assert exact > 0
    network = DenseNetwork(
        (np.eye(3), np.array([[1.0, 0], [1, 0], [0, 1]])), (np.zeros(3), np.zeros(2))
    )
    for margin, meets in ((float(exact), True), (float(exact) * (1 + 1e-12), False)):
        problem = network_problem(
            network, [0.1, 0.2, 0.3], 0, window=1, margin=margin, image_shape=(1, 3)
        )
        assert problem.satisfied(np.arange(3)) is meets


def test_time_limit_without_any_mask_is_a_timeout():
    rng = np.random.default_rng(3)
    network = random_network(rng, (400, 60, 60, 10))
    x = rng.random(400)
    label = int(forward(network, x).argmax())
    solution = solve_network(
        network, x, label, window=1, delta=1e9, image_shape=(20, 20), time_limit=0.2
    )
    assert solution.status is Status.TIMEOUT
    assert solution.objective == np.inf
    assert np.isfinite(solution.bound)
    assert not solution.mask.any()
    assert solution.masks == ()
    assert solution.gap == np.inf


def test_time_limit_with_a_mask_is_feasible_and_its_bound_below():
    network, x, label, original = hard_instance()
    seen = []
    solution = solve_network(
        network,
        x,
        label,
        window=1,
        delta=2 * original,
        image_shape=(14, 14),
        time_limit=1.5,
        progress=lambda *numbers: seen.append(numbers),
    )
    assert solution.status is Status.FEASIBLE
    assert 0 < solution.bound < solution.objective == solution.mask.sum()
    assert lead(network, x * solution.mask, label) >= 2 * original + MARGIN
    assert [bound for _, _, bound in seen] == sorted(bound for _, _, bound in seen)
    assert seen[-1][1:] == (solution.objective, solution.bound)


@pytest.mark.timeout(120)  # left to itself it takes many minutes here
def test_z3_is_ended_where_it_forgets_its_time_limit():
    network, x, label, original = hard_instance()
    solution = solve_network(
        network,
        x,
        label,
        window=1,
        delta=0.5 * original,
        image_shape=(14, 14),
        solver="z3",
        time_limit=1.0,
    )
    assert solution.status in (Status.TIMEOUT, Status.FEASIBLE)
    assert solution.bound < solution.objective


@pytest.mark.parametrize("right", [True, False])
def test_a_mask_that_z3_met_on_the_way_counts_if_the_network_confirms_it(monkeypatch, right):
    # Any one pixel is enough for class 0, none is not.
    first = np.array([[1.0, 0.0]] * 4)
    network = DenseNetwork((first, np.eye(2)), (np.zeros(2), np.array([-0.5, 0.0])))
    mask = np.array([right, False, False, False])
    stopped = MaskSolution(mask, Status.FEASIBLE, float(mask.sum()), 0.0, 1.0, "z3")
    monkeypatch.setattr(masks_network, "solve_in_child", lambda *_, **__: stopped)
    found = solve_network(network, np.ones(4), 0, window=1, image_shape=(2, 2), solver="z3")
    assert found.status is (Status.FEASIBLE if right else Status.TIMEOUT)
    assert found.mask.tolist() == mask.tolist()
    assert found.bound == 0


def test_same_seed_same_mask():
    network, x, label = instance(11, 2)
    first, second = (
        solve_network(network, x, label, window=1, image_shape=(3, 4), seed=5) for _ in range(2)
    )
    np.testing.assert_array_equal(first.mask, second.mask)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": 3}, "label=3 is outside 0 … 2"),
        ({"label": -1}, "label=-1"),
        ({"x": np.ones(11)}, "takes 12 inputs, x has 11"),
        ({"x": np.full(12, np.nan)}, "NaN"),
        ({"image_shape": (4, 4)}, "image_shape=\\(4, 4\\)"),
        ({"window": 4}, "window=4 is outside 1 … 3"),
        ({"window": 0}, "window=0"),
        ({"delta": -1.0}, "delta=-1.0"),
        ({"margin": np.nan}, "margin=nan"),
        ({"time_limit": 0}, "time_limit=0"),
        ({"solver": "hihgs"}, "Did you mean 'highs'"),
    ],
)
def test_bad_arguments_are_named(change, message):
    network, x, label = instance(0, 1)
    arguments = dict(x=x, label=label, window=1, image_shape=(3, 4)) | change
    with pytest.raises(SmugError, match=message):
        solve_network(network, **arguments)


@pytest.mark.parametrize(
    ("weights", "biases", "message"),
    [
        ([np.ones((2, 2))], [np.ones(2)], "at least one hidden layer"),
        ([np.ones((2, 3)), np.ones((2, 2))], [np.ones(3), np.ones(2)], "layer 1 has weights"),
        ([np.ones((2, 3)), np.ones((3, 2))], [np.ones(2), np.ones(2)], "layer 0 has weights"),
        ([np.ones((2, 3)), np.full((3, 2), np.inf)], [np.ones(3), np.ones(2)], "infinite"),
        ([np.ones((2, 3)), np.ones((3, 1))], [np.ones(3), np.ones(1)], "single logit"),
    ],
)
def test_bad_networks_are_named(weights, biases, message):
    with pytest.raises(SmugError, match=message):
        DenseNetwork(tuple(weights), tuple(biases))


def test_logits_are_the_forward_pass():
    network, x, _ = instance(1, 3)
    batch = np.stack([x, x / 2])
    np.testing.assert_allclose(
        network.logits(batch), [forward(network, x), forward(network, x / 2)]
    )
