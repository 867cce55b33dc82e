import itertools
import math
from time import perf_counter

import numpy as np
import pytest
from scipy import sparse

from smug.masks.problem import MaskProblem, Status
from smug.masks.solvers import anytime
from smug.masks.solvers.anytime import _Race, solve_anytime
from smug.masks.solvers.block_bounds import BlockBound
from smug.masks.solvers.local_search import LocalSearch
from smug.masks.verify import violated_rows


def run(problem, time_limit=5.0, **settings):
    defaults = {"start": None, "seed": 0, "threads": 1, "progress": None}
    return solve_anytime(problem, time_limit=time_limit, **defaults | settings)


def random_rows(rng, rows, variables, density=0.5):
    A = rng.normal(size=(rows, variables)) * (rng.random((rows, variables)) < density)
    total = A.sum(axis=1, keepdims=True)
    A = np.where(total < 0, -A, A)
    A = A[np.abs(total[:, 0]) > 0.05]
    return A / A.sum(axis=1, keepdims=True)


def instance(shared, name, gamma):
    with np.load(shared / "bench" / f"{name}.npz", allow_pickle=False) as stored:
        parts = (stored["data"], stored["indices"], stored["indptr"])
        A = sparse.csr_array(parts, shape=tuple(stored["shape"]))
    A.sort_indices()
    return MaskProblem(A, gamma)


def brute_force(problem):
    n = problem.A.shape[1]
    masks = np.array(list(itertools.product([0, 1], repeat=n)), float)
    valid = (problem.demand[:, None] <= problem.A @ masks.T).all(axis=0)
    return masks[valid].sum(axis=1).min() if valid.any() else math.inf


def strips(rng, length, width=8, step=3):
    """Rows along a line, each seeing `width` neighbours: blocks that overlap."""
    starts = np.arange(0, length - width + 1, step)
    A = np.zeros((len(starts), length))
    for row, start in enumerate(starts):
        values = rng.normal(size=width)
        while abs(values.sum()) < 0.1:
            values = rng.normal(size=width)
        A[row, start : start + width] = values / values.sum()
    return A


@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("seed", range(4))
def test_small_problems_agree_with_brute_force(seed, gamma):
    rng = np.random.default_rng(seed)
    problem = MaskProblem(sparse.csr_array(random_rows(rng, 6, 10)), gamma)
    found = run(problem)
    assert found.status is Status.OPTIMAL
    assert found.objective == found.bound == found.mask.sum() == brute_force(problem)
    assert violated_rows(problem, found.mask).size == 0


@pytest.mark.parametrize("seed", range(6))
def test_block_bound_stays_below_the_optimum_at_every_round(seed):
    rng = np.random.default_rng(seed)
    problem = MaskProblem(sparse.csr_array(strips(rng, 14)), [0.0, 0.5][seed % 2])
    optimum = brute_force(problem)
    blocks = BlockBound(problem.A, problem.demand)
    bounds = [blocks.bound]
    for _ in range(25):
        blocks.improve()
        bounds.append(blocks.bound)
    assert bounds == sorted(bounds)
    assert bounds[-1] <= optimum
    assert bounds[-1] > optimum - 1  # three overlapping blocks in a line: next to nothing is lost


