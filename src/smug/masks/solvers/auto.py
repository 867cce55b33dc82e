"""No choice to make: HiGHS, and the anytime search where HiGHS has not finished soon."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np

from smug.masks.problem import MaskProblem, MaskSolution, Progress, Status
from smug.masks.solvers import anytime
from smug.masks.solvers.highs import solve_highs

#: HiGHS's turn: seconds, and at most this share of the time limit.
FIRST_SECONDS, FIRST_SHARE = 5.0, 0.5


def solve_auto(
    problem: MaskProblem,
    *,
    time_limit: float,
    start: np.ndarray | None,
    seed: int,
    threads: int,
    progress: Progress | None,
) -> MaskSolution:
    """Solve by HiGHS; what it leaves open goes on in the anytime search, with its mask and bound.

    Where the search knows nothing that HiGHS does not (long rows, many of them), HiGHS has all the
    time. See :func:`smug.masks.solvers.solve` for the arguments.
    """
    begin = perf_counter()
    turn = time_limit
    if anytime.beats_highs(problem):
        turn = min(FIRST_SECONDS, FIRST_SHARE * time_limit)
    found = solve_highs(
        problem, time_limit=turn, start=start, seed=seed, threads=threads, progress=progress
    )
    spent = perf_counter() - begin
    left = time_limit - spent
    if found.status in (Status.FEASIBLE, Status.TIMEOUT) and turn < time_limit and left > 0:
        # Compiled here and not beforehand: few problems come this far, and it takes seconds.
        anytime.prepare(problem)
        begin = perf_counter() - spent
        found = anytime.solve_on(
            problem, found, time_limit=left, seed=seed, threads=threads, progress=progress
        )
    return replace(found, seconds=perf_counter() - begin, solver="auto")
