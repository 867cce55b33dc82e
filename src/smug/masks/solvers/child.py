"""Run a solver in a process of its own, so that a time limit holds even if the solver forgets it.

Z3 looks at its limit only now and then: on dense rows of doubles it was seen to take 90 seconds
with a limit of 5. The child gets the problem through its standard input and prints one JSON line
for each mask it finds; when the limit is over it is ended, and the best mask printed so far is
the answer. Its input stays open as long as the parent lives: at its end the child ends too, even
if the parent was killed.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter
from typing import IO, Any, Protocol

import numpy as np

from smug.errors import SmugError
from smug.masks.problem import MaskSolution, Progress, Status

#: Seconds beyond the time limit that a child gets to finish by itself.
GRACE = 1.0


class Problem(Protocol):
    """Anything that can be pickled and has mask variables."""

    @property
    def size(self) -> int:
        """Number of mask variables."""


def solve_in_child(
    solver: str,
    function: str,
    problem: Problem,
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
    problem : Problem
        Masks have one entry for each of its ``size`` variables.
    **settings
        Further arguments of the function.

    Returns
    -------
    MaskSolution
        ``seconds`` counts encoding and search, not the start of the process.

    Raises
    ------
    SmugError
        The child failed.
    """
    task = pickle.dumps((function, problem, settings | {"time_limit": time_limit, "seed": seed}))
    with tempfile.TemporaryFile("w+") as errors:
        said, code, ended = _listen(task, errors, time_limit, progress)
        if code != 0 and not ended:
            errors.seek(0)
            tail = " ".join(errors.read().strip().splitlines()[-1:])
            raise SmugError(
                f"the process of solver {solver!r} ended with code {code}: "
                f"{tail or 'no message'}; use solver=highs"
            )
    nothing = _Said([], math.inf, 0.0, time_limit, Status.TIMEOUT)
    last = said[-1] if said else nothing
    mask = np.zeros(problem.size, bool)
    mask[last.mask] = True
    seconds = time_limit + GRACE if ended else last.seconds
    return MaskSolution(mask, Status(last.status), last.size, last.bound, seconds, solver)


@dataclass(frozen=True)
class _Said:
    """Line of the child about a mask: chosen variables, size, bound, seconds, status."""

    mask: list[int]
    size: float
    bound: float
    seconds: float
    status: str = Status.FEASIBLE


def _listen(
    task: bytes, errors: IO[str], time_limit: float, progress: Progress | None
) -> tuple[list[_Said], int, bool]:
    """Run the child; what it said of masks, its exit code, and whether it had to be ended."""
    said: list[_Said] = []
    ended = threading.Event()
    pipe = subprocess.PIPE
    child = subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=pipe, stdout=pipe, stderr=errors
    )

    def end() -> None:
        ended.set()
        child.kill()

    watchdog = threading.Timer(time_limit + GRACE, end)
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        with suppress(BrokenPipeError):  # its exit code will tell
            child.stdin.write(task)
            child.stdin.flush()
        for line in child.stdout:
            if line == b"started\n":
                watchdog.start()
                continue
            if not line.endswith(b"\n"):
                break  # ended while it was speaking
            said.append(_Said(**json.loads(line)))
            if progress is not None:
                progress(said[-1].seconds, said[-1].size, said[-1].bound)
        code = child.wait()
    finally:
        watchdog.cancel()
        child.kill()
        with suppress(BrokenPipeError):
            child.communicate()
    return said, code, ended.is_set()


def _serve() -> None:
    """Solve the problem that comes in and print what is found (the child's side)."""
    # Safe to unpickle: the parent, this very package, wrote it into the pipe just now.
    function, problem, settings = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    module, name = function.split(":")
    solve = getattr(import_module(module), name)
    print("started", flush=True)
    begin = perf_counter()

    def found(mask: np.ndarray, bound: float = 0.0) -> None:
        _say(mask, float(mask.sum()), bound, perf_counter() - begin)

    solution = solve(problem, **settings, found=found)
    _say(solution.mask, solution.objective, solution.bound, solution.seconds, solution.status)


def _end_with_the_parent() -> None:
    # Not through sys.stdin: a thread that waits there keeps the interpreter from ending cleanly.
    os.read(0, 1)
    os._exit(1)


def _say(
    mask: np.ndarray, size: float, bound: float, seconds: float, status: Status | None = None
) -> None:
    line = {"mask": np.flatnonzero(mask).tolist(), "size": size, "bound": bound, "seconds": seconds}
    print(json.dumps(line | ({} if status is None else {"status": str(status)})), flush=True)


if __name__ == "__main__":
    _serve()
