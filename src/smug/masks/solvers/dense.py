"""Few dense rows: branch and bound whose linear programs are solved hundreds at a time.

HiGHS handles a few hundred nodes a second of such problems, and their trees have 1e4 to 1e6
nodes. Here the children of many nodes make one batch, and each step of a bounded dual simplex
is a few NumPy operations on the whole batch. A basis only guides the search: nodes are cut off
by the Lagrangian bound of its prices, which holds for any non-negative prices, so rounding errors
in a basis cost time but never a wrong proof.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_limits

#: A bound must exceed a size by this much to exclude it; dwarfs rounding errors.
ROUNDING = 1e-6
#: Tolerance on the values of basic variables, and the smallest pivot.
TOLERANCE = 1e-7
#: Rows of a finished mask are met to this; the caller's check is the exact one.
LEAF = 1e-9
#: Breakpoints looked at in one step of the dual simplex, and steps for one node.
BREAKPOINTS, STEPS = 10, 200

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


@dataclass
class _State(_Rows):
    """Linear programs under way: ``node`` is their place in the batch."""

    node: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    basis: np.ndarray
    inverse: np.ndarray
    prices: np.ndarray


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
        self.matrix = np.hstack([A, -np.eye(self.rows)])
        self.cost = np.repeat([1.0, 0.0], [self.variables, self.rows])
        self.slacks = np.arange(self.variables, self.variables + self.rows, dtype=np.int16)

    def solve(self, low: np.ndarray, high: np.ndarray, basis: np.ndarray, size: int) -> _Relaxed:
        """Optima of a batch, stopping early at nodes without a mask of ``size`` or fewer."""
        state = self._start(low, high, basis)
        count = len(low)
        answer = _Relaxed(
            np.zeros(count, bool),
            np.zeros(count),
            np.full((count, self.variables), 0.5),
            np.zeros((count, self.variables)),
            np.tile(self.slacks, (count, 1)),
        )
        for step in range(STEPS + 1):
            bound, costs, x = self._evaluate(state)
            answer.bound[state.node] = bound
            each = np.arange(len(x))[:, None]
            below = state.lower[each, state.basis] - x[each, state.basis]
            above = x[each, state.basis] - state.upper[each, state.basis]
            violation = np.maximum(below, above)
            violation[~(violation > TOLERANCE)] = 0
            # Exact steepest edge: the inverse is at hand.
            norm = np.einsum("bij,bij->bi", state.inverse, state.inverse)
            leaving = (violation**2 / norm).argmax(axis=1)
            violation = violation[each[:, 0], leaving]
            excluded = bound > size + ROUNDING
            done = ~excluded & ((violation == 0) | (step == STEPS))
            node = state.node[done]
            answer.open[node], answer.basis[node] = True, state.basis[done]
            answer.x[node] = x[done, : self.variables]
            answer.costs[node] = costs[done, : self.variables]
            go = ~(excluded | done)
            if not go.any():
                break
            sign = np.where(above[each[:, 0], leaving] > 0, 1.0, -1.0)
            state = self._pivot(
                state.take(go), costs[go], leaving[go], violation[go], sign[go], answer
            )
        return answer

    def _start(self, low: np.ndarray, high: np.ndarray, basis: np.ndarray) -> _State:
        count = len(low)
        zeros = np.zeros((count, self.rows))
        try:
            inverse = np.linalg.inv(self.matrix.T[basis].transpose(0, 2, 1))
        except np.linalg.LinAlgError:
            basis = np.tile(self.slacks, (count, 1))
            inverse = np.tile(-np.eye(self.rows), (count, 1, 1))
        prices = np.einsum("bi,bij->bj", self.cost[basis], inverse)
        lower, upper = np.hstack([low, zeros]), np.hstack([high, zeros + np.inf])
        return _State(np.arange(count), lower, upper, basis.copy(), inverse, prices)

    def _evaluate(self, state: _State) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Lagrangian bound, reduced costs and primal values of each basis."""
        n, each = self.variables, np.arange(len(state.node))[:, None]
        state.prices = np.maximum(np.nan_to_num(state.prices), 0)
        costs = self.cost - state.prices @ self.matrix
        x = np.where(costs < 0, state.upper, state.lower)
        x[:, n:] = 0  # prices are not negative
        bound = state.prices @ self.demand + np.einsum("bj,bj->b", costs[:, :n], x[:, :n])
        x[each, state.basis] = 0
        rest = self.demand - x @ self.matrix.T
        x[each, state.basis] = np.einsum("bij,bj->bi", state.inverse, rest)
        return bound, costs, x

    def _pivot(
        self,
        state: _State,
        costs: np.ndarray,
        leaving: np.ndarray,
        slope: np.ndarray,
        sign: np.ndarray,
        answer: _Relaxed,
    ) -> _State:
        """One step: prices move along a row of the inverse until the bound rises no more."""
        each = np.arange(len(leaving))
        edge = sign[:, None] * state.inverse[each, leaving]
        moves = edge @ self.matrix
        blocks = (np.where(costs < 0, -moves, moves) > TOLERANCE) & (state.lower < state.upper)
        blocks[each[:, None], state.basis] = False
        ratio = np.full(costs.shape, np.inf)
        np.divide(np.abs(costs), np.abs(moves), out=ratio, where=blocks)
        # Passing a breakpoint sends that variable to its other bound and flattens the slope.
        most = min(BREAKPOINTS, costs.shape[1] - 1)
        near = np.argpartition(ratio, most, axis=1)[:, :most]
        near = near[each[:, None], ratio[each[:, None], near].argsort(axis=1)]
        real = np.isfinite(ratio[each[:, None], near])
        width = (state.upper - state.lower)[each[:, None], near]
        falls = np.zeros(near.shape)
        np.multiply(np.abs(moves[each[:, None], near]), width, out=falls, where=real)
        stops = real & (falls.cumsum(axis=1) >= slope[:, None])
        last = np.where(stops.any(axis=1), stops.argmax(axis=1), real.sum(axis=1) - 1)
        endless = ~stops.any(axis=1) & ~real.all(axis=1)
        self._settle(state.take(endless), edge[endless], answer)
        entering = near[each, last]
        step = np.where(endless, 0, ratio[each, entering])
        state.prices += step[:, None] * edge
        column = np.einsum("bij,bj->bi", state.inverse, self.matrix.T[entering])
        row = state.inverse[each, leaving] / column[each, leaving][:, None]
        column[each, leaving] -= 1
        state.inverse -= column[:, :, None] * row[:, None, :]
        state.basis[each, leaving] = entering
        return state.take(~endless)

    def _settle(self, state: _State, edge: np.ndarray, answer: _Relaxed) -> None:
        """The bound rises without end: no mask here, if that stands a check of its own."""
        weights = np.maximum(edge, 0)
        gains, n = weights @ self.A, self.variables
        best = np.maximum(gains * state.lower[:, :n], gains * state.upper[:, :n]).sum(axis=1)
        empty = weights @ self.demand > best + LEAF
        answer.bound[state.node[empty]] = np.inf
        answer.open[state.node[~empty]] = True


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
    def find(self, size: int, deadline: float, batch: int) -> tuple[bool, np.ndarray | None]:
        """Look for a mask of at most ``size`` variables, depth first.

        Parameters
        ----------
        size : int
            Most variables of the mask.
        deadline : float
            :func:`time.perf_counter` time at which to give up.
        batch : int
            Nodes to branch on at a time: few find masks sooner, many finish proofs sooner.

        Returns
        -------
        decided : bool
            False if time ran out.
        mask : numpy.ndarray of bool, shape (variables,), optional
            Valid up to :data:`LEAF`; None with ``decided``: no such mask exists.
        """
        simplex = self.simplex
        low = np.zeros((1, simplex.variables), bool)
        with np.errstate(all="ignore"):  # NaN of a degenerate basis becomes a price of 0
            nodes, mask = self._relax(low, ~low, simplex.slacks[None], size)
            while mask is None and len(nodes.bound):
                if perf_counter() > deadline:
                    return False, None
                cut = max(len(nodes.bound) - batch, 0)
                parents, nodes = nodes.take(np.s_[cut:]), nodes.take(np.s_[:cut])
                each = np.arange(len(parents.bound))
                high, low = parents.high.copy(), parents.low.copy()
                high[each, parents.branch], low[each, parents.branch] = False, True
                new, mask = self._relax(
                    np.concatenate([parents.low, low]),
                    np.concatenate([high, parents.high]),
                    np.concatenate([parents.basis, parents.basis]),
                    size,
                    parents,
                )
                nodes = nodes.joined(new)
        return True, mask

    def _relax(
        self,
        low: np.ndarray,
        high: np.ndarray,
        basis: np.ndarray,
        size: int,
        parents: _Nodes | None = None,
    ) -> tuple[_Nodes, np.ndarray | None]:
        """Bound a batch; what stays open, the most promising last, and a mask if one turned up."""
        relaxed = self.simplex.solve(low, high, basis, size)
        if parents is not None:
            self._learn(parents, relaxed.bound, size)
        order = np.flatnonzero(relaxed.open)
        order = order[np.argsort(-relaxed.bound[order], kind="stable")]
        low, high, bound = low[order].copy(), high[order].copy(), relaxed.bound[order]
        x, costs = np.nan_to_num(relaxed.x[order]), relaxed.costs[order]
        # Whoever costs more than the room left cannot change sides.
        fixed = (np.abs(costs) > size + ROUNDING - bound[:, None]) & (low < high)
        low |= fixed & (costs < 0)
        high &= ~(fixed & (costs > 0))
        x = np.clip(x, low, high)
        away = np.minimum(x, 1 - x)
        for mask in x[away.max(axis=1, initial=0) < ROUNDING] > 0.5:
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
        return np.where(away > ROUNDING, score, np.where(away >= 0, -1.0, -2.0)).argmax(axis=1)

    def _learn(self, parents: _Nodes, bounds: np.ndarray, size: int) -> None:
        # Beyond the next size a bound stops early, so that larger rises mean nothing.
        for side, bound in enumerate(np.split(bounds, 2)):
            rise = np.clip(bound - parents.bound, 0, np.maximum(size + 1 - parents.bound, 0))
            distance = parents.value if side == 0 else 1 - parents.value
            clear = distance > 1e-4
            np.add.at(self._gain[side], parents.branch[clear], rise[clear] / distance[clear])
            np.add.at(self._seen[side], parents.branch[clear], 1)
