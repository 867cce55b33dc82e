"""For hard problems: a valid mask at once, then better masks and better bounds side by side.

1. *Local search* with row weights gives a mask in well under a second and keeps improving it.
2. *HiGHS* gets a short chance: easy problems end here, with a proof.
3. *Block prices* (:mod:`smug.masks.solvers.block_bounds`) lift the bound, in turns with the
   local search.
4. *Kernels*: HiGHS solves the problem over the variables whose reduced cost leaves them in play,
   few at first, then more; once everything that could still beat the incumbent is in the kernel,
   its optimum is the optimum.

Blocks need rows of few variables. Small problems of long rows go to a compiled branch and bound
(:mod:`smug.masks.solvers.dense`) after HiGHS's chance, other such problems to HiGHS alone.
"""

from __future__ import annotations

import math
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from smug.masks.problem import MaskProblem, MaskSolution, Progress, Status
from smug.masks.solvers.block_bounds import BLOCK_LIMIT, BlockBound
from smug.masks.solvers.highs import MilpResult, binary_program, solve_milp
from smug.masks.solvers.local_search import SAFETY, LocalSearch

if TYPE_CHECKING:
    from smug.masks.solvers.dense import DenseTree

#: Share of the time limit after which even a first mask is left to HiGHS.
FIRST_SHARE = 0.3
#: HiGHS's chance on the whole problem: share of the limit, most seconds, part before a tree.
HIGHS_SHARE, HIGHS_SECONDS, HIGHS_BEFORE_TREE = 0.1, 5.0, 0.3
#: Share of the time for local search where no blocks fit; HiGHS does all the rest.
SEARCH_SHARE = 0.02
#: Largest problem, rows and variables, for the compiled branch and bound.
DENSE_ROWS, DENSE_VARIABLES = 40, 400
#: It lifts the bound until this share of the limit, then looks for smaller masks.
LIFT_SHARE = 0.7
#: Variables beyond the incumbent's in the first kernel.
KERNEL = 400
#: Seconds of local search for each second of block prices.
SEARCH_PER_PRICE = 0.3


