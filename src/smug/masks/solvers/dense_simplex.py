"""A dual simplex for a few dense rows that takes microseconds: the bounds of a search tree.

``min sum(x), A x - s = demand, s >= 0`` for many bounds on ``x``, each solved from the basis of
the one before, whose inverse is kept. Everything is compiled.

A basis only guides the search. What is claimed, :func:`certified` and :func:`impossible`, rests
on the prices alone: it holds for any that are not negative, and is computed anew from them, less
all that rounding may have added to it. Errors in a basis cost time but never a wrong proof.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numba
import numpy as np

#: A bound must exceed a size by this much to exclude it.
MARGIN = 1e-6
#: Errors allowed in basic values, and the smallest pivot.
FEASIBLE, PIVOT = 1e-7, 1e-7
#: Steps for one node, and between two fresh inversions of the basis.
STEPS, REFRESH = 300, 200

_EPSILON = float(np.finfo(np.float64).eps)
#: Sums may be added up in any order, which lets them be vectorised; infinity keeps its meaning.
_FAST = {"contract", "reassoc", "nsz"}


def compiled(function: Callable, fast: set[str] = _FAST) -> Callable:
    """Compile with Numba, on disk once where there is a place for it."""
    try:
        return numba.njit(function, cache=True, nogil=True, fastmath=fast)
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        return numba.njit(function, nogil=True, fastmath=fast)


class Rows(NamedTuple):
    """``min sum(x), A x - s = demand, s >= 0``: rows scaled to largest coefficient 1."""

    A: np.ndarray  # (rows, variables)
    columns: np.ndarray  # (variables, rows): A transposed
    demand: np.ndarray  # (rows,)


class Nodes(NamedTuple):
    """Open nodes, one a slot; slacks follow the variables."""

    low: np.ndarray  # (slots, variables): 1 where a variable must be chosen
    high: np.ndarray  # (slots, variables): 0 where it must not
    basis: np.ndarray  # (slots, rows) int64: what each row of the inverse belongs to
    inverse: np.ndarray  # (slots, rows, rows)
    costs: np.ndarray  # (slots, variables + rows): reduced; those of slacks are the prices
    values: np.ndarray  # (slots, rows): of the basic variables
    bound: np.ndarray  # (slots,): what these costs prove; minus infinity if nothing
    age: np.ndarray  # (slots,) int64: pivots since the inverse was computed afresh
    order: np.ndarray  # (slots,) int64: slots in use, the next one last, then the free ones


class Scratch(NamedTuple):
    """Arrays that one thread works in."""

    place: np.ndarray  # (variables + rows,) int64: row in the basis, -1 outside
    moves: np.ndarray  # (variables + rows,): rise of the costs a unit of the step, negated
    edge: np.ndarray  # (rows,): row of the inverse
    column: np.ndarray  # (rows,)
    prices: np.ndarray  # (rows,)
    free: np.ndarray  # (variables + rows,): 1 where neither fixed nor in the basis, else 0
    ratio: np.ndarray  # (variables + rows,): step at which each changes sides, if it does
    x: np.ndarray  # (variables,)


@compiled
def copied(out: np.ndarray, source: np.ndarray) -> None:
    """``out[:] = source``, one-dimensional; the assignment itself takes seconds to compile."""
    for i in range(len(out)):
        out[i] = source[i]


@compiled
def filled(out: np.ndarray, value: float) -> None:
    """``out[:] = value``, one-dimensional; see :func:`copied`."""
    for i in range(len(out)):
        out[i] = value


@compiled
def _weighted(weights: np.ndarray, A: np.ndarray, out: np.ndarray) -> None:
    """``out = weights @ A``, four rows at a time: so ``out`` is read and written less often."""
    m, n = A.shape
    for j in range(n):
        out[j] = 0.0
    for k in range(0, m - 3, 4):
        a, b, c, d = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        for j in range(n):
            out[j] += a * A[k, j] + b * A[k + 1, j] + c * A[k + 2, j] + d * A[k + 3, j]
    for k in range(m - m % 4, m):
        a = weights[k]
        for j in range(n):
            out[j] += a * A[k, j]


@partial(compiled, fast=_FAST | {"nnan"})
def _least(values: np.ndarray) -> float:
    """Minimum, vectorised, which the possibility of NaN would prevent."""
    least = np.inf
    for value in values:
        least = min(least, value)
    return least


@compiled
def refresh(rows: Rows, nodes: Nodes, slot: int, scratch: Scratch) -> None:
    """Inverse, reduced costs and basic values of a basis, computed from nothing."""
    m, n = rows.A.shape
    basis, costs = nodes.basis[slot], nodes.costs[slot]
    matrix = np.zeros((m, m))
    for i in range(m):
        if basis[i] < n:
            for k in range(m):
                matrix[k, i] = rows.columns[basis[i], k]
        else:
            matrix[basis[i] - n, i] = -1.0
    try:
        inverse = np.linalg.inv(matrix)
    except Exception:  # singular, by rounding errors: start again from the slacks
        inverse = matrix
        for i in range(m):
            basis[i] = n + i
            for k in range(m):
                inverse[i, k] = -1.0 if i == k else 0.0
    nodes.age[slot] = 0
    filled(costs[n:], 0.0)
    for i in range(m):
        copied(nodes.inverse[slot, i], inverse[i])
        if basis[i] < n:
            for k in range(m):
                costs[n + k] += inverse[i, k]
    _weighted(costs[n:], rows.A, costs)
    for j in range(n):
        costs[j] = 1 - costs[j]
    for i in range(m):
        costs[basis[i]] = 0.0
    revalue(rows, nodes, slot, scratch)


@compiled
def revalue(rows: Rows, nodes: Nodes, slot: int, scratch: Scratch) -> None:
    """Values of the basic variables, the others at the bound that their costs ask for."""
    m, n = rows.A.shape
    low, high, costs = nodes.low[slot], nodes.high[slot], nodes.costs[slot]
    filled(scratch.place, -1)
    for i in range(m):
        scratch.place[nodes.basis[slot, i]] = i
    rest = scratch.column
    copied(rest, rows.demand)
    for j in range(n):
        at = low[j] if costs[j] >= 0 else high[j]
        if scratch.place[j] < 0 and at > 0:
            for k in range(m):
                rest[k] -= rows.columns[j, k]
    for i in range(m):
        total = 0.0
        for k in range(m):
            total += nodes.inverse[slot, i, k] * rest[k]
        nodes.values[slot, i] = total


@compiled
def certified(rows: Rows, low: np.ndarray, high: np.ndarray, scratch: Scratch) -> float:
    """Bound that the prices prove, whatever they are, less all that rounding may have added."""
    m, n = rows.A.shape
    prices, costs = scratch.prices, scratch.moves
    gain, total, terms = 0.0, 0.0, 0.0
    for k in range(m):
        prices[k] = prices[k] if prices[k] > 0 else 0.0  # 0 for NaN
        gain += prices[k] * rows.demand[k]
        total += prices[k]
        terms += prices[k] * abs(rows.demand[k])
    _weighted(prices, rows.A, costs)
    for j in range(n):
        cost = 1 - costs[j]
        gain += low[j] * max(cost, 0.0) + high[j] * min(cost, 0.0)
    return gain - 4 * _EPSILON * (n + m) * (n * (1 + total) + terms)  # |A| <= 1


@compiled
def impossible(rows: Rows, low: np.ndarray, high: np.ndarray, scratch: Scratch) -> bool:
    """True if the prices prove that no choice meets the rows: a sum of rows that none reaches."""
    m, n = rows.A.shape
    weights, gains = scratch.prices, scratch.moves
    total = 0.0
    for k in range(m):
        weights[k] = weights[k] if weights[k] > 0 else 0.0
        total += weights[k]
    asked, terms = 0.0, 0.0
    for k in range(m):
        weights[k] /= max(total, 1e-300)
        asked += weights[k] * rows.demand[k]
        terms += weights[k] * abs(rows.demand[k])
    _weighted(weights, rows.A, gains)
    most = 0.0
    for j in range(n):
        most += low[j] * min(gains[j], 0.0) + high[j] * max(gains[j], 0.0)
    return asked > most + 4 * _EPSILON * (n + m) * (2 * n + terms)


@compiled
def _leaving(
    low: np.ndarray, high: np.ndarray, basis: np.ndarray, inverse: np.ndarray, values: np.ndarray
) -> tuple[int, float, bool]:
    """Row that leaves the basis (-1: none), how far it is off, and whether above its bound.

    Exact steepest edge, since the inverse is at hand.
    """
    m, n = len(basis), len(low)
    row, steepest, slope, above = -1, 0.0, 0.0, False
    for i in range(m):
        least = low[basis[i]] if basis[i] < n else 0.0
        most = high[basis[i]] if basis[i] < n else np.inf
        off = max(least - values[i], values[i] - most)
        if off > FEASIBLE:
            norm = 0.0
            for k in range(m):
                norm += inverse[i, k] * inverse[i, k]
            if off * off > steepest * norm:
                row, steepest, slope, above = i, off * off / norm, off, values[i] > most
    return row, slope, above


@compiled
def _entering(
    rows: Rows, costs: np.ndarray, slope: float, scratch: Scratch
) -> tuple[int, float, float]:
    """Variable that enters the basis (-1: the bound rises without end), step, what it brings.

    Steps are long: passing a breakpoint sends that variable to its other bound and flattens the
    slope. ``scratch.column`` sums up the columns of those that change sides.
    """
    m, n = rows.A.shape
    ratio, moves, column = scratch.ratio, scratch.moves, scratch.column
    for j in range(n + m):
        # No branches, which no processor could foresee.
        toward = (moves[j] if costs[j] >= 0 else -moves[j]) * scratch.free[j]
        ratio[j] = abs(costs[j]) / toward if toward > PIVOT else np.inf
    step, gain = 0.0, 0.0
    filled(column, 0.0)
    while True:
        nearest, j = _least(ratio), -1
        for c in range(n + m):
            if ratio[c] == nearest and nearest < np.inf:
                j = c
                break
        if j < 0:
            return -1, step, gain
        gain += (nearest - step) * slope
        step, ratio[j] = nearest, np.inf
        if j >= n or slope <= abs(moves[j]):
            return j, step, gain
        slope -= abs(moves[j])
        side = 1.0 if costs[j] >= 0 else -1.0
        for k in range(m):
            column[k] += side * rows.columns[j, k]


@compiled
def _pivot(
    rows: Rows,
    nodes: Nodes,
    slot: int,
    row: int,
    target: float,
    enters: int,
    upper: bool,
    scratch: Scratch,
) -> None:
    """Exchange the basic variable of a row, which goes to ``target``, for another one."""
    m, n = rows.A.shape
    inverse, values = nodes.inverse[slot], nodes.values[slot]
    edge, column = scratch.edge, scratch.column
    for i in range(m):  # first those that changed sides
        total = 0.0
        for k in range(m):
            total += inverse[i, k] * column[k]
        values[i] -= total
    for i in range(m):
        if enters < n:
            total = 0.0
            for k in range(m):
                total += inverse[i, k] * rows.columns[enters, k]
            column[i] = total
        else:
            column[i] = -inverse[i, enters - n]
    by = (values[row] - target) / column[row]
    for i in range(m):
        values[i] -= by * column[i]
    values[row] = by + upper
    for k in range(m):
        edge[k] = inverse[row, k] / column[row]
    for i in range(m):
        by = column[i]
        for k in range(m):
            inverse[i, k] -= by * edge[k]
    copied(inverse[row], edge)
    nodes.basis[slot, row] = enters
    nodes.age[slot] += 1


@compiled
def relax(rows: Rows, nodes: Nodes, slot: int, size: float, scratch: Scratch) -> float:
    """Bound of a node by the dual simplex, which stops once the bound exceeds ``size``.

    The basis stays dual feasible: a variable outside it lies at the bound that the sign of its
    reduced cost asks for.
    """
    m, n = rows.A.shape
    low, high, basis = nodes.low[slot], nodes.high[slot], nodes.basis[slot]
    inverse, costs, values = nodes.inverse[slot], nodes.costs[slot], nodes.values[slot]
    free, moves, edge = scratch.free, scratch.moves, scratch.edge
    if nodes.age[slot] > REFRESH:
        refresh(rows, nodes, slot, scratch)
    for j in range(n):
        free[j] = high[j] - low[j]
    filled(free[n:], 1.0)
    for i in range(m):
        free[basis[i]] = 0.0
    reached = 0.0
    for k in range(m):
        reached += costs[n + k] * rows.demand[k]
    for j in range(n):
        reached += low[j] * max(costs[j], 0.0) + high[j] * min(costs[j], 0.0)
    for _ in range(STEPS):
        row, slope, above = _leaving(low, high, basis, inverse, values)
        if row < 0 or reached > size + 10 * MARGIN:
            break
        leaves = basis[row]
        target = (high[leaves] if above else low[leaves]) if leaves < n else 0.0
        for k in range(m):
            edge[k] = inverse[row, k] if above else -inverse[row, k]
            moves[n + k] = -edge[k]
        _weighted(edge, rows.A, moves)
        enters, step, gain = _entering(rows, costs, slope, scratch)
        if enters < 0:
            # No choice meets the rows, if that stands a check of its own.
            copied(scratch.prices, edge)
            if impossible(rows, low, high, scratch):
                return np.inf
            break
        reached += gain
        upper = enters < n and costs[enters] < 0
        for j in range(n + m):
            costs[j] -= step * moves[j]
        costs[leaves] = -step if above else step
        costs[enters] = 0.0
        if reached > size + 10 * MARGIN:
            break  # the prices are all that is needed now
        _pivot(rows, nodes, slot, row, target, enters, upper, scratch)
        free[enters] = 0.0
        free[leaves] = high[leaves] - low[leaves] if leaves < n else 1.0
    copied(scratch.prices, costs[n:])
    bound = certified(rows, low, high, scratch)
    # Variables are fixed by these costs, so they must be those of the prices that prove the bound.
    for j in range(n):
        costs[j] = 1 - moves[j]
    copied(costs[n:], scratch.prices)
    for i in range(m):
        costs[basis[i]] = 0.0
    return bound