@pytest.mark.parametrize("gamma", [0.0, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_reduced_costs_bound_masks_with_a_variable_fixed(seed, gamma):
    problem = MaskProblem(sparse.csr_array(strips(np.random.default_rng(100 + seed), 17)), gamma)
    blocks = BlockBound(problem.A, problem.demand)
    masks = np.array(list(itertools.product([0, 1], repeat=17)), np.int8)
    masks = masks[(masks @ problem.A.T >= problem.demand).all(axis=1)]
    sizes = masks.sum(axis=1)
    least = [[sizes[masks[:, j] == value].min(initial=99) for j in range(17)] for value in (1, 0)]
    for _ in range(15):
        blocks.improve()
        assert (blocks.bound + np.array(blocks.reduced_costs()) <= least)[np.less(least, 99)].all()


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_the_one_the_prices_prove(seed):
    A = sparse.csr_array(strips(np.random.default_rng(seed), 60))
    blocks = BlockBound(A, np.full(A.shape[0], 0.5))
    price, steps = blocks._price, []
    # Rounding may eat up what better prices promise; these then must not be taken.
    blocks._certified = lambda least, theta: least.sum() - (len(steps) % 3)
    for _ in range(9):
        steps.append(blocks.theta)
        bound = blocks.bound
        blocks.improve()
        assert blocks.bound >= bound
        assert (blocks.bound == bound) == (blocks.theta is steps[-1])
        assert blocks.bound <= price(blocks.theta, np.full(len(blocks.columns), -1e9)).sum()


def test_rows_that_share_no_variable_add_their_optima():
    rng = np.random.default_rng(3)
    parts = [strips(rng, 11) for _ in range(4)]
    single = [brute_force(MaskProblem(sparse.csr_array(part), 0.0)) for part in parts]
    problem = MaskProblem(sparse.csr_array(sparse.block_diag(parts)), 0.0)
    blocks = BlockBound(problem.A, problem.demand)
    for _ in range(30):
        blocks.improve()
    assert math.ceil(blocks.bound - 1e-6) <= sum(single)
    assert blocks.bound > sum(single) - len(parts)
    found = run(problem)
    assert found.status is Status.OPTIMAL
    assert found.objective == sum(single)


def test_search_alone_finds_valid_masks_and_the_optimum_of_a_small_problem():
    rng = np.random.default_rng(5)
    problem = MaskProblem(sparse.csr_array(random_rows(rng, 8, 12)), 0.5)
    search = LocalSearch(problem.A, problem.demand, seed=0)
    search.construct(perf_counter() + 5)
    assert violated_rows(problem, search.best).size == 0
    search.run(perf_counter() + 0.3)
    assert violated_rows(problem, search.best).size == 0
    assert search.best.sum() == brute_force(problem)


def test_search_keeps_its_scores_exact():
    rng = np.random.default_rng(6)
    A = sparse.csr_array(random_rows(rng, 12, 20, 0.3))
    search = LocalSearch(A, np.full(A.shape[0], 0.3), seed=1)
    search.construct(perf_counter() + 5)
    search.run(perf_counter() + 0.2)
    score = search.score.copy()
    search.move_to(search.mask)
    np.testing.assert_allclose(score, search.score, atol=1e-6 * search.weight.max())


@pytest.mark.parametrize("seed", range(6))
def test_prices_and_kernels_prove_the_optimum_without_a_look_at_the_whole(seed):
    rng = np.random.default_rng(20 + seed)
    problem = MaskProblem(sparse.csr_array(strips(rng, 17)), [0.0, 0.5][seed % 2])
    race = _Race(problem, 20.0, 0, 1, None)
    race.search.construct(race.deadline)
    blocks = BlockBound(race.A, race.demand)
    for _ in range(seed):  # good prices and poor ones, small kernels and all of the problem
        blocks.improve()
    race.kernels(blocks)
    found = race.solution()
    assert found.status is Status.OPTIMAL
    assert found.objective == found.bound == brute_force(problem)
    assert violated_rows(problem, found.mask).size == 0


def test_kernels_start_from_an_incumbent_that_holds_every_variable():
    problem = MaskProblem(sparse.csr_array([[0.5, 0.5, 0.0], [0.0, 0.6, 0.4]]), 0.9)
    race = _Race(problem, 5.0, 0, 1, None)
    race.offer(np.ones(3, bool))
    race.kernels(BlockBound(race.A, race.demand))
    assert race.solution().status is Status.OPTIMAL
    assert race.solution().objective == 3


def test_variables_that_only_harm_are_never_chosen():
    A = np.array([[0.6, 0.7, -0.3], [0.9, 0.4, -0.3]])
    found = run(MaskProblem(sparse.csr_array(A), 0.5))
    assert found.status is Status.OPTIMAL
    assert found.mask.tolist() == [True, False, False]


def test_a_row_out_of_reach_is_infeasible():
    problem = MaskProblem(sparse.csr_array([[0.5, 0.4], [0.7, 0.3]]), 0.95)
    found = run(problem)
    assert found.status is Status.INFEASIBLE
    assert not found.mask.any()
    assert found.bound == math.inf


def test_rows_that_contradict_each_other_are_infeasible():
    A = np.array([[1.0, -0.9, 0.9], [-0.9, 1.0, 0.9], [0.6, 0.6, -1.2]])
    problem = MaskProblem(sparse.csr_array(A), 0.95)
    assert brute_force(problem) == math.inf
    assert run(problem).status is Status.INFEASIBLE


def test_a_valid_start_is_never_lost_and_a_wrong_one_is_ignored():
    rng = np.random.default_rng(8)
    problem = MaskProblem(sparse.csr_array(strips(rng, 200, 12, 2)), 0.0)
    everything = np.ones(200, bool)
    first = run(problem, time_limit=2.0, start=everything)
    again = run(problem, time_limit=0.5, start=first.mask)
    assert again.objective <= first.objective
    nothing = run(problem, time_limit=2.0, start=np.zeros(200, bool))
    assert violated_rows(problem, nothing.mask).size == 0


def test_progress_only_ever_improves_and_ends_at_the_answer():
    rng = np.random.default_rng(9)
    problem = MaskProblem(sparse.csr_array(strips(rng, 300, 14, 2)), 0.0)
    seen = []
    found = run(problem, time_limit=3.0, progress=lambda *point: seen.append(point))
    seconds, sizes, bounds = (list(column) for column in zip(*seen, strict=True))
    assert seconds == sorted(seconds)
    assert sizes == sorted(sizes, reverse=True)
    assert bounds == sorted(bounds)
    assert (sizes[-1], bounds[-1]) == (found.objective, found.bound)
    assert bounds[-1] <= sizes[-1]


@pytest.mark.parametrize("rows", [5, anytime.DENSE_ROWS + 10])
def test_rows_too_wide_for_blocks_go_to_the_tree_if_few_and_to_highs_if_many(rows, monkeypatch):
    trees, tree = [], _Race.tree
    monkeypatch.setattr(_Race, "tree", lambda race: (trees.append(race), tree(race)))
    monkeypatch.setattr(anytime, "HIGHS_SECONDS", 0.0)
    rng = np.random.default_rng(10)
    problem = MaskProblem(sparse.csr_array(random_rows(rng, rows, 20, 1.0)), 0.5)
    assert problem.A.shape[0] == pytest.approx(rows, abs=5)
    assert BlockBound(problem.A, problem.demand).covered == 0
    found = run(problem, time_limit=100.0)
    assert len(trees) == (rows == 5)
    assert found.status is Status.OPTIMAL
    assert violated_rows(problem, found.mask).size == 0


@pytest.mark.shared
def test_block_bound_comes_close_to_a_known_optimum_and_not_above(shared):
    problem = instance(shared, "conv7_w3", 0.5)
    blocks = BlockBound(problem.A, problem.demand)
    for _ in range(12):
        blocks.improve()
    assert 1400 < blocks.bound <= 1518


@pytest.mark.shared
def test_a_hard_problem_ends_in_time_with_a_mask_and_an_honest_bound(shared):
    problem = instance(shared, "conv7_w2", 0.0)
    found = run(problem, time_limit=10.0)
    assert found.status is Status.FEASIBLE
    assert violated_rows(problem, found.mask).size == 0
    assert found.bound <= 748  # size of a mask known to be valid
    assert found.bound <= found.objective == found.mask.sum()
