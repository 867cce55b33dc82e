"""Sufficiency proven anew, by oracles that share no code with the search.

``milp``: the least lead over each rival as a mixed-integer program with one switch a ReLU and plain
interval bounds, by SciPy's HiGHS, in float64 and its tolerances. ``z3``: the question to Z3 in
exact rational arithmetic, for networks of a few ReLUs.
"""

from __future__ import annotations

import numpy as np
import z3
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from smug.errors import SmugError, unknown_name
from smug.masks.robust.problem import RobustProblem

#: What the mixed-integer oracle may be off by, in logits: half the margin that the sets keep.
MILP_TOLERANCE = 0.5


def verify(
    problem: RobustProblem, kept: np.ndarray, *, oracle: str = "milp", time_limit: float = 600.0
) -> bool | None:
    """Decide anew whether a set keeps the class.

    Parameters
    ----------
    problem : RobustProblem
    kept : numpy.ndarray of bool, shape (size,)
    oracle : {"milp", "z3"}
    time_limit : float
        Seconds for each rival.

    Returns
    -------
    bool or None
        None: the time was over first.
    """
    if oracle not in _ORACLES:
        raise unknown_name("oracle", oracle, _ORACLES)
    kept = np.asarray(kept, bool)
    if kept.shape != (problem.size,):
        raise SmugError(f"the set has shape {kept.shape}; the problem has {problem.size} variables")
    low, high = problem.box(~kept)
    answers = []
    for rival in range(len(problem.rivals)):
        answers.append(_ORACLES[oracle](problem, low, high, rival, time_limit))
        if answers[-1] is False:
            return False
    return None if None in answers else True


def _by_milp(
    problem: RobustProblem, low: np.ndarray, high: np.ndarray, rival: int, time_limit: float
) -> bool | None:
    network = problem.network
    lower, upper, switches = [low], [high], [np.zeros(len(low))]
    rows, sides, start, ends = [], [], 0, (low, high)
    total = len(low) + 3 * sum(W.shape[1] for W in network.weights[:-1])
    for W, b in zip(network.weights[:-1], network.biases[:-1], strict=True):
        plus, minus, n = np.maximum(W, 0), np.minimum(W, 0), W.shape[1]
        floor = np.minimum(ends[0] @ plus + ends[1] @ minus + b, 0) - 1e-6
        roof = np.maximum(ends[1] @ plus + ends[0] @ minus + b, 0) + 1e-6
        h = start + len(W)
        eye = sparse.eye_array(n)

        def row(*blocks: tuple[int, sparse.sparray]) -> sparse.csr_array:
            entries = [sparse.coo_array(block) for _, block in blocks]
            column = np.concatenate(
                [part.col + at for part, (at, _) in zip(entries, blocks, strict=True)]
            )
            place = np.concatenate([part.row for part in entries])
            value = np.concatenate([part.data for part in entries])
            return sparse.csr_array((value, (place, column)), shape=(entries[0].shape[0], total))

        # Columns h, z (switch), a: a >= h, a <= h - floor (1 - z), a <= roof z.
        z, a = h + n, h + 2 * n
        rows += [
            row((start, sparse.csr_array(-W.T)), (h, eye)),
            row((h, -eye), (a, eye)),
            row((h, -eye), (z, -sparse.diags_array(floor)), (a, eye)),
            row((z, -sparse.diags_array(roof)), (a, eye)),
        ]
        open_side = np.full(n, np.inf)
        sides += [(b, b), (np.zeros(n), open_side), (-open_side, -floor), (-open_side, np.zeros(n))]
        lower += [floor, np.zeros(n), np.zeros(n)]
        upper += [roof, np.ones(n), roof]
        switches += [np.zeros(n), np.ones(n), np.zeros(n)]
        start, ends = a, (np.maximum(floor, 0), roof)
    W, b = problem.output
    cost = np.zeros(total)
    cost[start:] = W[:, rival]
    found = milp(
        cost,
        integrality=np.concatenate(switches),
        bounds=Bounds(np.concatenate(lower), np.concatenate(upper)),
        constraints=LinearConstraint(
            sparse.vstack(rows),
            np.concatenate([side[0] for side in sides]),
            np.concatenate([side[1] for side in sides]),
        ),
        options={"time_limit": time_limit, "mip_rel_gap": 0.0},
    )
    demand = problem.margin * (1 - MILP_TOLERANCE)
    if found.mip_dual_bound is not None and found.mip_dual_bound + b[rival] >= demand:
        return True
    if found.x is not None and found.fun + b[rival] < demand:
        return False
    return None


def _by_z3(
    problem: RobustProblem, low: np.ndarray, high: np.ndarray, rival: int, time_limit: float
) -> bool | None:
    solver = z3.SolverFor("QF_LRA")
    solver.set("timeout", int(1000 * time_limit))
    a = []
    for i, (least, most) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        if least == most:
            a.append(_rational(least))
        else:
            a.append(z3.Real(f"x{i}"))
            solver.add(_rational(least) <= a[-1], a[-1] <= _rational(most))
    layers = zip(problem.network.weights[:-1], problem.network.biases[:-1], strict=True)
    for number, (W, b) in enumerate(layers):
        h = _affine(a, W, b)
        a = [z3.Real(f"a{number}_{i}") for i in range(len(h))]
        solver.add(*(v == z3.If(e > 0, e, 0) for v, e in zip(a, h, strict=True)))
    W, b = problem.output
    solver.add(_affine(a, W[:, [rival]], b[[rival]])[0] <= 0)
    answer = solver.check()
    return None if answer == z3.unknown else answer == z3.unsat


def _rational(value: float) -> z3.RatNumRef:
    over, under = value.as_integer_ratio()
    return z3.RatVal(over, under)


def _affine(a: list[z3.ArithRef], W: np.ndarray, b: np.ndarray) -> list[z3.ArithRef]:
    return [
        z3.Sum(*(_rational(w) * v for w, v in zip(column, a, strict=True)), _rational(c))
        for column, c in zip(W.T.tolist(), b.tolist(), strict=True)
    ]


#: Every oracle by name.
_ORACLES = {"milp": _by_milp, "z3": _by_z3}
