"""CP-SAT of OR-Tools, an optional solver in a process of its own.

OR-Tools and highspy bring two incompatible copies of HiGHS: whichever of them is imported second
in one process crashes (google/or-tools issue 5246). So this module never imports OR-Tools while it
serves :func:`solve_cpsat`; it starts ``python -m smug.masks.solvers.cpsat FOLDER``, whose input
and output are plain ``.npz`` files in that folder.
"""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from time import perf_counter, time

import numpy as np

from smug.errors import SmugError
from smug.masks.problem import MaskProblem, MaskSolution, Progress, Status
from smug.masks.verify import integer_rows

#: Of 63: leaves room for sums, and doubles' 53 bits are represented to 1e-12 of a row's size.
COEFFICIENT_BITS = 40

#: Seconds of search a child gets even where its start-up (importing OR-Tools takes seconds, more
#: on a busy machine) has used up the time limit.
LEAST_SEARCH = 1.0

#: A child that outstays its time limit by so many seconds hangs and is ended.
GRACE = 120.0


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
    begin = perf_counter()
    if importlib.util.find_spec("ortools") is None:
        raise SmugError("solver=cpsat needs OR-Tools: pip install 'smug[cpsat]', or solver=highs")
    A, demand = integer_rows(problem, COEFFICIENT_BITS)
    with tempfile.TemporaryDirectory(prefix="smug-cpsat-") as name:
        folder = Path(name)
        np.savez(
            folder / "input.npz",
            data=A.data,
            indices=A.indices,
            indptr=A.indptr,
            demand=demand,
            variables=A.shape[1],
            start=np.zeros(0, bool) if start is None else start,
            deadline=time() + time_limit - (perf_counter() - begin),
            seed=seed,
            threads=threads,
        )
        _run_child(folder, time_limit + GRACE, progress)
        with np.load(folder / "output.npz", allow_pickle=False) as output:
            mask, bound = output["mask"], float(output["bound"])
            status = Status(str(output["status"]))
    found = status in (Status.OPTIMAL, Status.FEASIBLE)
    objective = float(mask.sum()) if found else math.inf
    return MaskSolution(mask, status, objective, bound, perf_counter() - begin, "cpsat")


def _run_child(folder: Path, patience: float, progress: Progress | None) -> None:
    """Run the child to its end, passing on what it prints; end it when ``patience`` is over."""
    command = [sys.executable, "-m", __name__, str(folder)]
    with (folder / "errors.txt").open("w+") as errors:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        watchdog = threading.Timer(patience, child.kill)
        watchdog.start()
        try:
            for line in child.stdout:
                if progress is not None:
                    progress(*(float(number) for number in line.split()))
            code = child.wait()
        finally:
            watchdog.cancel()
            child.kill()
            child.wait()
            child.stdout.close()
        errors.seek(0)
        tail = errors.read().strip().splitlines()[-1:]
    if code != 0 or not (folder / "output.npz").exists():
        raise SmugError(
            f"the CP-SAT process ended with code {code}: {' '.join(tail) or 'no message'}; "
            "check the OR-Tools installation and the free memory, or use solver=highs"
        )


def _solve_folder(folder: Path) -> None:
    """Solve ``input.npz`` and write ``output.npz`` (the child's side)."""
    from ortools.sat.python import cp_model

    with np.load(folder / "input.npz", allow_pickle=False) as stored:
        given = {name: stored[name] for name in stored.files}
    model = cp_model.CpModel()
    variables = [model.new_bool_var("") for _ in range(int(given["variables"]))]
    columns, values = given["indices"].tolist(), given["data"].tolist()
    ends = given["indptr"].tolist()
    for row, demand in enumerate(given["demand"].tolist()):
        span = slice(ends[row], ends[row + 1])
        terms = [variables[j] for j in columns[span]]
        model.add(cp_model.LinearExpr.weighted_sum(terms, values[span]) >= demand)
    model.minimize(cp_model.LinearExpr.sum(variables))
    for variable, value in zip(variables, given["start"].tolist(), strict=False):
        model.add_hint(variable, value)

    class Printer(cp_model.CpSolverSolutionCallback):
        def on_solution_callback(self) -> None:
            print(self.wall_time, self.objective_value, self.best_objective_bound, flush=True)

    solver = cp_model.CpSolver()
    remaining = float(given["deadline"]) - time()
    solver.parameters.max_time_in_seconds = max(remaining, LEAST_SEARCH)
    solver.parameters.random_seed = int(given["seed"])
    solver.parameters.num_workers = int(given["threads"])
    answer = solver.solve(model, Printer())
    names = {
        cp_model.OPTIMAL: Status.OPTIMAL,
        cp_model.FEASIBLE: Status.FEASIBLE,
        cp_model.INFEASIBLE: Status.INFEASIBLE,
        cp_model.UNKNOWN: Status.TIMEOUT,
    }
    if answer not in names:
        raise SmugError(f"CP-SAT calls the model {solver.status_name(answer)}")
    found = answer in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    mask = [solver.boolean_value(v) if found else False for v in variables]
    bound = math.inf if answer == cp_model.INFEASIBLE else solver.best_objective_bound
    np.savez(
        folder / "output.npz", mask=np.array(mask, bool), bound=bound, status=str(names[answer])
    )


if __name__ == "__main__":
    _solve_folder(Path(sys.argv[1]))