class _Race:
    """One call of the solver: the problem without useless columns, incumbent, bound, clock."""

    def __init__(
        self,
        problem: MaskProblem,
        limit: float,
        seed: int,
        threads: int,
        progress: Progress | None,
    ) -> None:
        self.begin = perf_counter()
        self.deadline, self.limit = self.begin + limit, limit
        self.problem, self.seed, self.threads, self.progress = problem, seed, threads, progress
        # A variable that helps no row is never worth choosing.
        self.useful = np.flatnonzero(np.asarray((problem.A > 0).sum(axis=0)).ravel() > 0)
        A = sparse.csr_array(problem.A[:, self.useful])
        A.eliminate_zeros()
        A.sort_indices()
        self.A, self.demand = A, problem.demand
        self.search = LocalSearch(A, problem.demand, seed)
        self.bound, self.shown = 0.0, (math.inf, 0.0)
        positive = A.copy()
        positive.data = np.maximum(A.data, 0)
        self.infeasible = bool((positive.sum(axis=1) < self.demand - SAFETY).any())

    @property
    def size(self) -> float:
        return math.inf if self.search.best is None else float(self.search.best.sum())

    @property
    def incumbent(self) -> np.ndarray:
        """Smallest mask so far; kernels are built once there is one."""
        assert self.search.best is not None
        return self.search.best

    @property
    def over(self) -> bool:
        return self.infeasible or self.bound >= self.size or perf_counter() >= self.deadline

    def at(self, share: float) -> float:
        """Point in time when this share of the limit is used up."""
        return min(self.begin + share * self.limit, self.deadline)

    def first_turn(self, part: float = 1.0) -> float:
        """Point in time when HiGHS's first chance, or a part of it, ends."""
        turn = part * min(HIGHS_SHARE * self.limit, HIGHS_SECONDS)
        return min(perf_counter() + turn, self.deadline)

    def prove(self, bound: float) -> None:
        """Take a proven bound; sizes are whole, so round it up (1e-6 against rounding errors)."""
        if math.isfinite(bound):
            self.bound = min(max(self.bound, math.ceil(bound - 1e-6 * max(1, bound))), self.size)
        self.report()

    def report(self) -> None:
        if self.progress is not None and (self.size, self.bound) != self.shown:
            self.shown = self.size, self.bound
            self.progress(perf_counter() - self.begin, self.size, float(self.bound))

    def milp(self, low: np.ndarray, high: np.ndarray, deadline: float) -> MilpResult:
        """HiGHS within bounds on the variables, starting from the incumbent where it fits."""
        free = np.flatnonzero(low < high)
        fixed = np.where(low < high, 0.0, low)
        A = sparse.csr_array(self.A[:, free])
        demand = self.demand - self.A @ fixed
        negative = A.copy()
        negative.data = np.minimum(A.data, 0)
        # Keep rows some choice could violate, a little more generously than rounding asks for.
        rows = np.flatnonzero(negative.sum(axis=1) < demand + SAFETY)
        if not free.size:
            self.offer(fixed > 0.5)
            status = Status.INFEASIBLE if (demand > SAFETY).any() else Status.OPTIMAL
            return MilpResult(None, status, math.inf, fixed.sum())
        model = binary_program(
            MaskProblem(
                A[rows],
                self.problem.gamma,
                self.problem.margin,
                self.problem.gamma + self.problem.margin - demand[rows],
            )
        )
        best, start = self.search.best, None
        if best is not None and ((best >= low) & (best <= high)).all():
            start = best[free].astype(float)
        result = solve_milp(
            model,
            time_limit=max(deadline - perf_counter(), 0.01),
            start=start,
            seed=self.seed,
            threads=self.threads,
        )
        if result.x is not None:
            mask = fixed > 0.5
            mask[free] = result.x > 0.5
            self.offer(mask)
        return MilpResult(
            result.x, result.status, result.objective + fixed.sum(), result.bound + fixed.sum()
        )

    def offer(self, mask: np.ndarray) -> None:
        """Let the local search go on from a mask if it is valid and better."""
        if mask.sum() < self.size and (self.A @ mask >= self.search.demand).all():
            self.search.move_to(mask)
        self.report()

    def whole(self, deadline: float) -> None:
        """HiGHS on the whole problem."""
        result = self.milp(np.zeros(len(self.useful)), np.ones(len(self.useful)), deadline)
        self.infeasible = result.status is Status.INFEASIBLE and self.search.best is None
        if result.status is not Status.INFEASIBLE:
            self.prove(result.bound)

    def tree(self) -> None:
        """Branch and bound: sizes above the bound, then smaller masks."""
        from smug.masks.solvers.dense import DenseTree

        tree = DenseTree(self.A.toarray(), self.demand, self.threads)
        self.prove(tree.root_bound())
        self.exclude(tree, self.at(LIFT_SHARE))
        while not self.over and self.size > self.bound + 1:
            size = self.size
            decided, mask = tree.find(int(size) - 1, self.deadline)
            if mask is not None:
                self.offer(mask)
            elif decided:
                self.prove(size)
            if self.size == size:
                break
        self.exclude(tree, self.deadline)

    def exclude(self, tree: DenseTree, deadline: float) -> None:
        """Prove one size after the other too small; each takes some ten times as long."""
        decided, mask = True, None
        while decided and mask is None and not self.over:
            decided, mask = tree.find(int(self.bound), deadline)
            if mask is not None:
                self.offer(mask)
            elif decided:
                self.prove(self.bound + 1)

    def price(self, blocks: BlockBound) -> None:
        """Raise the bound and search for masks, in turns, until prices settle or time is up."""
        spent = 0.0
        while not (self.over or blocks.settled):
            begin = perf_counter()
            if begin + spent > self.deadline:
                self.search.run(self.deadline)
                break
            blocks.improve()
            self.prove(blocks.bound)
            spent = perf_counter() - begin
            self.search.run(min(perf_counter() + SEARCH_PER_PRICE * spent, self.deadline))
            self.report()

    def kernels(self, blocks: BlockBound) -> None:
        """Solve over growing sets of variables that reduced costs leave in play."""
        chosen, left_out = blocks.reduced_costs()
        reach = max(np.sort(chosen[~self.incumbent])[:KERNEL].max(initial=0), 1e-3)
        proof = False
        while not (self.over or proof):
            # Whoever costs more than this cannot be part of a mask smaller than the incumbent.
            slack = self.size - 1 - blocks.bound + 1e-6
            reach = min(reach, slack)
            proof = reach >= slack
            best = self.incumbent
            low = ((left_out > reach) & (best | proof)).astype(np.float64)
            high = 1.0 - ((chosen > reach) & (~best | proof))
            if (low > high).any():
                self.prove(self.size)  # one variable can neither be chosen nor left out
                return
            turn = (
                self.deadline if proof else perf_counter() + 0.3 * (self.deadline - perf_counter())
            )
            size, result = self.size, self.milp(low, high, turn)
            solved = result.status in (Status.OPTIMAL, Status.INFEASIBLE)
            if proof:
                self.prove(size if result.status is Status.INFEASIBLE else min(size, result.bound))
            elif solved:
                reach *= 1.5
            else:
                # Too large to finish: let the search and the prices have a turn instead.
                reach *= 0.7
                self.search.run(min(perf_counter() + 0.05 * self.limit, self.deadline))
            self.report()

    def solution(self) -> MaskSolution:
        mask = np.zeros(self.problem.A.shape[1], bool)
        size, bound = self.size, float(self.bound)
        if self.search.best is not None:
            mask[self.useful] = self.search.best
            status = Status.OPTIMAL if bound >= size else Status.FEASIBLE
        else:
            status = Status.INFEASIBLE if self.infeasible else Status.TIMEOUT
            bound = math.inf if self.infeasible else bound
        seconds = perf_counter() - self.begin
        return MaskSolution(mask, status, size, bound, seconds, "anytime")


