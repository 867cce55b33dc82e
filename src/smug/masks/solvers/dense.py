"""Few dense rows: branch and bound whose linear programs are solved hundreds at a time.

HiGHS handles a few hundred nodes a second of such problems, and their trees have 1e4 to 1e7
nodes. Here the children of many nodes make one batch, and each step of a bounded dual simplex
is a few NumPy operations on the whole batch. It works in single precision, twice as fast, since
a basis only guides the search: nodes are cut off by the Lagrangian bound of its prices, which
holds for any non-negative prices and is computed in double precision, less all that rounding may
have added to it. Errors in a basis cost time but never a wrong proof.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_limits

#: A bound must exceed a size by this much to exclude it.
MARGIN = 1e-6
#: Single precision: errors of basic values and reduced costs, and the smallest pivot.
TOLERANCE = 1e-4
#: Distance from 0 and 1 up to which a basic value counts as whole.
WHOLE = 1e-3
#: Rows of a finished mask are met to this; the caller's check is the exact one.
LEAF = 1e-9
#: Breakpoints looked at in one step of the dual simplex, and steps for one node.
BREAKPOINTS, STEPS = 10, 200
#: Nodes to branch on at a time.
BATCH = 256

# Products of a few hundred rows: sharing them out among threads costs more than it saves.
_one_blas_thread = threadpool_limits.wrap(limits=1, user_api="blas")


@dataclass
class _Rows:
    """Arrays with one row a node."""

    def take(self, index: np.ndarray) -> _Rows:
        return type(self)(*(getattr(self, f.name)[index] for f in fields(self)))

    def joined(self, other: _Rows) -> _Rows:
        return type(self)(
            *(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self))
        )


@dataclass
class _Nodes(_Rows):
    """Open nodes: which variables may be 0 or 1, a basis, the bound, where to branch."""

    low: np.ndarray
    high: np.ndarray
    basis: np.ndarray
    bound: np.ndarray
    branch: np.ndarray
    value: np.ndarray

    def children(self) -> tuple[np.ndarray, np.ndarray]:
        """Bounds of all nodes with their branching variable at 0, then with it at 1."""
        each = np.arange(len(self.bound))
        low, high = self.low.copy(), self.high.copy()
        low[each, self.branch], high[each, self.branch] = True, False
        return np.concatenate([self.low, low]), np.concatenate([high, self.high])


@dataclass
class _State(_Rows):
    """Linear programs under way, slacks after the variables; ``node``: place in the batch."""

    node: np.ndarray
    low: np.ndarray
    free: np.ndarray
    movable: np.ndarray  # free and not in the basis
    basis: np.ndarray
    inverse: np.ndarray
    prices: np.ndarray
    costs: np.ndarray
    bound: np.ndarray


@dataclass
class _Relaxed:
    """Answers: ``open`` nodes are not excluded; ``bound`` holds for all."""

    open: np.ndarray
    bound: np.ndarray
    x: np.ndarray
    costs: np.ndarray
    basis: np.ndarray


class _DualSimplex:
    """``min sum(x), A x - s = demand, s >= 0`` for many bounds on x at a time."""

    def __init__(self, A: np.ndarray, demand: np.ndarray) -> None:
        self.rows, self.variables = A.shape
        self.A, self.demand = A, demand
        self.exact = np.hstack([A, -np.eye(self.rows)])
        self.matrix, self.target = self.exact.astype(np.float32), demand.astype(np.float32)
        self.columns = np.ascontiguousarray(self.matrix.T)
        self.cost = np.repeat([1.0, 0.0], [self.variables, self.rows])
        self.width = np.repeat(np.float32([1, np.inf]), [self.variables, self.rows])
        self.slacks = np.arange(self.variables, self.variables + self.rows, dtype=np.int16)

    def solve(self, low: np.ndarray, high: np.ndarray, basis: np.ndarray, size: int) -> _Relaxed:
        """Optima of a batch, stopping early at nodes without a mask of ``size`` or fewer.

        ``basis`` may have fewer rows than ``low``: they are used again and again in turn.
        """
        count, shape = len(low), (len(low), self.variables)
        answer = _Relaxed(
            np.zeros(count, bool),
            np.zeros(count),
            np.full(shape, 0.5),
            np.zeros(shape),
            np.tile(self.slacks, (count, 1)),
        )
        with np.errstate(all="ignore"):  # a degenerate basis gives NaN: such nodes stay open
            state = self._start(low, high, basis)
            for step in range(STEPS + 1):
                x, below, above = self._values(state)
                violation = np.maximum(below, above)
                violation[~(violation > TOLERANCE)] = 0
                # Exact steepest edge: the inverse is at hand.
                norm = np.einsum("bij,bij->bi", state.inverse, state.inverse)
                leaving = (violation**2 / norm).argmax(axis=1)
                slope = np.take_along_axis(violation, leaving[:, None], 1)[:, 0]
                excluded = state.bound > size + TOLERANCE
                go = ~excluded & (slope > 0) & (step < STEPS)
                self._finish(state.take(~go), x[~go], size, answer)
                if not go.any():
                    break
                state, leaving = state.take(go), leaving[go]
                rises = above[go, leaving] > 0
                state = self._pivot(state, leaving, slope[go], rises, answer)
        return answer

    def _start(self, low: np.ndarray, high: np.ndarray, basis: np.ndarray) -> _State:
        try:
            inverse = np.linalg.inv(self.exact.T[basis].transpose(0, 2, 1))
        except np.linalg.LinAlgError:
            basis = np.tile(self.slacks, (len(basis), 1))
            inverse = np.tile(-np.eye(self.rows), (len(basis), 1, 1))
        prices = np.einsum("bi,bij->bj", self.cost[basis], inverse)
        costs = self.cost - prices @ self.exact
        count, times = len(low), len(low) // len(basis)
        basis, prices, costs = (np.tile(value, (times, 1)) for value in (basis, prices, costs))
        none = np.zeros((count, self.rows), bool)
        low, free = np.hstack([low, none]), np.hstack([low < high, ~none])
        movable = free.copy()
        np.put_along_axis(movable, basis.astype(np.intp), False, 1)
        bound = prices @ self.demand + np.where(free, np.minimum(costs, 0), costs * low).sum(axis=1)
        numbers = (np.tile(inverse, (times, 1, 1)), prices, costs, bound)
        numbers = (value.astype(np.float32) for value in numbers)
        return _State(np.arange(count), low, free, movable, basis, *numbers)

    def _values(self, state: _State) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Values of all variables, and how far basic ones are below and above their bounds."""
        each, basis = np.arange(len(state.node))[:, None], state.basis
        x = (state.low | (state.free & (state.costs < 0))).astype(np.float32)
        x[:, self.variables :] = 0  # prices are not negative
        x[each, basis] = 0
        rest = self.target - x @ self.columns
        basic = np.matmul(state.inverse, rest[:, :, None])[:, :, 0]
        x[each, basis] = basic
        low = state.low[each, basis]
        return x, low - basic, basic - low - self.width[basis] * state.free[each, basis]

    def _pivot(
        self,
        state: _State,
        leaving: np.ndarray,
        slope: np.ndarray,
        rises: np.ndarray,
        answer: _Relaxed,
    ) -> _State:
        """One step: prices move along a row of the inverse until the bound rises no more."""
        each = np.arange(len(leaving))
        sign = np.where(rises, np.float32(1), np.float32(-1))
        edge = sign[:, None] * state.inverse[each, leaving]
        moves = edge @ self.matrix
        entering, step, gain, endless = self._breakpoint(state, moves, slope)
        self._settle(state.take(endless), edge[endless], answer)
        state.prices += step[:, None] * edge
        state.costs -= step[:, None] * moves
        state.bound += gain
        column = np.matmul(state.inverse, self.columns[entering][:, :, None])[:, :, 0]
        row = state.inverse[each, leaving] / column[each, leaving][:, None]
        column[each, leaving] -= 1
        state.inverse -= column[:, :, None] * row[:, None, :]
        left = state.basis[each, leaving]
        state.movable[each, left] = state.free[each, left]
        state.movable[each, entering], state.costs[each, entering] = False, 0
        state.basis[each, leaving] = entering
        return state.take(~endless)

    def _breakpoint(
        self, state: _State, moves: np.ndarray, slope: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Variable that ends the step, its length, what the bound gains; who has no end.

        Passing a breakpoint sends that variable to its other bound and flattens the slope.
        """
        each = np.arange(len(slope))[:, None]
        toward = np.where(state.costs < 0, -moves, moves)
        ratio = np.where(state.movable & (toward > TOLERANCE), np.abs(state.costs) / toward, np.inf)
        most = min(BREAKPOINTS, ratio.shape[1] - 1)
        near = np.argpartition(ratio, most, axis=1)[:, :most]
        near = near[each, ratio[each, near].argsort(axis=1)]
        ratio = ratio[each, near]
        real = np.isfinite(ratio)
        falls = np.where(real, toward[each, near] * self.width[near], 0)
        stops = real & (falls.cumsum(axis=1) >= slope[:, None])
        stopped = stops.any(axis=1)
        last = np.where(stopped, stops.argmax(axis=1), real.sum(axis=1) - 1)
        endless = ~stopped & ~real.all(axis=1)
        step = np.where(endless, 0, ratio[each[:, 0], last])
        passed = np.arange(most) < last[:, None]
        lost = np.where(passed, falls * (step[:, None] - ratio), 0).sum(axis=1)
        return near[each[:, 0], last], step, step * slope - lost, endless

    def _finish(self, state: _State, x: np.ndarray, size: int, answer: _Relaxed) -> None:
        """Bounds that hold: from the prices alone, in double precision."""
        prices = np.nan_to_num(state.prices.astype(np.float64), posinf=0)
        prices = np.maximum(prices, 0)
        costs = 1 - prices @ self.A
        low, free = state.low[:, : self.variables], state.free[:, : self.variables]
        least = np.where(free, np.minimum(costs, 0), costs * low).sum(axis=1)
        bound = prices @ self.demand + least - self._rounding(prices)
        answer.bound[state.node] = bound
        still = bound <= size + MARGIN
        node = state.node[still]
        answer.open[node], answer.basis[node] = True, state.basis[still]
        answer.x[node], answer.costs[node] = x[still, : self.variables], costs[still]

    def _settle(self, state: _State, edge: np.ndarray, answer: _Relaxed) -> None:
        """The bound rises without end: no mask here, if that stands a check of its own."""
        weights = np.maximum(edge.astype(np.float64), 0)
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
        gains = weights @ self.A
        low, free = state.low[:, : self.variables], state.free[:, : self.variables]
        most = np.where(free, np.maximum(gains, 0), gains * low).sum(axis=1)
        empty = weights @ self.demand > most + self._rounding(weights)
        answer.bound[state.node[empty]] = np.inf
        answer.open[state.node[~empty]] = True

    def _rounding(self, prices: np.ndarray) -> np.ndarray:
        """More than all rounding errors of a sum over ``1 - prices @ A`` and of ``A`` itself."""
        n = self.variables
        terms = n * (1 + prices.sum(axis=1)) + prices @ np.abs(self.demand)  # |A| <= 1
        return 4 * np.finfo(np.float64).eps * (n + self.rows) * terms


class DenseTree:
    """Decides whether a mask of at most some size exists; branching learns from call to call.

    Parameters
    ----------
    A : numpy.ndarray, shape (rows, variables), float64
        All coefficients; up to about 40 rows and 400 variables are worth while.
    demand : numpy.ndarray, shape (rows,)
        Least value of ``A @ m``.
    """

    def __init__(self, A: np.ndarray, demand: np.ndarray) -> None:
        scale = np.maximum(np.abs(A).max(axis=1), 1e-12)
        self.simplex = _DualSimplex(A / scale[:, None], demand / scale)
        self._gain = np.zeros((2, A.shape[1]))  # rise of the bound per unit, down and up
        self._seen = np.zeros((2, A.shape[1]))

    @_one_blas_thread
    def root_bound(self) -> float:
        """Bound of the linear relaxation; infinite if it is proven infeasible."""
        low, slacks = np.zeros((1, self.simplex.variables), bool), self.simplex.slacks[None]
        return float(self.simplex.solve(low, ~low, slacks, self.simplex.variables).bound[0])

    @_one_blas_thread
    def find(
        self, size: int, deadline: float, batch: int = BATCH, threads: int = 1
    ) -> tuple[bool, np.ndarray | None]:
        """Look for a mask of at most ``size`` variables, depth first.

        Parameters
        ----------
        size : int
            Most variables of the mask.
        deadline : float
            :func:`time.perf_counter` time at which to give up.
        batch : int
            Nodes to branch on at a time.
        threads : int
            They share out each batch; NumPy lets them run side by side.

        Returns
        -------
        decided : bool
            False if time ran out.
        mask : numpy.ndarray of bool, shape (variables,), optional
            Valid up to :data:`LEAF`; None with ``decided``: no such mask exists.
        """
        simplex = self.simplex
        low = np.zeros((1, simplex.variables), bool)
        relaxed = simplex.solve(low, ~low, simplex.slacks[None], size)
        nodes, mask = self._open(low, ~low, relaxed, size)
        with ThreadPoolExecutor(threads) as pool:
            while mask is None and len(nodes.bound):
                if perf_counter() > deadline:
                    return False, None
                cut = max(len(nodes.bound) - batch, 0)
                ways = min(threads, len(nodes.bound) - cut)
                parts = [nodes.take(np.s_[cut + first :: ways]) for first in range(ways)]
                nodes = nodes.take(np.s_[:cut])
                families = [part.children() for part in parts]
                work = [
                    pool.submit(simplex.solve, low, high, part.basis, size)
                    for part, (low, high) in zip(parts, families, strict=True)
                ]
                for part, (low, high), relaxed in zip(parts, families, work, strict=True):
                    self._learn(part, relaxed.result().bound, size)
                    new, found = self._open(low, high, relaxed.result(), size)
                    nodes, mask = nodes.joined(new), mask if found is None else found
        return True, mask

    def _open(
        self, low: np.ndarray, high: np.ndarray, relaxed: _Relaxed, size: int
    ) -> tuple[_Nodes, np.ndarray | None]:
        """What stays open, the most promising last, and a mask if one turned up."""
        order = np.flatnonzero(relaxed.open)
        order = order[np.argsort(-relaxed.bound[order], kind="stable")]
        low, high, bound = low[order], high[order], relaxed.bound[order]
        x, costs = np.nan_to_num(relaxed.x[order]), relaxed.costs[order]
        # Whoever costs more than the room left cannot change sides.
        fixed = (np.abs(costs) > size + MARGIN - bound[:, None]) & (low < high)
        low |= fixed & (costs < 0)
        high &= ~(fixed & (costs > 0))
        x = np.clip(x, low, high)
        away = np.minimum(x, 1 - x)
        for mask in x[away.max(axis=1, initial=0) < WHOLE] > 0.5:
            reached = self.simplex.A @ mask >= self.simplex.demand - LEAF
            if mask.sum() <= size and reached.all():
                return _Nodes(low, high, relaxed.basis[order], bound, bound, bound), mask
        branch = self._choose(x, np.where(low < high, away, -1))
        each = np.arange(len(order))
        nodes = _Nodes(low, high, relaxed.basis[order], bound, branch, x[each, branch])
        # A node whose variables are all fixed was the mask just tried.
        return nodes.take((low < high).any(axis=1)), None

    def _choose(self, x: np.ndarray, away: np.ndarray) -> np.ndarray:
        """Variable whose two children should rise most, by the mean rises seen so far."""
        mean = self._gain.sum(axis=1) / np.maximum(self._seen.sum(axis=1), 1)
        rate = self._gain / np.maximum(self._seen, 1)
        rate = np.where(self._seen > 0, rate, np.maximum(mean, 1e-3)[:, None])
        score = np.maximum(rate[0] * x, 1e-6) * np.maximum(rate[1] * (1 - x), 1e-6)
        return np.where(away > WHOLE, score, np.where(away >= 0, -1.0, -2.0)).argmax(axis=1)

    def _learn(self, parents: _Nodes, bounds: np.ndarray, size: int) -> None:
        # Beyond the next size a bound stops early, so that larger rises mean nothing.
        for side, bound in enumerate(np.split(bounds, 2)):
            rise = np.clip(bound - parents.bound, 0, np.maximum(size + 1 - parents.bound, 0))
            distance = parents.value if side == 0 else 1 - parents.value
            clear = distance > 1e-4
            np.add.at(self._gain[side], parents.branch[clear], rise[clear] / distance[clear])
            np.add.at(self._seen[side], parents.branch[clear], 1)
