"""Few dense rows: branch and bound over linear programs so small that each takes microseconds.

HiGHS handles a few hundred nodes a second of such problems, and their trees have 1e4 to 1e7
nodes. Here the whole search is compiled: each node goes on from its parent's basis
(:mod:`smug.masks.solvers.dense_simplex`), depth first, branching on learned costs.
"""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import numpy as np

from smug.masks.solvers.dense_simplex import (
    MARGIN,
    Nodes,
    Rows,
    Scratch,
    compiled,
    copied,
    filled,
    refresh,
    relax,
    revalue,
)

#: Distance from 0 and 1 up to which a value counts as whole.
WHOLE = 1e-6
#: Rows of a finished mask are met to this; the caller's check is the exact one.
LEAF = 1e-9
#: Nodes a thread branches on before the clock is looked at and work is shared out anew.
TURN = 8000
#: Rise of the bound per unit that is assumed at least of variables not yet branched on.
LEAST_RATE = 1e-3


@compiled
def _branch(
    rows: Rows,
    nodes: Nodes,
    slot: int,
    size: float,
    gain: np.ndarray,
    seen: np.ndarray,
    scratch: Scratch,
) -> tuple[int, bool]:
    """Variable to branch on (-1: none is free), and whether ``scratch.x`` is a mask.

    It is the one whose two children should rise most, by the mean rises seen so far. Whoever
    costs more than the room left cannot change sides and is fixed on the way.
    """
    m, n = rows.A.shape
    low, high, costs, x = nodes.low[slot], nodes.high[slot], nodes.costs[slot], scratch.x
    room = size + MARGIN - nodes.bound[slot]
    mean = max(gain.sum() / max(seen.sum(), 1.0), LEAST_RATE)
    filled(scratch.place, -1)
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


@compiled
def _explore(
    rows: Rows,
    nodes: Nodes,
    count: int,
    size: float,
    turn: int,
    gain: np.ndarray,
    seen: np.ndarray,
    scratch: Scratch,
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
        copied(nodes.low[other], nodes.low[slot])
        copied(nodes.high[other], nodes.high[slot])
        copied(nodes.basis[other], nodes.basis[slot])
        for k in range(rows.A.shape[0]):
            copied(nodes.inverse[other, k], nodes.inverse[slot, k])
        copied(nodes.costs[other], nodes.costs[slot])
        copied(nodes.values[other], nodes.values[slot])
        nodes.age[other] = nodes.age[slot]
        nodes.high[slot, j] = 0.0
        nodes.low[other, j] = 1.0
        if scratch.place[j] < 0:
            revalue(rows, nodes, slot, scratch)
            revalue(rows, nodes, other, scratch)
        for side, child in enumerate((slot, other)):
            found = relax(rows, nodes, child, size, scratch)
            # Perhaps below its parent's: the costs belong to this bound. NaN proves nothing.
            found = found if found > -np.inf else -np.inf
            nodes.bound[child] = found
            distance = x if side == 0 else 1 - x
            if distance > WHOLE and min(found, bound) > -np.inf:
                # Beyond the next size a bound stops early, so that larger rises mean nothing.
                gain[side, j] += min(max(found - bound, 0.0), size + 1 - bound) / distance
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


@functools.cache
def compile_tree() -> None:
    """Decide a tiny problem: the first use on a machine compiles the search, for some seconds."""
    DenseTree(np.ones((1, 2)), np.array([1.5])).find(2, np.inf)


class _Worker:
    """Work of one thread: its nodes, and the rises of the bound it has seen."""

    def __init__(self, rows: Rows) -> None:
        m, n = rows.A.shape
        slots = n + 2  # each level down leaves one node open, and needs one more slot
        self.rows, self.count = rows, 0
        self.nodes = Nodes(
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
        self.scratch = Scratch(
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
        refresh(self.rows, nodes, slot, self.scratch)
        bound = relax(self.rows, nodes, slot, size, self.scratch)
        nodes.bound[slot] = bound if bound > -np.inf else -np.inf  # NaN proves nothing
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
        for name in set(Nodes._fields) - {"order"}:
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
        rows = Rows(A, np.ascontiguousarray(A.T), demand / scale)
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
            ``time.perf_counter`` time at which to give up.

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
