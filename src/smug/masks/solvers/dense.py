"""Few dense rows: branch and bound over linear programs so small that each takes microseconds.

HiGHS handles a few hundred nodes a second of such problems, and their trees have 1e4 to 1e7
nodes. Here the whole search is compiled: a bounded dual simplex that goes on from the parent's
basis, with its inverse at hand, and branching on learned costs, depth first.

A basis only guides the search. Nodes are cut off by the Lagrangian bound of its prices, which
holds for any non-negative prices and is computed anew from them, less all that rounding may have
added to it. Errors in a basis cost time but never a wrong proof.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter
from typing import NamedTuple

import numba
import numpy as np

#: A bound must exceed a size by this much to exclude it.
MARGIN = 1e-6
#: Errors allowed in basic values, the smallest pivot, and distance from 0 and 1 of whole values.
FEASIBLE, PIVOT, WHOLE = 1e-7, 1e-7, 1e-6
#: Rows of a finished mask are met to this; the caller's check is the exact one.
LEAF = 1e-9
#: Steps of the simplex for one node, and between two fresh inversions of the basis.
STEPS, REFRESH = 300, 200
#: Nodes a thread branches on before the clock is looked at and work is shared out anew.
TURN = 8000
#: Rise of the bound a unit that is assumed at least of variables not yet branched on.
LEAST_RATE = 1e-3

_EPSILON = float(np.finfo(np.float64).eps)
#: Sums may be added up in any order, which lets them be vectorised; infinity keeps its meaning.
_FAST = {"contract", "reassoc", "nsz"}


def _compiled(function: Callable, fast: set[str] = _FAST) -> Callable:
    """Compile with Numba, on disk once where there is a place for it."""
    try:
        return numba.njit(function, cache=True, nogil=True, fastmath=fast)
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        return numba.njit(function, nogil=True, fastmath=fast)


class _Rows(NamedTuple):
    """``min sum(x), A x - s = demand, s >= 0``: rows scaled to largest coefficient 1."""

    A: np.ndarray  # (rows, variables)
    columns: np.ndarray  # (variables, rows): A transposed
    demand: np.ndarray  # (rows,)


class _Nodes(NamedTuple):
    """Open nodes, one a slot; slacks follow the variables."""

    low: np.ndarray  # (slots, variables): 1 where a variable must be chosen
    high: np.ndarray  # (slots, variables): 0 where it must not
    basis: np.ndarray  # (slots, rows) int64: what each row of the inverse belongs to
    inverse: np.ndarray  # (slots, rows, rows)
    costs: np.ndarray  # (slots, variables + rows): reduced; those of slacks are the prices
    values: np.ndarray  # (slots, rows): of the basic variables
    bound: np.ndarray  # (slots,)
    age: np.ndarray  # (slots,) int64: pivots since the inverse was computed afresh
    order: np.ndarray  # (slots,) int64: slots in use, the next one last, then the free ones


class _Scratch(NamedTuple):
    """Arrays that one thread works in."""

    place: np.ndarray  # (variables + rows,) int64: row in the basis, -1 outside
    moves: np.ndarray  # (variables + rows,): rise of the costs a unit of the step, negated
    edge: np.ndarray  # (rows,): row of the inverse
    column: np.ndarray  # (rows,)
    prices: np.ndarray  # (rows,)
    free: np.ndarray  # (variables + rows,): 1 where neither fixed nor in the basis, else 0
    ratio: np.ndarray  # (variables + rows,): step at which each changes sides, if it does
    x: np.ndarray  # (variables,)


@_compiled
def _weighted(weights: np.ndarray, A: np.ndarray, out: np.ndarray) -> None:
    """``out = weights @ A``, four rows at a time: so ``out`` is read and written less often."""
    m, n = A.shape
    out[:n] = 0.0
    for k in range(0, m - 3, 4):
        a, b, c, d = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        for j in range(n):
            out[j] += a * A[k, j] + b * A[k + 1, j] + c * A[k + 2, j] + d * A[k + 3, j]
    for k in range(m - m % 4, m):
        a = weights[k]
        for j in range(n):
            out[j] += a * A[k, j]


@partial(_compiled, fast=_FAST | {"nnan"})
def _least(values: np.ndarray) -> float:
    """Minimum, vectorised, which the possibility of NaN would prevent."""
    least = np.inf
    for value in values:
        least = min(least, value)
    return least


@_compiled
def _refresh(rows: _Rows, nodes: _Nodes, slot: int, scratch: _Scratch) -> None:
    """Inverse, reduced costs and basic values of a basis, computed from nothing."""
    m, n = rows.A.shape
    basis, costs = nodes.basis[slot], nodes.costs[slot]
    matrix = np.zeros((m, m))
    for i in range(m):
        if basis[i] < n:
            matrix[:, i] = rows.columns[basis[i]]
        else:
            matrix[basis[i] - n, i] = -1.0
    try:
        inverse = np.linalg.inv(matrix)
    except Exception:  # singular, by rounding errors: start again from the slacks
        basis[:] = np.arange(n, n + m)
        inverse = -np.eye(m)
    nodes.inverse[slot] = inverse
    nodes.age[slot] = 0
    costs[n:] = 0.0
    for i in range(m):
        if basis[i] < n:
            costs[n:] += inverse[i]
    _weighted(costs[n:], rows.A, costs)
    costs[:n] = 1 - costs[:n]
    costs[basis] = 0.0
    _revalue(rows, nodes, slot, scratch)


@_compiled
def _revalue(rows: _Rows, nodes: _Nodes, slot: int, scratch: _Scratch) -> None:
    """Values of the basic variables, the others at the bound that their costs ask for."""
    m, n = rows.A.shape
    low, high, costs = nodes.low[slot], nodes.high[slot], nodes.costs[slot]
    scratch.place[:] = -1
    for i in range(m):
        scratch.place[nodes.basis[slot, i]] = i
    rest = scratch.column
    rest[:] = rows.demand
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


@_compiled
def _certified(rows: _Rows, low: np.ndarray, high: np.ndarray, scratch: _Scratch) -> float:
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


@_compiled
def _impossible(rows: _Rows, low: np.ndarray, high: np.ndarray, scratch: _Scratch) -> bool:
    """Whether the prices prove that no choice meets the rows: a sum of rows that none reaches."""
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


@_compiled
def _relax(rows: _Rows, nodes: _Nodes, slot: int, size: float, scratch: _Scratch) -> float:
    """Bound of a node by the dual simplex, which stops once the bound exceeds ``size``.

    The basis stays dual feasible: a variable outside it lies at the bound that the sign of its
    reduced cost asks for. Steps are long: passing a breakpoint sends that variable to its other
    bound and flattens the slope.
    """
    m, n = rows.A.shape
    low, high, basis = nodes.low[slot], nodes.high[slot], nodes.basis[slot]
    inverse, costs, values = nodes.inverse[slot], nodes.costs[slot], nodes.values[slot]
    free, ratio, moves = scratch.free, scratch.ratio, scratch.moves
    edge, column = scratch.edge, scratch.column
    if nodes.age[slot] > REFRESH:
        _refresh(rows, nodes, slot, scratch)
    free[:n] = high - low
    free[n:] = 1.0
    free[basis] = 0.0
    reached = 0.0
    for k in range(m):
        reached += costs[n + k] * rows.demand[k]
    for j in range(n):
        reached += low[j] * max(costs[j], 0.0) + high[j] * min(costs[j], 0.0)
    for _ in range(STEPS):
        if reached > size + 10 * MARGIN:
            break
        # Leaving: exact steepest edge, since the inverse is at hand.
        row, steepest, slope, rises = -1, 0.0, 0.0, False
        for i in range(m):
            least = low[basis[i]] if basis[i] < n else 0.0
            most = high[basis[i]] if basis[i] < n else np.inf
            off = max(least - values[i], values[i] - most)
            if off > FEASIBLE:
                norm = 0.0
                for k in range(m):
                    norm += inverse[i, k] * inverse[i, k]
                if off * off > steepest * norm:
                    row, steepest, slope, rises = i, off * off / norm, off, values[i] > most
        if row < 0:
            break
        leaves = basis[row]
        target = (high[leaves] if rises else low[leaves]) if leaves < n else 0.0
        sign = 1.0 if rises else -1.0
        for k in range(m):
            edge[k] = sign * inverse[row, k]
        _weighted(edge, rows.A, moves)
        moves[n:] = -edge
        for j in range(n + m):
            # No branches, which no processor could foresee.
            toward = (moves[j] if costs[j] >= 0 else -moves[j]) * free[j]
            ratio[j] = abs(costs[j]) / toward if toward > PIVOT else np.inf
        enters, step = -1, 0.0
        column[:] = 0.0
        while enters < 0:
            nearest = _least(ratio)
            j = -1
            for c in range(n + m):
                if ratio[c] == nearest and nearest < np.inf:
                    j = c
                    break
            if j < 0:
                break
            reached += (nearest - step) * slope
            step, ratio[j] = nearest, np.inf
            if j >= n or slope <= abs(moves[j]):
                enters = j
            else:
                slope -= abs(moves[j])
                side = 1.0 if costs[j] >= 0 else -1.0
                for k in range(m):
                    column[k] += side * rows.columns[j, k]
        if enters < 0:
            # The bound rises without end: no mask here, if that stands a check of its own.
            for k in range(m):
                scratch.prices[k] = -moves[n + k]
            if _impossible(rows, low, high, scratch):
                return np.inf
            break
        upper = enters < n and costs[enters] < 0
        for j in range(n + m):
            costs[j] -= step * moves[j]
        costs[leaves] = -step if rises else step
        if reached > size + 10 * MARGIN:
            break  # the prices are all that is needed now
        # Basic values: first the variables that changed sides, then the pivot.
        for i in range(m):
            total = 0.0
            for k in range(m):
                total += inverse[i, k] * column[k]
            values[i] -= total
        if enters < n:
            for i in range(m):
                total = 0.0
                for k in range(m):
                    total += inverse[i, k] * rows.columns[enters, k]
                column[i] = total
        else:
            for i in range(m):
                column[i] = -inverse[i, enters - n]
        pivot = column[row]
        by = (values[row] - target) / pivot
        for i in range(m):
            values[i] -= by * column[i]
        values[row] = by + upper
        for k in range(m):
            edge[k] = inverse[row, k] / pivot
        for i in range(m):
            by = column[i]
            for k in range(m):
                inverse[i, k] -= by * edge[k]
        inverse[row] = edge
        basis[row], costs[enters], free[enters] = enters, 0.0, 0.0
        free[leaves] = high[leaves] - low[leaves] if leaves < n else 1.0
        nodes.age[slot] += 1
    scratch.prices[:] = costs[n:]
    return _certified(rows, low, high, scratch)


@_compiled
def _branch(
    rows: _Rows,
    nodes: _Nodes,
    slot: int,
    size: float,
    gain: np.ndarray,
    seen: np.ndarray,
    scratch: _Scratch,
) -> tuple[int, bool]:
    """Variable to branch on (-1: none is free), and whether ``scratch.x`` is a mask.

    It is the one whose two children should rise most, by the mean rises seen so far. Whoever
    costs more than the room left cannot change sides and is fixed on the way.
    """
    m, n = rows.A.shape
    low, high, costs, x = nodes.low[slot], nodes.high[slot], nodes.costs[slot], scratch.x
    room = size + MARGIN - nodes.bound[slot]
    mean = max(gain.sum() / max(seen.sum(), 1.0), LEAST_RATE)
    scratch.place[:] = -1
    for i in range(m):
        scratch.place[nodes.basis[slot, i]] = i
    chosen, best, free = -1, -1.0, -1
    for j in range(n):
        if scratch.place[j] < 0:
            if costs[j] > room:
                high[j] = low[j]
            elif -costs[j] > room:
                low[j] = high[j]
            x[j] = low[j] if costs[j] >= 0 else high[j]
        else:
            x[j] = min(max(nodes.values[slot, scratch.place[j]], low[j]), high[j])
        if low[j] == high[j]:
            continue
        free = j
        if min(x[j], 1 - x[j]) > WHOLE:
            down = gain[0, j] / seen[0, j] if seen[0, j] > 0 else mean
            up = gain[1, j] / seen[1, j] if seen[1, j] > 0 else mean
            score = max(down * x[j], MARGIN) * max(up * (1 - x[j]), MARGIN)
            if score > best:
                chosen, best = j, score
    if chosen >= 0:
        return chosen, False
    total = 0.0
    for j in range(n):
        x[j] = round(x[j])
        total += x[j]
    valid = total <= size
    for k in range(m):
        reached = 0.0
        for j in range(n):
            reached += rows.A[k, j] * x[j]
        valid = valid and reached >= rows.demand[k] - LEAF
    return free, valid


@_compiled
def _explore(
    rows: _Rows,
    nodes: _Nodes,
    count: int,
    size: float,
    turn: int,
    gain: np.ndarray,
    seen: np.ndarray,
    scratch: _Scratch,
) -> tuple[int, bool]:
    """Branch on ``turn`` nodes; returns how many are open then, and whether a mask was found."""
    order = nodes.order
    while count > 0 and turn > 0:
        turn -= 1
        slot = order[count - 1]
        j, valid = _branch(rows, nodes, slot, size, gain, seen, scratch)
        if valid:
            return count, True
        if j < 0:
            count -= 1  # all variables are fixed, to no mask
            continue
        x, bound, other = scratch.x[j], nodes.bound[slot], order[count]
        nodes.low[other] = nodes.low[slot]
        nodes.high[other] = nodes.high[slot]
        nodes.basis[other] = nodes.basis[slot]
        nodes.inverse[other] = nodes.inverse[slot]
        nodes.costs[other] = nodes.costs[slot]
        nodes.values[other] = nodes.values[slot]
        nodes.age[other] = nodes.age[slot]
        nodes.high[slot, j] = 0.0
        nodes.low[other, j] = 1.0
        if scratch.place[j] < 0:
            _revalue(rows, nodes, slot, scratch)
            _revalue(rows, nodes, other, scratch)
        for side, child in enumerate((slot, other)):
            found = _relax(rows, nodes, child, size, scratch)
            found = found if found > bound else bound  # also where it is NaN
            nodes.bound[child] = found
            distance = x if side == 0 else 1 - x
            if distance > WHOLE:
                # Beyond the next size a bound stops early, so that larger rises mean nothing.
                gain[side, j] += min(found - bound, size + 1 - bound) / distance
                seen[side, j] += 1
        # The more promising child goes last, to be the next.
        if nodes.bound[slot] < nodes.bound[other]:
            order[count - 1], order[count] = other, slot
        count += 1
        if nodes.bound[order[count - 2]] > size + MARGIN:
            order[count - 2], order[count - 1] = order[count - 1], order[count - 2]
            count -= 1
        if nodes.bound[order[count - 1]] > size + MARGIN:
            count -= 1
    return count, False


class _Worker:
    """What one thread works on: its nodes, and the rises of the bound it has seen."""

    def __init__(self, rows: _Rows) -> None:
        m, n = rows.A.shape
        slots = n + 2  # each level down leaves one node open, and needs one more slot
        self.rows, self.count = rows, 0
        self.nodes = _Nodes(
            low=np.zeros((slots, n)),
            high=np.zeros((slots, n)),
            basis=np.zeros((slots, m), np.int64),
            inverse=np.zeros((slots, m, m)),
            costs=np.zeros((slots, n + m)),
            values=np.zeros((slots, m)),
            bound=np.zeros(slots),
            age=np.zeros(slots, np.int64),
            order=np.arange(slots),
        )
        self.scratch = _Scratch(
            place=np.zeros(n + m, np.int64),
            moves=np.zeros(n + m),
            edge=np.zeros(m),
            column=np.zeros(m),
            prices=np.zeros(m),
            free=np.zeros(n + m),
            ratio=np.zeros(n + m),
            x=np.zeros(n),
        )
        # Rise of the bound per unit, down and up.
        self.gain, self.seen = np.zeros((2, n)), np.zeros((2, n))

    def start(self, size: float) -> float:
        """Make the whole problem the only node, if it is not excluded; returns its bound."""
        m, n = self.rows.A.shape
        nodes, slot = self.nodes, self.nodes.order[0]
        nodes.low[slot], nodes.high[slot] = 0, 1
        nodes.basis[slot] = np.arange(n, n + m)
        _refresh(self.rows, nodes, slot, self.scratch)
        nodes.bound[slot] = _relax(self.rows, nodes, slot, size, self.scratch)
        self.count = int(nodes.bound[slot] <= size + MARGIN)
        return float(nodes.bound[slot])

    def explore(self, size: float, turn: int) -> np.ndarray | None:
        """Branch on some nodes; returns a mask if one turned up."""
        self.count, valid = _explore(
            *(self.rows, self.nodes, self.count, size, turn),
            *(self.gain, self.seen, self.scratch),
        )
        return self.scratch.x > 0.5 if valid else None

    def give(self, other: _Worker) -> None:
        """Hand every second node to a worker that has none."""
        mine, theirs = self.nodes.order[: self.count], other.nodes.order
        given, kept = mine[::2].copy(), mine[1::2].copy()
        for name in set(_Nodes._fields) - {"order"}:
            getattr(other.nodes, name)[theirs[: len(given)]] = getattr(self.nodes, name)[given]
        self.nodes.order[: self.count] = np.concatenate([kept, given])
        self.count, other.count = len(kept), len(given)


class DenseTree:
    """Decides whether a mask of at most some size exists; branching learns from call to call.

    Parameters
    ----------
    A : numpy.ndarray, shape (rows, variables), float64
        All coefficients; up to about 40 rows and 400 variables are worth while.
    demand : numpy.ndarray, shape (rows,)
        Least value of ``A @ m``.
    threads : int
        They share out the open nodes.
    """

    def __init__(self, A: np.ndarray, demand: np.ndarray, threads: int = 1) -> None:
        scale = np.maximum(np.abs(A).max(axis=1), 1e-12)
        A = np.ascontiguousarray(A / scale[:, None])
        rows = _Rows(A, np.ascontiguousarray(A.T), demand / scale)
        self._workers = [_Worker(rows) for _ in range(threads)]
        self._size: int | None = None

    def root_bound(self) -> float:
        """Bound of the linear relaxation; infinite if it is proven infeasible."""
        self._size = None
        return self._workers[0].start(float("inf"))

    def find(self, size: int, deadline: float) -> tuple[bool, np.ndarray | None]:
        """Look for a mask of at most ``size`` variables, depth first.

        Where the last call ran out of time on the same size, this one goes on.

        Parameters
        ----------
        size : int
            Most variables of the mask.
        deadline : float
            :func:`time.perf_counter` time at which to give up.

        Returns
        -------
        decided : bool
            False if time ran out.
        mask : numpy.ndarray of bool, shape (variables,), optional
            Valid up to :data:`LEAF`; None with ``decided``: no such mask exists.
        """
        if size != self._size:
            self._size = size
            for worker in self._workers:
                worker.count = 0
            self._workers[0].start(float(size))
        with ThreadPoolExecutor(len(self._workers)) as pool:
            while any(worker.count for worker in self._workers):
                if perf_counter() > deadline:
                    return False, None
                self._share()
                busy = [worker for worker in self._workers if worker.count]
                # While some have nothing to do, work is shared out soon.
                turn = TURN if len(busy) == len(self._workers) else TURN // 80
                for mask in pool.map(lambda w, t=turn: w.explore(float(size), t), busy):
                    if mask is not None:
                        self._size = None
                        return True, mask
        self._size = None
        return True, None

    def _share(self) -> None:
        for idle in (worker for worker in self._workers if not worker.count):
            richest = max(self._workers, key=lambda worker: worker.count)
            if richest.count > 1:
                richest.give(idle)
