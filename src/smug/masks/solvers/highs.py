"""HiGHS: the default solver, a branch-and-cut MILP code, through its own Python interface."""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import perf_counter

import highspy
import numpy as np
from highspy import HighsModelStatus

from smug.errors import SmugError
from smug.masks.problem import MaskProblem, MaskSolution, Progress, Status

#: HiGHS ignores smaller coefficients, wherever they help or harm; they are taken out beforehand.
SMALLEST_COEFFICIENT = 1e-9

#: Rows and integrality; 1e-9 makes HiGHS call feasible problems infeasible.
FEASIBILITY = 1e-7


@dataclass(frozen=True)
class MilpResult:
    """Answer of HiGHS to a mixed-integer program.

    Parameters
    ----------
    x : numpy.ndarray of float64, optional
        Value of every column; None without a solution.
    status : Status
        See :class:`smug.masks.problem.Status`.
    objective, bound : float
        Value of ``x`` (infinite without one) and the proven lower bound.
    """

    x: np.ndarray | None
    status: Status
    objective: float
    bound: float


def solve_highs(
    problem: MaskProblem,
    *,
    time_limit: float,
    start: np.ndarray | None,
    seed: int,
    threads: int,
    progress: Progress | None,
) -> MaskSolution:
    """Solve a mask problem as a binary program; masks are valid up to HiGHS's tolerance.

    See :func:`smug.masks.solvers.solve` for the arguments.
    """
    begin = perf_counter()
    model = binary_program(problem)
    result = solve_milp(
        model,
        time_limit=time_limit - (perf_counter() - begin),
        start=start,
        seed=seed,
        threads=threads,
        progress=progress,
    )
    mask = np.zeros(problem.A.shape[1], bool) if result.x is None else result.x > 0.5
    seconds = perf_counter() - begin
    return MaskSolution(mask, result.status, result.objective, result.bound, seconds, "highs")


def binary_program(problem: MaskProblem) -> highspy.HighsLp:
    """Write a mask problem as a HiGHS model: ``min sum(m), A m >= demand, m binary``.

    Coefficients below :data:`SMALLEST_COEFFICIENT` are dropped on the side that loses no mask:
    the demand is lowered by the positive ones.
    """
    A, demand = problem.A.copy(), problem.demand
    small = np.abs(A.data) < SMALLEST_COEFFICIENT
    if small.any():
        gains = A.copy()
        gains.data = np.where(small, np.maximum(A.data, 0.0), 0.0)
        demand = demand - gains.sum(axis=1)
        A.data[small] = 0.0
        A.eliminate_zeros()
    rows, columns = A.shape
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = rows, columns
    model.col_cost_ = np.ones(columns)
    model.col_lower_, model.col_upper_ = np.zeros(columns), np.ones(columns)
    model.row_lower_, model.row_upper_ = demand, np.full(rows, highspy.kHighsInf)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.num_row_, model.a_matrix_.num_col_ = rows, columns
    model.a_matrix_.start_ = A.indptr.astype(np.int32)
    model.a_matrix_.index_ = A.indices.astype(np.int32)
    model.a_matrix_.value_ = A.data
    model.integrality_ = [highspy.HighsVarType.kInteger] * columns
    return model


def solve_milp(
    model: highspy.HighsLp,
    *,
    time_limit: float,
    start: np.ndarray | None = None,
    seed: int = 0,
    threads: int = 1,
    progress: Progress | None = None,
) -> MilpResult:
    """Minimise a HiGHS model whose objective takes whole values only, to proven optimality.

    Parameters
    ----------
    model : highspy.HighsLp
        The program; its integer columns' cost must be whole numbers (the search stops once the
        bound is less than one below the incumbent).
    time_limit : float
        Seconds.
    start : numpy.ndarray, shape (columns,), optional
        Starting values of all columns.
    seed, threads, progress
        As in :func:`smug.masks.solvers.solve`.

    Returns
    -------
    MilpResult
        Solutions keep rows up to :data:`FEASIBILITY`.

    Raises
    ------
    SmugError
        If HiGHS rejects the model or stops with an error.
    """
    highs = highspy.Highs()
    highs.silent()
    # One scheduler lives per process and keeps the thread count of its first use.
    highspy.Highs.resetGlobalScheduler(True)
    options = {
        "time_limit": max(time_limit, 0.0),
        "random_seed": seed,
        "threads": threads,
        "mip_rel_gap": 0.0,
        "mip_abs_gap": 0.99,
        "primal_feasibility_tolerance": FEASIBILITY,
        "mip_feasibility_tolerance": FEASIBILITY,
    }
    for name, value in options.items():
        highs.setOptionValue(name, value)
    if highs.passModel(model) == highspy.HighsStatus.kError:
        raise SmugError(
            f"HiGHS rejects the model ({model.num_row_} rows, {model.num_col_} columns); "
            "look for coefficients of 1e15 and more, or try solver=z3_pb"
        )
    if start is not None:
        values = highspy.HighsSolution()
        values.col_value = np.asarray(start, np.float64)
        highs.setSolution(values)
    if progress is not None:
        _report(highs, progress)
    highs.run()
    return _result(highs)


def _report(highs: highspy.Highs, progress: Progress) -> None:
    """Call ``progress`` on every improvement of the incumbent or the bound."""
    best = [math.inf, -math.inf]

    def improved(event: highspy.highs.HighsCallbackEvent) -> None:
        data = event.data_out
        if data.mip_primal_bound < best[0] or data.mip_dual_bound > best[1]:
            best[:] = min(best[0], data.mip_primal_bound), max(best[1], data.mip_dual_bound)
            progress(data.running_time, *best)

    highs.cbMipImprovingSolution += improved
    highs.cbMipLogging += improved


def _result(highs: highspy.Highs) -> MilpResult:
    """Read the status first, then the solution that it vouches for."""
    state, info = highs.getModelStatus(), highs.getInfo()
    if state in (HighsModelStatus.kInfeasible, HighsModelStatus.kUnboundedOrInfeasible):
        return MilpResult(None, Status.INFEASIBLE, math.inf, math.inf)
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    bound = info.mip_dual_bound
    if state == HighsModelStatus.kOptimal and found:
        status = Status.OPTIMAL
        bound = info.objective_function_value
    elif state in (HighsModelStatus.kTimeLimit, HighsModelStatus.kInterrupt):
        status = Status.FEASIBLE if found else Status.TIMEOUT
    else:
        raise SmugError(
            f"HiGHS stopped with {highs.modelStatusToString(state)!r}; try another solver.seed, "
            "or solver=z3_pb"
        )
    if not found:
        return MilpResult(None, status, math.inf, bound)
    x = np.array(highs.getSolution().col_value)
    return MilpResult(x, status, info.objective_function_value, bound)
