"""What whoever waits at a terminal sees."""

from __future__ import annotations

from typing import Any

from tqdm import tqdm

from smug.masks.problem import MaskProblem, MaskSolution
from smug.masks.solvers import solve


def solve_in_sight(problem: MaskProblem, **settings: Any) -> MaskSolution:
    """Solve as :func:`smug.masks.solvers.solve` does, with a line on a terminal's stderr."""
    with tqdm(desc="solving", bar_format="{desc} {elapsed}", disable=None, leave=False) as line:

        def report(_: float, objective: float, bound: float) -> None:
            line.set_description_str(
                f"solving: {objective:.0f} windows, proven at least {bound:.0f}"
            )

        # Without a terminal nobody watches, and the solver is spared the calls.
        return solve(problem, progress=None if line.disable else report, **settings)
