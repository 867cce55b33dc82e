"""Real mask problems whose optimum is known."""

import csv
import importlib.util

import numpy as np
import pytest
from scipy import sparse

from smug.masks.problem import MaskProblem, Status
from smug.masks.solvers import solve
from smug.masks.verify import violated_rows

needs_ortools = pytest.mark.skipif(
    importlib.util.find_spec("ortools") is None, reason="OR-Tools is not installed"
)


#: Instances that the reference lists with objective = bound.
PROVEN = 27


def bench(shared):
    """Every instance of the reference that is proven, as (name, problem, optimum)."""
    with (shared / "bench" / "reference.csv").open() as lines:
        for row in csv.DictReader(lines):
            if float(row["objective"]) != float(row["bound"]):
                continue
            with np.load(shared / "bench" / f"{row['instance']}.npz") as stored:
                parts = (stored["data"], stored["indices"], stored["indptr"])
                A = sparse.csr_array(parts, shape=tuple(stored["shape"]))
            problem = MaskProblem(A, float(row["gamma"]))
            yield f"{row['instance']}@{row['gamma']}", problem, float(row["objective"])


@pytest.mark.shared
def test_highs_proves_every_proven_optimum_of_the_bench(shared):
    wrong, count = [], 0
    for name, problem, optimum in bench(shared):
        count += 1
        solution = solve(problem)
        assert not violated_rows(problem, solution.mask).size
        if (solution.status, solution.objective) != (Status.OPTIMAL, optimum):
            wrong.append((name, solution.status, solution.objective, optimum))
    assert wrong == []
    assert count == PROVEN


@pytest.mark.shared
@pytest.mark.parametrize("solver", ["z3", "z3_pb", pytest.param("cpsat", marks=needs_ortools)])
def test_other_solvers_agree_on_real_instances(shared, solver):
    known = {name: (problem, optimum) for name, problem, optimum in bench(shared)}
    for name in ("lite0_img0_w4@0.0", "lite0_img3_w4@0.5"):
        problem, optimum = known[name]
        solution = solve(problem, solver=solver)
        assert (solution.status, solution.objective) == (Status.OPTIMAL, optimum)
