import importlib.util
import sys

import numpy as np
import pytest
from scipy import sparse

from smug.errors import SmugError
from smug.masks.problem import MaskProblem, Status
from smug.masks.solvers import solve
from smug.masks.solvers.cpsat import solve_cpsat

from .toy import brute_force, random_problem

needs_ortools = pytest.mark.skipif(
    importlib.util.find_spec("ortools") is None, reason="OR-Tools is not installed (extra cpsat)"
)


@needs_ortools
def test_cpsat_agrees_and_stays_out_of_this_process():
    problem, seen = random_problem(9, variables=12, bias=1), []
    size, masks = brute_force(problem)
    start = np.ones(12)
    solution = solve(
        problem, solver="cpsat", start=start, progress=lambda *event: seen.append(event)
    )
    assert (solution.status, solution.objective) == (Status.OPTIMAL, size)
    assert frozenset(np.flatnonzero(solution.mask)) in masks
    assert seen[-1][1] == size
    assert "ortools" not in sys.modules


@needs_ortools
def test_cpsat_knows_infeasible():
    A = sparse.csr_array(np.array([[1.0, 0.1], [-1.0, 0.6]]))
    assert solve(MaskProblem(A, 0.5), solver="cpsat").status is Status.INFEASIBLE


def test_missing_ortools_names_the_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SmugError, match=r"pip install -e '\.\[cpsat\]'"):
        solve(random_problem(0), solver="cpsat")


@pytest.mark.parametrize(
    ("code", "message"),
    [("import os; os.kill(os.getpid(), 9)", "code -9"), ("raise KeyError('gone')", "'gone'")],
)
def test_a_dying_cpsat_process_is_an_error(tmp_path, monkeypatch, code, message):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    with pytest.raises(SmugError, match=message):
        solve_cpsat(random_problem(0), time_limit=5, start=None, seed=0, threads=1, progress=None)
