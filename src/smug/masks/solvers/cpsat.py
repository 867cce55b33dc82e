"""CP-SAT of OR-Tools, an optional solver in a process of its own.

OR-Tools and highspy bring two incompatible copies of HiGHS: whichever of them is imported second
in one process crashes (google/or-tools issue 5246). So this module never imports OR-Tools; the
process that :mod:`smug.masks.solvers.child` starts does, in
:mod:`smug.masks.solvers.cpsat_search`.
"""

from __future__ import annotations

import importlib.util

import numpy as np

from smug.errors import SmugError
from smug.masks.problem import MaskProblem, MaskSolution, Progress
from smug.masks.solvers.child import solve_in_child


def solve_cpsat(
    problem: MaskProblem,
    *,
    time_limit: float,
    start: np.ndarray | None,
    seed: int,
    threads: int,
    progress: Progress | None,
) -> MaskSolution:
    """Solve a mask problem's integer relaxation with CP-SAT in a child process.

    See :func:`smug.masks.solvers.solve` for the arguments and
    :func:`smug.masks.verify.integer_rows` for the relaxation.

    Raises
    ------
    SmugError
        If OR-Tools is not installed, or the child fails or dies.
    """
    if importlib.util.find_spec("ortools") is None:
        raise SmugError(
            "solver=cpsat needs OR-Tools: pip install -e '.[cpsat]' in the project's folder, "
            "or use solver=highs"
        )
    return solve_in_child(
        "cpsat",
        "smug.masks.solvers.cpsat_search:search",
        problem,
        time_limit=time_limit,
        seed=seed,
        progress=progress,
        start=None if start is None else np.asarray(start, bool).tolist(),
        threads=threads,
    )
