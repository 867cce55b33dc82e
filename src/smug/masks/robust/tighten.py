"""Bounds of open ReLUs tightened by linear programs, with every constraint of the program."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from smug.masks.robust.bounds import LayerBounds
from smug.masks.robust.program import Encoded, Program


def tighten(
    program: Program, made: Encoded, layers: list[LayerBounds], deadline: float = np.inf
) -> bool:
    """Tighten a network's bounds within a loaded program, two linear programs a neuron.

    Parameters
    ----------
    program : Program
        Bounds and signs that are found are put into it at once.
    made : Encoded
        The network in it.
    layers : list of LayerBounds, of shape (1, neurons)
        Changed in place.
    deadline : float
        ``perf_counter`` time after which nothing more is tightened.

    Returns
    -------
    bool
        False if the program is proven to have no solution.
    """
    for pre, post, above, open_, layer in zip(
        made.pre, made.post, made.above, made.open_, layers, strict=True
    ):
        for position, neuron in enumerate(open_):
            for sign, side in ((1.0, layer.lower), (-1.0, layer.upper)):
                if perf_counter() > deadline:
                    return True
                program.set_cost(pre[neuron : neuron + 1], np.array([sign]))
                bound = program.minimise(deadline).bound
                if bound == np.inf:
                    return False
                side[0, neuron] = sign * max(sign * side[0, neuron], bound)
                if side[0, neuron] * sign >= 0:
                    break  # the sign is known
            low, high = layer.lower[0, neuron], layer.upper[0, neuron]
            settle(program, (pre[neuron], post[neuron], above[position]), low, high)
    return True


def settle(program: Program, at: tuple[int, int, int], low: float, high: float) -> None:
    """Put the bounds of an open ReLU, and its sign if they tell it, into a loaded program.

    Parameters
    ----------
    at : (pre, post, above)
        Its columns, and its row of :class:`~smug.masks.robust.program.Encoded`.
    low, high : float
        Bounds of its pre-activation.
    """
    pre, post, above = at
    lower, upper = program.lower.copy(), program.upper.copy()
    lower[pre], upper[pre], upper[post] = low, high, max(high, 0.0)
    program.set_columns(lower, upper)
    if low >= 0:
        rows = program.row_upper.copy()
        rows[above] = 0.0
        program.set_rows(rows)
