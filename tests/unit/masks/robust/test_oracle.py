import numpy as np
import pytest

from smug.masks.robust import oracle as oracle_module
from smug.masks.robust.attack import attack, gradients
from smug.masks.robust.bounds import hidden_bounds, linear_bound
from smug.masks.robust.oracle import Oracle, OutOfTime
from tests.unit.masks.robust.toy import every_set, least_lead, random_problem

SHAPES = [(4,), (2, 3)]


@pytest.mark.parametrize("hidden", SHAPES)
@pytest.mark.parametrize("seed", range(6))
def test_verdict_equals_enumeration_of_every_pattern(seed, hidden):
    problem = random_problem(seed, hidden=hidden, epsilon=(0.1, 0.3, None)[seed % 3])
    rng = np.random.default_rng(seed)
    for free in every_set(problem.size)[rng.permutation(64)[:4]]:
        exact = least_lead(problem, free)
        verdict = Oracle(problem).decide(free)
        assert verdict.kept == (exact >= problem.margin)
        if verdict.kept:
            assert 0 < verdict.lead <= exact + 1e-6
        else:
            low, high = problem.box(free)
            assert (low <= verdict.point).all()
            assert (verdict.point <= high).all()
            assert problem.leads(verdict.point[None]).min() < problem.margin


@pytest.mark.parametrize("seed", range(6))
def test_branch_and_bound_alone_decides_too(seed, monkeypatch):
    """No attack helps: every counterexample comes from a linear program."""

    def idle(problem, low, high, starts, rival):
        return starts, gradients(problem, starts, rival)[0]

    monkeypatch.setattr(oracle_module, "attack", idle)
    problem = random_problem(seed, hidden=(2, 3), epsilon=0.3)
    for free in every_set(problem.size)[[7, 52, 63]]:
        verdict = Oracle(problem).decide(free)
        assert verdict.kept == (least_lead(problem, free) >= problem.margin)


@pytest.mark.parametrize("seed", range(5))
def test_linear_bounds_lie_below_every_sample(seed):
    problem = random_problem(seed, hidden=(6, 5), epsilon=0.4)
    sets = every_set(problem.size)[[3, 21, 63]]
    low, high = problem.box(sets)
    layers = hidden_bounds(problem.network, low, high)
    bound = linear_bound(problem.network, layers, *problem.output, low, high)
    share = np.random.default_rng(seed).uniform(size=(200, *low.shape))
    points = low + np.where(share < 0.3, 0, np.where(share > 0.7, 1, share)) * (high - low)
    leads = problem.leads(points)
    linear = np.einsum("bfn,sbn->sbf", bound.coefficients, points) + bound.constant
    assert (linear <= leads + 1e-9).all()
    assert (bound.least <= linear + 1e-9).all()
    a = points
    for W, b, layer in zip(problem.network.weights, problem.network.biases, layers, strict=False):
        h = a @ W + b
        assert (layer.lower <= h + 1e-9).all()
        assert (h <= layer.upper + 1e-9).all()
        a = np.maximum(h, 0)


def test_bounds_are_exact_where_no_sign_is_open():
    problem = random_problem(1, hidden=(4,), epsilon=1e-6)
    free = np.ones(problem.size, bool)
    low, high = problem.box(free[None])
    layers = hidden_bounds(problem.network, low, high)
    bound = linear_bound(problem.network, layers, *problem.output, low, high)
    assert bound.least[0].min() == pytest.approx(least_lead(problem, free), abs=1e-9)


def test_batch_of_boxes_equals_its_singles():
    problem = random_problem(3, hidden=(6, 5), epsilon=0.2)
    low, high = problem.box(every_set(problem.size))
    together = hidden_bounds(problem.network, low, high)
    for i in (0, 17, 63):
        alone = hidden_bounds(problem.network, low[i : i + 1], high[i : i + 1])
        for many, one in zip(together, alone, strict=True):
            np.testing.assert_allclose(many.lower[i], one.lower[0])
            np.testing.assert_allclose(many.upper[i], one.upper[0])


def test_attack_stays_in_its_box_and_never_raises_the_lead():
    problem = random_problem(2, hidden=(6, 5), epsilon=0.3)
    low, high = problem.box(every_set(problem.size))
    starts = np.repeat(problem.x[None], len(low), axis=0)
    rival = np.arange(len(low)) % len(problem.rivals)
    points, leads = attack(problem, low, high, starts, rival)
    assert ((low <= points) & (points <= high)).all()
    begin = problem.leads(starts)[np.arange(len(low)), rival]
    assert (leads <= begin + 1e-9).all()
    assert (leads < begin - 1e-3).any()
    np.testing.assert_allclose(problem.leads(points)[np.arange(len(low)), rival], leads)


def test_gradient_equals_difference_quotient():
    problem = random_problem(4, hidden=(6, 5))
    points = np.random.default_rng(0).uniform(size=(5, problem.size))
    _, slope = gradients(problem, points, np.array([0, 1, 0, 1, 0]))
    for i in range(problem.size):
        step = np.eye(problem.size)[i] * 1e-6
        change = problem.leads(points + step) - problem.leads(points - step)
        np.testing.assert_allclose(
            slope[:, i], change[np.arange(5), [0, 1, 0, 1, 0]] / 2e-6, atol=1e-5
        )


def test_deadline_ends_the_search():
    problem = random_problem(0, inputs=20, hidden=(8, 8), epsilon=0.4)
    free = np.arange(20) < 18
    patient = Oracle(problem)
    assert patient.decide(free).kept
    assert patient.nodes > 1
    with pytest.raises(OutOfTime):
        Oracle(problem, deadline=0.0).decide(free)
