"""The process of CP-SAT: the only module that imports OR-Tools (see the module ``cpsat``)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np
from ortools.sat.python import cp_model

from smug.errors import SmugError
from smug.masks.problem import MaskProblem, MaskSolution, Status
from smug.masks.verify import integer_rows

#: Of 63: leaves room for sums, and doubles' 53 bits are represented to 1e-12 of a row's size.
COEFFICIENT_BITS = 40

_STATUS = {
    cp_model.OPTIMAL: Status.OPTIMAL,
    cp_model.FEASIBLE: Status.FEASIBLE,
    cp_model.INFEASIBLE: Status.INFEASIBLE,
    cp_model.UNKNOWN: Status.TIMEOUT,
}


def search(
    problem: MaskProblem,
    *,
    time_limit: float,
    seed: int,
    start: Sequence[bool] | None,
    threads: int,
    found: Callable[[np.ndarray, float], None],
) -> MaskSolution:
    """Build and solve the model, reporting masks (of the relaxed rows) as they are found."""
    begin = perf_counter()
    model, variables = _model(problem)
    for variable, value in zip(variables, start or (), strict=False):
        model.add_hint(variable, value)

    class Reporter(cp_model.CpSolverSolutionCallback):
        def on_solution_callback(self) -> None:
            mask = np.array([self.boolean_value(variable) for variable in variables], bool)
            found(mask, self.best_objective_bound)

    solver = cp_model.CpSolver()
    remaining = time_limit - (perf_counter() - begin)
    solver.parameters.max_time_in_seconds = max(remaining, 0.0)
    solver.parameters.random_seed = seed
    solver.parameters.num_workers = threads
    answer = solver.solve(model, Reporter())
    if answer not in _STATUS:
        raise SmugError(f"CP-SAT calls the model {solver.status_name(answer)}")
    mask, size = np.zeros(len(variables), bool), math.inf
    if answer in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        mask = np.array([solver.boolean_value(variable) for variable in variables], bool)
        size = float(mask.sum())
    bound = math.inf if answer == cp_model.INFEASIBLE else solver.best_objective_bound
    return MaskSolution(mask, _STATUS[answer], size, bound, perf_counter() - begin, "cpsat")


def _model(problem: MaskProblem) -> tuple[cp_model.CpModel, list[cp_model.IntVar]]:
    model = cp_model.CpModel()
    A, demands = integer_rows(problem, COEFFICIENT_BITS)
    variables = [model.new_bool_var("") for _ in range(A.shape[1])]
    columns, values, ends = A.indices.tolist(), A.data.tolist(), A.indptr.tolist()
    for row, demand in enumerate(demands.tolist()):
        span = slice(ends[row], ends[row + 1])
        terms = [variables[j] for j in columns[span]]
        model.add(cp_model.LinearExpr.weighted_sum(terms, values[span]) >= demand)
    model.minimize(cp_model.LinearExpr.sum(variables))
    return model, variables
