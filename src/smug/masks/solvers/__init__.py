"""Every exact solver behind one face: :func:`~smug.masks.solvers.solve`.

A solver module holds plain functions ``fn(problem, *, time_limit, start, seed, threads, progress)
-> MaskSolution``. What they all need is done once, here: checking the settings, the cases that
need no search, the exact re-check with repair, rounding bounds, and asking for several masks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from time import perf_counter
from types import ModuleType
from typing import Any

import numpy as np

from smug.errors import SmugError, unknown_name
from smug.limits import check_number
from smug.masks.problem import MaskProblem, MaskSolution, Progress, Status
from smug.masks.verify import (
    Cut,
    as_mask,
    hopeless_rows,
    violated_rows,
    violation_cut,
    with_cuts,
)


@dataclass(frozen=True)
class Solver:
    """One entry of the registry.

    Parameters
    ----------
    function : str
        ``module:function``, imported when asked for: highspy and Z3 are slow to load. It answers
        in floating point or on relaxed rows; call :func:`solve`, which holds it to the exact
        problem. Its module may have a function ``prepare(problem)`` for work that is done but
        once in the life of a process.
    name : str
        Name in tables and figures.
    about : str
        One line about it.
    encodings : tuple of str
        Those that it takes, see ``encoding`` in :data:`smug.limits.NAMES`; how it solves whole
        networks stands in :mod:`smug.masks.network`.
    extra : str
        Extra of the package that brings it; empty: it is always there.
    """

    function: str
    name: str
    about: str
    encodings: tuple[str, ...] = ("first_layer",)
    extra: str = ""

    def load(self) -> Callable[..., MaskSolution]:
        """Import the function."""
        return getattr(self._module(), self.function.partition(":")[2])

    def prepare(self, problem: MaskProblem) -> None:
        """Import the module, and let it do what it does but once in the life of a process."""
        module = self._module()
        if hasattr(module, "prepare"):
            module.prepare(problem)

    def _module(self) -> ModuleType:
        return import_module(self.function.partition(":")[0])


#: Every solver by name; the order is that of lists and documentation.
SOLVERS: dict[str, Solver] = {
    "auto": Solver(
        "smug.masks.solvers.auto:solve_auto",
        name="auto",
        about="HiGHS, then the anytime search where HiGHS has not finished in 5 s",
        encodings=("first_layer", "network"),
    ),
    "highs": Solver(
        "smug.masks.solvers.highs:solve_highs",
        name="HiGHS",
        about="branch and cut of mixed-integer programs",
        encodings=("first_layer", "network"),
    ),
    "anytime": Solver(
        "smug.masks.solvers.anytime:solve_anytime",
        name="anytime",
        about="local search beside bounds from blocks of windows: a good mask at once",
    ),
    "z3": Solver(
        "smug.masks.solvers.z3:solve_original",
        name="Z3",
        about="SMT over exact rationals, the encoding of the authors' code",
        encodings=("first_layer", "network"),
    ),
    "z3_pb": Solver(
        "smug.masks.solvers.z3:solve_pseudo_boolean",
        name="Z3 (pseudo-Boolean)",
        about="SMT with pseudo-Boolean rows and soft constraints",
    ),
    "cpsat": Solver(
        "smug.masks.solvers.cpsat:solve_cpsat",
        name="CP-SAT",
        about="constraint programming of OR-Tools",
        extra="cpsat",
    ),
}


def solvers_of(encoding: str) -> tuple[str, ...]:
    """Names of the solvers that take an encoding."""
    return tuple(name for name, entry in SOLVERS.items() if encoding in entry.encodings)


#: Solve-and-cut rounds before a mask is completed greedily instead. Rounding errors of 1e-7 let
#: in a few wrong masks at most; a problem that needs more is numerically degenerate.
REPAIR_ROUNDS = 50


def solve(
    problem: MaskProblem,
    *,
    solver: str = "auto",
    time_limit: float = 60.0,
    start: np.ndarray | None = None,
    solutions: int = 1,
    seed: int = 0,
    threads: int = 1,
    progress: Progress | None = None,
) -> MaskSolution:
    """Find the smallest mask that meets every row of a problem, exactly checked.

    Parameters
    ----------
    problem : MaskProblem
        What to solve (Sahoo et al. 2021, section 3).
    solver : str
        Solver that finds the mask, a name in :data:`SOLVERS`.
    time_limit : float
        Seconds for the whole call, encoding, repairs and further masks included.
    start : numpy.ndarray, shape (variables,), optional
        A mask to start from. It is never trusted: one that violates a row is ignored.
    solutions : int
        How many distinct masks of the minimal size to look for. Fewer come back where fewer
        exist, where time runs out, or where the first mask is not proven minimal.
    seed : int
        Seed of the solver's own random choices.
    threads : int
        Threads a solver may use (Z3 always uses one).
    progress : callable, optional
        Called with ``(seconds, objective, bound)`` as the solver improves either; figures the
        solver claims, before the exact check.

    Returns
    -------
    MaskSolution
        Every mask in it meets every row in exact arithmetic. Read ``status`` first.

    Raises
    ------
    SmugError
        For an unknown solver, a setting out of range, or a solver that is missing or fails.
    """
    if solver not in SOLVERS:
        raise unknown_name("solver", solver, SOLVERS)
    _check_settings(problem, time_limit, solutions=solutions, seed=seed, threads=threads)
    SOLVERS[solver].prepare(problem)  # loading and compiling is not solving
    begin = perf_counter()
    if start is not None:
        start = as_mask(problem, start, "start mask")

    def report(_: float, objective: float, bound: float) -> None:
        # One clock over all rounds; solvers start from minus infinity, a size from 0.
        if progress is not None:
            progress(perf_counter() - begin, objective, max(bound, 0.0))

    def run(current: MaskProblem, first: np.ndarray | None) -> MaskSolution:
        settings: dict[str, Any] = {
            "seed": int(seed),
            "threads": int(threads),
            "progress": None if progress is None else report,
        }
        return _solve_exactly(current, solver, begin + time_limit, first, settings)

    best = run(problem, start)
    masks = [best.mask] if math.isfinite(best.objective) else []
    if best.status is Status.OPTIMAL and solutions > 1:
        masks += _further_masks(problem, best.mask, solutions - 1, run)
    return replace(best, masks=tuple(masks), seconds=perf_counter() - begin)


def _check_settings(problem: MaskProblem, time_limit: float, **whole: float) -> None:
    check_number("time_limit", time_limit)
    for name, value in whole.items():
        check_number(name, value)
        if int(value) != value:
            raise SmugError(f"{name}={value} is no whole number; round {name}")
    if not np.isfinite(problem.offset).all():
        raise SmugError("the mask problem has a NaN or infinite offset; check the layer's bias")


def _solve_exactly(
    problem: MaskProblem,
    solver: str,
    deadline: float,
    start: np.ndarray | None,
    settings: dict[str, Any],
) -> MaskSolution:
    """Run a solver until its mask passes the exact check, cutting off every mask that does not.

    The cuts hold for all valid masks, so each round's bound, and its proof that no mask exists,
    hold for ``problem`` too.
    """
    nothing = np.zeros(problem.A.shape[1], bool)
    if not violated_rows(problem, nothing).size:
        return MaskSolution(nothing, Status.OPTIMAL, 0.0, 0.0, 0.0, solver)
    if hopeless_rows(problem).size:
        return MaskSolution(nothing, Status.INFEASIBLE, math.inf, math.inf, 0.0, solver)
    if start is not None and violated_rows(problem, start).size:
        start = None
    fallback, bound, current = start, 1.0, problem
    run = SOLVERS[solver].load()
    for _ in range(REPAIR_ROUNDS):
        remaining = deadline - perf_counter()
        if remaining <= 0:
            break
        found = run(current, time_limit=remaining, start=start, **settings)
        if found.status is Status.INFEASIBLE:
            return _no_mask(problem, solver, fallback, bound)
        bound = max(bound, _whole(found.bound))
        if found.status is Status.TIMEOUT:
            break
        broken = violated_rows(current, found.mask)
        if not broken.size:
            return _judge(_smaller(found.mask, start), bound, solver)
        if violated_rows(problem, found.mask).size:
            completed = _completed(problem, found.mask)
            fallback = fallback if completed is None else _smaller(completed, fallback)
        current = with_cuts(current, [violation_cut(current, row, found.mask) for row in broken])
        if hopeless_rows(current).size:
            return _no_mask(problem, solver, fallback, bound)
    if fallback is None:
        return MaskSolution(nothing, Status.TIMEOUT, math.inf, bound, 0.0, solver)
    return _judge(fallback, bound, solver)


def _whole(bound: float) -> float:
    """Round a bound up to the next size; 1e-6 keeps 708.0000003 from becoming a claim of 709."""
    if not math.isfinite(bound):
        return 0.0
    return float(math.ceil(bound - 1e-6 * max(1.0, bound)))


def _judge(mask: np.ndarray, bound: float, solver: str) -> MaskSolution:
    """Solution for a valid mask: optimal as soon as its size equals the proven bound."""
    size = float(mask.sum())
    status = Status.OPTIMAL if bound >= size else Status.FEASIBLE
    return MaskSolution(mask, status, size, min(bound, size), 0.0, solver)


def _no_mask(
    problem: MaskProblem, solver: str, known: np.ndarray | None, bound: float
) -> MaskSolution:
    """Believe a solver that says "infeasible" unless a valid mask is at hand."""
    everything = np.ones(problem.A.shape[1], bool)
    if known is None and not violated_rows(problem, everything).size:
        known = everything
    if known is not None:
        return _judge(known, bound, solver)
    return MaskSolution(~everything, Status.INFEASIBLE, math.inf, math.inf, 0.0, solver)


def _smaller(first: np.ndarray, second: np.ndarray | None) -> np.ndarray:
    """Return the smaller of two masks, the second of which may be missing."""
    return first if second is None or second.sum() >= first.sum() else second


def _completed(problem: MaskProblem, mask: np.ndarray) -> np.ndarray | None:
    """Add to a mask, one by one, the variables that close most of its deficit; None if stuck."""
    mask = mask.copy()
    by_column = problem.A.tocsc()
    while (broken := violated_rows(problem, mask)).size:
        deficit = np.zeros(problem.A.shape[0])
        deficit[broken] = np.maximum(problem.demand - problem.A @ mask, 1e-300)[broken]
        # What a column gives to each broken row, no more than the row lacks.
        useful = by_column.copy()
        useful.data = np.minimum(useful.data, deficit[useful.indices])
        useful.data[deficit[useful.indices] == 0] = 0
        gain = np.where(mask, -np.inf, np.asarray(useful.sum(axis=0)).ravel())
        if not gain.max() > 0:
            return None
        mask[gain.argmax()] = True
    return mask


def _further_masks(
    problem: MaskProblem,
    first: np.ndarray,
    count: int,
    run: Callable[[MaskProblem, None], MaskSolution],
) -> list[np.ndarray]:
    """Up to ``count`` other masks of the proven minimal size, each found after cutting the last."""
    size, variables = int(first.sum()), np.arange(first.size)
    every = np.ones(first.size, np.int64)
    # The size is known, so that a solver may stop at the first mask it meets.
    current = with_cuts(problem, [(variables, every, size), (variables, -every, -size)])
    masks = [first]
    while len(masks) <= count:
        chosen = np.flatnonzero(masks[-1])
        no_good: Cut = (chosen, -every[chosen], 1 - size)
        current = with_cuts(current, [no_good])
        found = run(current, None)
        if not math.isfinite(found.objective):
            break
        masks.append(found.mask)
    return masks[1:]
