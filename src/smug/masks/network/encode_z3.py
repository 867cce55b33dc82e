"""The full encoding for Z3: ReLU as if-then-else, exact rationals (the authors' style)."""

from __future__ import annotations

from fractions import Fraction
from time import perf_counter

import numpy as np
import z3

from smug.masks.network.problem import NetworkMaskProblem


def minimise_with_z3(
    problem: NetworkMaskProblem, deadline: float, seed: int = 0
) -> tuple[np.ndarray | None, bool]:
    """Smallest mask by Z3's optimiser.

    Returns
    -------
    mask : numpy.ndarray of int or None
        Indices of active windows that meet the demand, or None.
    proven : bool
        Whether Z3 finished: the mask is smallest or, without a mask, there is none.
    """
    optimizer = z3.Optimize()
    windows = [z3.Int(f"m{i}") for i in range(problem.size)]
    for m in windows:
        optimizer.add(m >= 0, m <= 1)
    values = [z3.ToReal(m) for m in windows]
    pre = _affine(values, problem.contributions, problem.bias)
    for W, b in problem.hidden:
        pre = _affine(_relu(pre), W, b)
    for lead in _affine(_relu(pre), problem.output, problem.offset):
        optimizer.add(lead >= _rational(problem.demand))
    if windows:
        optimizer.minimize(z3.Sum(windows))
    left = int(1000 * (deadline - perf_counter()))
    if left <= 0:
        return None, False
    optimizer.set("timeout", left)
    optimizer.set("random_seed", seed)
    answer = optimizer.check()
    if answer == z3.unsat:
        return None, True
    try:
        model = optimizer.model()
    except z3.Z3Exception:  # stopped before the first model
        return None, False
    kept = [
        i for i, m in enumerate(windows) if model.evaluate(m, model_completion=True).as_long() == 1
    ]
    mask = np.array(kept, int)
    # After "unknown" the model is only a candidate.
    return (mask if problem.satisfied(mask) else None), answer == z3.sat


def _rational(value: float) -> z3.RatNumRef:
    return z3.RealVal(str(Fraction(value)))  # ten times faster than z3.Q


def _relu(values: list[z3.ArithRef]) -> list[z3.ArithRef]:
    return [z3.If(value > 0, value, z3.RealVal(0)) for value in values]


def _affine(values: list[z3.ArithRef], W: np.ndarray, b: np.ndarray) -> list[z3.ArithRef]:
    return [
        z3.Sum(
            [
                _rational(b_j),
                *(_rational(w) * v for w, v in zip(column, values, strict=True) if w),
            ]
        )
        for column, b_j in zip(W.T.tolist(), b.tolist(), strict=True)
    ]