def prepare(problem: MaskProblem) -> None:
    """Compile what the problem may need, before the clock starts."""
    if problem.A.shape[0] <= DENSE_ROWS:
        # Numba takes longer to import than most problems take to solve.
        from smug.masks.solvers.dense import compile_tree

        compile_tree()


def solve_anytime(
    problem: MaskProblem,
    *,
    time_limit: float,
    start: np.ndarray | None,
    seed: int,
    threads: int,
    progress: Progress | None,
) -> MaskSolution:
    """Solve a mask problem as far as the time allows; see the module's docstring for the way.

    See :func:`smug.masks.solvers.solve` for the arguments.
    """
    race = _Race(problem, time_limit, seed, threads, progress)
    return _run(race, start, highs_first=True)


def solve_on(
    problem: MaskProblem,
    found: MaskSolution,
    *,
    time_limit: float,
    seed: int,
    threads: int,
    progress: Progress | None,
) -> MaskSolution:
    """Go on where HiGHS stopped: its mask and its bound are kept, its chance is not repeated.

    Parameters
    ----------
    problem : MaskProblem
    found : MaskSolution
        What HiGHS has; a status of timeout means that it has no mask.
    time_limit, seed, threads, progress
        See :func:`smug.masks.solvers.solve`.
    """
    race = _Race(problem, time_limit, seed, threads, progress)
    race.prove(found.bound)
    return _run(race, None if found.status is Status.TIMEOUT else found.mask, highs_first=False)


def beats_highs(problem: MaskProblem) -> bool:
    """True if the search has more than HiGHS for a problem: blocks that fit, or a small tree."""
    return _blocks_fit(problem.A) or _tree_fits(problem.A)


def _blocks_fit(A: sparse.csr_array) -> bool:
    return bool(np.mean(np.diff(A.indptr) <= BLOCK_LIMIT) > 0.5)


def _tree_fits(A: sparse.csr_array) -> bool:
    rows, variables = A.shape
    return rows <= DENSE_ROWS and variables <= DENSE_VARIABLES


def _run(race: _Race, start: np.ndarray | None, highs_first: bool) -> MaskSolution:
    if race.infeasible:
        return race.solution()
    if start is not None:
        race.offer(np.asarray(start, bool)[race.useful])
    race.search.construct(race.at(FIRST_SHARE))
    race.report()
    if not _blocks_fit(race.A) or race.search.best is None:
        race.search.run(race.at(SEARCH_SHARE))
        if race.search.best is not None and _tree_fits(race.A):
            if highs_first:
                race.whole(race.first_turn(HIGHS_BEFORE_TREE))
            race.tree()
        if not race.over:
            race.whole(race.deadline)
        return race.solution()
    if highs_first:
        race.whole(race.first_turn())
    if not race.over:
        blocks = BlockBound(race.A, race.demand)
        race.price(blocks)
        race.kernels(blocks)
    return race.solution()
