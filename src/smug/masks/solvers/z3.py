"""Z3: the solver of Sahoo et al. 2021, with their encoding and with a pseudo-Boolean one.

Z3 answers "unknown" when time runs out, and the model it then offers is arbitrary. Masks found on
the way are therefore collected as they are found, and the bound is read from the optimiser. It
also looks at its time limit too seldom, so it runs in a process of its own
(:mod:`smug.masks.solvers.child`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from time import perf_counter

import numpy as np
import z3

from smug.masks.problem import MaskProblem, MaskSolution, Progress, Status
from smug.masks.solvers.child import solve_in_child
from smug.masks.verify import integer_rows, violated_rows

#: Called with each valid mask that is smaller than the ones before.
Found = Callable[[np.ndarray], None]

#: Z3 adds up the coefficients of a pseudo-Boolean row in 32 bits.
PSEUDO_BOOLEAN_BITS = 30


def solve_original(
    problem: MaskProblem,
    *,
    time_limit: float,
    start: np.ndarray | None,
    seed: int,
    threads: int,
    progress: Progress | None,
) -> MaskSolution:
    """Solve with the encoding of the released SMUG code, exactly.

    Mask variables are integers that equal 0 or 1, rows are linear real arithmetic over exact
    rationals, and the optimiser minimises the variables' sum. One thread; ``start`` is not used,
    since Z3's optimiser takes none. See :func:`smug.masks.solvers.solve` for the arguments.
    """
    return solve_in_child(
        "z3",
        f"{__name__}:original",
        problem,
        time_limit=time_limit,
        seed=seed,
        progress=progress,
    )


def original(problem: MaskProblem, *, time_limit: float, seed: int, found: Found) -> MaskSolution:
    """Build and run :func:`solve_original` in this process."""
    begin = perf_counter()
    context = new_context(seed)
    variables = [z3.Int(f"mask_{j}", context) for j in range(problem.A.shape[1])]
    reals = [z3.ToReal(variable) for variable in variables]
    optimiser = z3.Optimize(ctx=context)
    for variable in variables:
        optimiser.add(z3.Or(variable == 1, variable == 0))
    A = problem.A
    for row, demand in enumerate(problem.demand):
        span = slice(A.indptr[row], A.indptr[row + 1])
        terms = [
            rational(value, context) * reals[j]
            for value, j in zip(A.data[span], A.indices[span], strict=True)
        ]
        optimiser.add(z3.Sum(terms) >= rational(demand, context))
    goal = optimiser.minimize(z3.Sum(variables))
    flags = [variable == 1 for variable in variables]
    valid = partial(_valid, problem)
    return minimise("z3", optimiser, goal, flags, valid, begin, time_limit, found)


def solve_pseudo_boolean(
    problem: MaskProblem,
    *,
    time_limit: float,
    start: np.ndarray | None,
    seed: int,
    threads: int,
    progress: Progress | None,
) -> MaskSolution:
    """Solve with Boolean variables, pseudo-Boolean rows and one soft constraint per variable.

    Rows are integer relaxations of the exact ones (:func:`smug.masks.verify.integer_rows`), since
    Z3's pseudo-Boolean coefficients have 32 bits. One thread; ``start`` is not used. See
    :func:`smug.masks.solvers.solve` for the arguments.
    """
    return solve_in_child(
        "z3_pb",
        f"{__name__}:pseudo_boolean",
        problem,
        time_limit=time_limit,
        seed=seed,
        progress=progress,
    )


def pseudo_boolean(
    problem: MaskProblem, *, time_limit: float, seed: int, found: Found
) -> MaskSolution:
    """Build and run :func:`solve_pseudo_boolean` in this process."""
    begin = perf_counter()
    context = new_context(seed)
    variables = [z3.Bool(f"mask_{j}", context) for j in range(problem.A.shape[1])]
    optimiser = z3.Optimize(ctx=context)
    A, demands = integer_rows(problem, PSEUDO_BOOLEAN_BITS)
    for row, demand in enumerate(demands.tolist()):
        span = slice(A.indptr[row], A.indptr[row + 1])
        columns, values = A.indices[span].tolist(), A.data[span].tolist()
        if sum(min(value, 0) for value in values) >= demand:
            continue  # every mask meets it
        optimiser.add(
            z3.PbGe(
                [(variables[j], value) for j, value in zip(columns, values, strict=True)], demand
            )
        )
    goal = None
    for variable in variables:
        goal = optimiser.add_soft(z3.Not(variable), 1, "size")
    valid = partial(_valid, problem)
    return minimise("z3_pb", optimiser, goal, variables, valid, begin, time_limit, found)


def new_context(seed: int) -> z3.Context:
    """Return a fresh context, so that one solve's terms and seed never touch another's."""
    # The optimiser itself takes no seed; its SMT and SAT cores read these when they are made.
    z3.set_param("smt.random_seed", seed)
    z3.set_param("sat.random_seed", seed)
    return z3.Context()


def rational(value: float, context: z3.Context) -> z3.RatNumRef:
    """Return a double as the exact fraction it is; Z3 would read its decimal form."""
    numerator, denominator = float(value).as_integer_ratio()
    return z3.RealVal(f"{numerator}/{denominator}", context)


def _valid(problem: MaskProblem, mask: np.ndarray) -> bool:
    return not violated_rows(problem, mask).size


def minimise(
    solver: str,
    optimiser: z3.Optimize,
    goal: z3.OptimizeObjective,
    flags: list[z3.BoolRef],
    valid: Callable[[np.ndarray], bool],
    begin: float,
    time_limit: float,
    found: Found,
) -> MaskSolution:
    """Run an optimiser with the time left, keeping the best valid mask that it meets on the way.

    ``flags`` say of each mask variable whether it is chosen; time runs since ``begin``.
    """
    best, size = np.zeros(len(flags), bool), math.inf

    def chosen(model: z3.ModelRef) -> np.ndarray:
        return np.array(
            [z3.is_true(model.evaluate(flag, model_completion=True)) for flag in flags], bool
        )

    def keep(model: z3.ModelRef) -> None:
        nonlocal best, size
        mask = chosen(model)
        if mask.sum() < size and valid(mask):
            best, size = mask, float(mask.sum())
            found(mask)

    remaining = time_limit - (perf_counter() - begin)
    answer, bound = z3.unknown, 0.0
    if remaining > 0:
        optimiser.set("timeout", max(1, int(remaining * 1000)))
        optimiser.set_on_model(keep)
        answer = optimiser.check()
    if answer == z3.unsat:
        status, bound = Status.INFEASIBLE, math.inf
    elif answer == z3.sat:
        best = chosen(optimiser.model())
        size = bound = float(best.sum())
        status = Status.OPTIMAL
    else:
        status = Status.FEASIBLE if math.isfinite(size) else Status.TIMEOUT
        if remaining > 0:
            bound = _lower_bound(optimiser, goal)
    return MaskSolution(best, status, size, bound, perf_counter() - begin, solver)


def _lower_bound(optimiser: z3.Optimize, goal: z3.OptimizeObjective) -> float:
    """Return the bound the optimiser has proven, 0 where it has none."""
    lower = optimiser.lower(goal)
    if z3.is_int_value(lower):
        return max(0.0, float(lower.as_long()))
    return max(0.0, float(lower.as_fraction())) if z3.is_rational_value(lower) else 0.0
