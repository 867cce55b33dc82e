"""Run a solver in a process of its own, so that a time limit holds even if the solver forgets it.

Z3 looks at its limit only now and then: on dense rows of doubles it was seen to take 90 seconds
with a limit of 5. The child prints one JSON line for each mask it finds; when the limit is over
it is ended, and the best mask printed so far is the answer.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import threading
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from scipy import sparse

from smug.errors import SmugError
from smug.masks.problem import MaskProblem, MaskSolution, Progress, Status

#: Seconds beyond the time limit that a child gets to finish by itself.
GRACE = 1.0


def solve_in_child(
    solver: str,
    function: str,
    problem: MaskProblem,
    *,
    time_limit: float,
    seed: int,
    progress: Progress | None,
    **settings: Any,
) -> MaskSolution:
    """Call ``function(problem, time_limit=, seed=, found=) -> MaskSolution`` in a new process.

    Parameters
    ----------
    solver : str
        Name that the solution carries.
    function : str
        ``module:name`` of a function in this package; it calls ``found(mask)``, or
        ``found(mask, bound)``, for each mask that is smaller than the ones before. What its
        module imports is loaded before the time limit starts.
    **settings
        Further arguments of the function, as JSON can hold them.

    Returns
    -------
    MaskSolution
        ``seconds`` counts encoding and search, not the start of the process.

    Raises
    ------
    SmugError
        The child failed.
    """
    with tempfile.TemporaryDirectory(prefix="smug-solver-") as name:
        path = Path(name) / "problem.npz"
        sparse.save_npz(path, sparse.csr_array(problem.A))
        settings |= {"time_limit": time_limit, "seed": seed}
        about = {"gamma": problem.gamma, "margin": problem.margin, "settings": settings}
        np.save(path.with_suffix(".offset.npy"), problem.offset, allow_pickle=False)
        path.with_suffix(".json").write_text(json.dumps(about))
        errors = path.with_suffix(".txt")
        said, code, ended = _listen(function, path, errors, time_limit, progress)
        if code != 0 and not ended:
            tail = " ".join(errors.read_text().strip().splitlines()[-1:])
            raise SmugError(
                f"the process of solver {solver!r} ended with code {code}: "
                f"{tail or 'no message'}; use solver=highs"
            )
    last = said[-1] if said else {"size": math.inf, "seconds": time_limit, "bound": 0.0}
    status = last.get("status", Status.FEASIBLE if said else Status.TIMEOUT)
    mask = np.zeros(problem.A.shape[1], bool)
    mask[last.get("mask", [])] = True
    seconds = time_limit + GRACE if ended else last["seconds"]
    return MaskSolution(mask, Status(status), last["size"], last["bound"], seconds, solver)


def _listen(
    function: str, path: Path, errors: Path, time_limit: float, progress: Progress | None
) -> tuple[list[dict], int, bool]:
    """Run the child; what it said of masks, its exit code, and whether it had to be ended."""
    command = [sys.executable, "-m", __name__, function, str(path)]
    said: list[dict] = []
    ended = threading.Event()
    with errors.open("w") as file:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True)

    def end() -> None:
        ended.set()
        child.kill()

    watchdog = threading.Timer(time_limit + GRACE, end)
    try:
        for line in child.stdout:
            if line == "started\n":
                watchdog.start()
                continue
            if not line.endswith("\n"):
                break  # ended while it was speaking
            said.append(json.loads(line))
            if progress is not None:
                progress(said[-1]["seconds"], said[-1]["size"], said[-1]["bound"])
        code = child.wait()
    finally:
        watchdog.cancel()
        child.kill()
        child.wait()
        child.stdout.close()
    return said, code, ended.is_set()


def _serve(function: str, path: Path) -> None:
    """Solve the problem in a file and print what is found (the child's side)."""
    module, name = function.split(":")
    solve = getattr(import_module(module), name)
    about = json.loads(path.with_suffix(".json").read_text())
    offset = np.load(path.with_suffix(".offset.npy"), allow_pickle=False)
    problem = MaskProblem(
        sparse.csr_array(sparse.load_npz(path)), about["gamma"], about["margin"], offset
    )
    print("started", flush=True)
    begin = perf_counter()

    def found(mask: np.ndarray, bound: float = 0.0) -> None:
        _say(mask, float(mask.sum()), bound, perf_counter() - begin)

    solution = solve(problem, **about["settings"], found=found)
    _say(solution.mask, solution.objective, solution.bound, solution.seconds, solution.status)


def _say(
    mask: np.ndarray, size: float, bound: float, seconds: float, status: Status | None = None
) -> None:
    line = {"mask": np.flatnonzero(mask).tolist(), "size": size, "bound": bound, "seconds": seconds}
    print(json.dumps(line | ({} if status is None else {"status": str(status)})), flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1], Path(sys.argv[2]))
