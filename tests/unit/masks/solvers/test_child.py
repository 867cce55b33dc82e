import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from scipy import sparse

from smug.errors import SmugError
from smug.masks.problem import MaskProblem, Status
from smug.masks.solvers.child import solve_in_child

PROBLEM = MaskProblem(sparse.csr_array(np.array([[0.5, 0.3, 0.2]])), 0.4)

MODULE = """
import os
import sys
import time
import numpy as np
from smug.masks.problem import MaskSolution, Status

def deaf(problem, *, time_limit, seed, found):
    found(np.array([True, True, False]))
    found(np.array([True, False, False]))
    time.sleep(600)

def mute(problem, *, time_limit, seed, found):
    time.sleep(600)

def honest(problem, *, time_limit, seed, found):
    mask = np.array([True, False, False])
    return MaskSolution(mask, Status.OPTIMAL, 1.0, 1.0, 0.25, "inside")

def orphan(problem, *, time_limit, seed, found):
    open("pid", "w").write(str(os.getpid()))
    found(np.array([True, False, False]))
    time.sleep(600)

def broken(problem, *, time_limit, seed, found):
    raise KeyError(f"seed {seed}, gamma {problem.gamma}")
"""


@pytest.fixture
def call(tmp_path, monkeypatch):
    (tmp_path / "outside.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)

    def run(function, progress=None, time_limit=0.5):
        return solve_in_child(
            "outside",
            f"outside:{function}",
            PROBLEM,
            time_limit=time_limit,
            seed=7,
            progress=progress,
        )

    return run


def test_a_solver_that_forgets_its_limit_is_ended_and_its_best_mask_kept(call):
    seen = []
    solution = call("deaf", progress=lambda *numbers: seen.append(numbers[1]))
    assert solution.status is Status.FEASIBLE
    assert solution.mask.tolist() == [True, False, False]
    assert (solution.objective, solution.bound) == (1, 0)
    assert seen == [2, 1]


def test_without_any_mask_it_is_a_timeout(call):
    solution = call("mute")
    assert solution.status is Status.TIMEOUT
    assert np.isinf(solution.objective)
    assert not solution.mask.any()


def test_an_answer_in_time_is_passed_on(call):
    solution = call("honest", time_limit=60)
    assert (solution.status, solution.bound, solution.solver) == (Status.OPTIMAL, 1, "outside")
    assert solution.seconds == 0.25


def test_a_child_that_fails_is_an_error(call):
    with pytest.raises(SmugError, match=r"'outside' ended with code 1: .*seed 7, gamma 0\.4"):
        call("broken", time_limit=60)


PARENT = """
import numpy as np
from scipy import sparse
from smug.masks.problem import MaskProblem
from smug.masks.solvers.child import solve_in_child
problem = MaskProblem(sparse.csr_array(np.array([[0.5, 0.3, 0.2]])), 0.4)
tell = lambda *numbers: print("found", flush=True)
solve_in_child("x", "outside:orphan", problem, time_limit=500, seed=0, progress=tell)
"""


def running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc to look for it")
@pytest.mark.usefixtures("call")
def test_a_child_does_not_outlive_a_parent_that_was_killed(tmp_path):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, cwd=tmp_path, text=True
    )
    with parent:
        assert parent.stdout.readline() == "found\n"
        child = int((tmp_path / "pid").read_text())
        assert running(child)
        parent.send_signal(signal.SIGKILL)
    for _ in range(200):
        if not running(child):
            return
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child is still running ten seconds later")
