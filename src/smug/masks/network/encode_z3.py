"""The full encoding for Z3: ReLU as if-then-else, exact rationals (the authors' style)."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import z3

from smug.masks.network.problem import NetworkMaskProblem
from smug.masks.problem import MaskSolution
from smug.masks.solvers.z3 import Found, minimise, new_context, rational


def search(
    problem: NetworkMaskProblem, *, time_limit: float, seed: int, found: Found
) -> MaskSolution:
    """Smallest mask by Z3's optimiser, for a process of its own (see ``solvers.child``).

    Masks have one entry per active window, shape (problem.size,).
    """
    begin = perf_counter()
    context = new_context(seed)
    optimiser = z3.Optimize(ctx=context)
    windows = [z3.Int(f"m{i}", context) for i in range(problem.size)]
    for m in windows:
        optimiser.add(m >= 0, m <= 1)
    values = [z3.ToReal(m) for m in windows]
    pre = _affine(values, problem.contributions, problem.bias, context)
    for W, b in problem.hidden:
        pre = _affine(_relu(pre), W, b, context)
    for lead in _affine(_relu(pre), problem.output, problem.offset, context):
        optimiser.add(lead >= rational(problem.demand, context))
    goal = optimiser.minimize(z3.Sum([z3.IntVal(0, context), *windows]))
    flags = [m == 1 for m in windows]

    def valid(mask: np.ndarray) -> bool:
        return problem.satisfied(np.flatnonzero(mask))

    return minimise("z3", optimiser, goal, flags, valid, begin, time_limit, found)


def _relu(values: list[z3.ArithRef]) -> list[z3.ArithRef]:
    return [z3.If(value > 0, value, z3.RealVal(0, value.ctx)) for value in values]


def _affine(
    values: list[z3.ArithRef], W: np.ndarray, b: np.ndarray, context: z3.Context
) -> list[z3.ArithRef]:
    return [
        z3.Sum(
            [
                rational(b_j, context),
                *(rational(w, context) * v for w, v in zip(column, values, strict=True) if w),
            ]
        )
        for column, b_j in zip(W.T.tolist(), b.tolist(), strict=True)
    ]
