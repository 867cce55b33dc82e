"""Linear relaxation of "a mask of exactly k windows", solved by HiGHS and sharpened by cuts.

Columns: windows m | first layer h, z, a | each later layer h, a | slack t, to be maximised.
With exactly k windows kept, a pre-activation lies between the sums of its k smallest and k
largest contributions: these bounds are exact, and far tighter than those over all masks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import NamedTuple

import highspy
import numpy as np
from scipy import sparse

from smug.masks.network.problem import NetworkMaskProblem

TINY = 1e-9  # HiGHS refuses smaller coefficients
CLEAR = 1e-4  # a slack below -CLEAR counts as negative: HiGHS meets each row to 1e-7
MAX_CUTS = 300  # beyond it, cuts that are not tight are dropped
WORTH = 0.02  # stop cutting when a round lowers the slack by a smaller share


class Cut(NamedTuple):
    """``a_i <= coefficients @ m + (base + price * k) z_i + constant``, valid for every k."""

    neuron: int
    coefficients: np.ndarray
    base: float
    price: float
    constant: float


@dataclass(frozen=True)
class Relaxed:
    """Optimum of the relaxation: its slack, the windows' values and their reduced costs."""

    slack: float
    windows: np.ndarray
    costs: np.ndarray


@dataclass
class _Program:
    """A linear program put together from blocks of columns and rows."""

    bounds: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    rows: list[tuple[dict[int, sparse.csr_array], np.ndarray, np.ndarray]] = field(
        default_factory=list
    )

    def columns(self, lower: np.ndarray, upper: np.ndarray) -> int:
        """Add a block of columns; returns its number."""
        self.bounds.append((lower, upper))
        return len(self.bounds) - 1

    def constrain(
        self,
        blocks: dict[int, np.ndarray | sparse.sparray],
        lower: float | np.ndarray,
        upper: float | np.ndarray,
    ) -> None:
        """Add rows ``lower <= sum of matrix @ block <= upper``."""
        rows = {number: sparse.csr_array(matrix) for number, matrix in blocks.items()}
        count = next(iter(rows.values())).shape[0]
        self.rows.append((rows, np.broadcast_to(lower, count), np.broadcast_to(upper, count)))

    def load(self, seed: int) -> highspy.Highs:
        """Hand the program to a silent HiGHS."""
        grid = [
            [
                blocks.get(number, sparse.csr_array((len(row_lower), len(lower))))
                for number, (lower, _) in enumerate(self.bounds)
            ]
            for blocks, row_lower, _ in self.rows
        ]
        A = sparse.csr_array(sparse.block_array(grid, format="csr"))
        A.data[np.abs(A.data) < TINY] = 0  # moves a pre-activation by less than CLEAR
        A.eliminate_zeros()
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = A.shape
        lp.col_lower_, lp.col_upper_ = (
            np.concatenate(side) for side in zip(*self.bounds, strict=True)
        )
        lp.row_lower_ = np.concatenate([lower for _, lower, _ in self.rows])
        lp.row_upper_ = np.concatenate([upper for _, _, upper in self.rows])
        lp.col_cost_ = np.zeros(A.shape[1])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = A.indptr, A.indices, A.data
        highs = highspy.Highs()
        highs.silent()
        highs.setOptionValue("random_seed", seed)
        highs.passModel(lp)
        return highs


class Relaxation:
    """The relaxation for masks of ``count`` windows.

    Parameters
    ----------
    problem : NetworkMaskProblem
        What to relax.
    count : int
        Exact number of windows to keep.
    deadline : float
        ``perf_counter`` time after which nothing more is tightened or solved.
    seed : int
        HiGHS random seed.
    previous : Relaxation, optional
        The relaxation for another count: its cuts and its basis are a warm start.
    """

    def __init__(
        self,
        problem: NetworkMaskProblem,
        count: int,
        deadline: float,
        seed: int = 0,
        previous: Relaxation | None = None,
    ) -> None:
        self.problem, self.count, self.deadline, self.seed = problem, count, deadline, seed
        G = problem.contributions
        self._order = np.argsort(-G, axis=0)
        self._sorted = np.take_along_axis(G, self._order, axis=0)
        # A neuron with heavy outgoing weights moves the slack most: its cuts come first.
        self._weight = np.abs(problem.hidden[0][0] if problem.hidden else problem.output).max(
            axis=1
        )
        self._program = _Program()
        self._build()
        self._highs = self._program.load(seed)
        self._highs.changeColCost(self._highs.getNumCol() - 1, -1.0)
        self._fixed_rows = self._highs.getNumRow()
        self._cuts: list[Cut] = []
        if previous is not None:
            self._insert(previous._cuts)
            self._highs.setBasis(previous._highs.getBasis())

    def solve(self, lower: np.ndarray, upper: np.ndarray, rounds: int) -> Relaxed | None:
        """Best slack of any mask with ``lower <= m <= upper``; None if it is proven negative.

        ``rounds`` is how often to look for cuts that the optimum violates.
        """
        n = self.problem.size
        self._highs.changeColsBounds(n, np.arange(n, dtype=np.int32), lower, upper)
        before = np.inf
        for left in range(rounds, -1, -1):
            status = self._run(self._highs)
            if status == highspy.HighsModelStatus.kInfeasible:
                return None
            if status != highspy.HighsModelStatus.kOptimal:  # says nothing: branch on
                return Relaxed(np.inf, (lower + upper) / 2, np.zeros(n))
            solution = self._highs.getSolution()
            x = np.array(solution.col_value)
            if x[-1] < -CLEAR:
                return None
            if not left or before - x[-1] < WORTH * before or perf_counter() > self.deadline:
                break
            before = x[-1]
            if len(self._cuts) > MAX_CUTS:
                self.drop_slack_cuts()
            new = self._violated(x)
            if not new:
                break
            self._insert(new)
        return Relaxed(x[-1], x[:n], np.array(solution.col_dual)[:n])

    def drop_slack_cuts(self) -> None:
        """Forget the cuts that the latest optimum does not touch."""
        values = np.array(self._highs.getSolution().row_value)[self._fixed_rows :]
        if len(values) != len(self._cuts):  # no solution: HiGHS ran out of time
            return
        tight = values >= np.array([cut.constant for cut in self._cuts]) - 1e-6
        drop = self._fixed_rows + np.flatnonzero(~tight)
        if len(drop):
            self._highs.deleteRows(len(drop), drop.astype(np.int32))
            self._cuts = [cut for cut, keep in zip(self._cuts, tight, strict=True) if keep]

    def _run(self, highs: highspy.Highs) -> highspy.HighsModelStatus:
        left = max(self.deadline - perf_counter(), 0.01)
        highs.setOptionValue("time_limit", highs.getRunTime() + left)
        highs.run()
        return highs.getModelStatus()

    def _build(self) -> None:
        problem, program, k = self.problem, self._program, self.count
        G, eye = problem.contributions, sparse.eye_array(len(problem.bias))
        lower = problem.bias + self._sorted[len(G) - k :].sum(axis=0)
        upper = problem.bias + self._sorted[:k].sum(axis=0)
        m = program.columns(np.zeros(len(G)), np.ones(len(G)))
        h = program.columns(lower, upper)
        # z = 1: the neuron is on. A neuron whose sign is known has its z fixed.
        z = program.columns((lower >= 0).astype(float), (upper > 0).astype(float))
        a = program.columns(np.zeros(len(lower)), np.maximum(upper, 0))
        self._first, self._z, self._a = len(G), len(G) + len(lower), len(G) + 2 * len(lower)
        program.constrain({m: np.ones((1, len(G)))}, k, k)
        program.constrain({m: -G.T, h: eye}, problem.bias, problem.bias)
        program.constrain({h: -eye, a: eye}, 0, np.inf)
        program.constrain({h: -eye, z: sparse.diags_array(-lower), a: eye}, -np.inf, -lower)
        program.constrain({z: sparse.diags_array(-upper), a: eye}, -np.inf, 0)
        for W, b in problem.hidden:
            lower, upper = np.maximum(lower, 0), np.maximum(upper, 0)
            lower, upper = self._tightened(a, W, b, *_interval(W, b, lower, upper))
            a = self._later_layer(a, W, b, lower, upper)
        t = program.columns(np.full(1, -1e4), np.full(1, 1e4))
        program.constrain(
            {a: problem.output.T, t: -np.ones((len(problem.offset), 1))},
            problem.demand - problem.offset,
            np.inf,
        )

    def _later_layer(
        self, a: int, W: np.ndarray, b: np.ndarray, lower: np.ndarray, upper: np.ndarray
    ) -> int:
        """Add ``h = W a + b`` and the convex hull of ``relu(h)`` on [lower, upper]."""
        eye = sparse.eye_array(len(b))
        open_ = (lower < 0) & (upper > 0)
        width = np.where(open_, upper - lower, 1.0)
        slope = np.where(open_, upper / width, (lower >= 0).astype(float))
        h = self._program.columns(lower, upper)
        new = self._program.columns(np.zeros(len(b)), np.maximum(upper, 0))
        self._program.constrain({a: -W.T, h: eye}, b, b)
        self._program.constrain({h: -eye, new: eye}, 0, np.inf)
        self._program.constrain(
            {h: sparse.diags_array(-slope), new: eye}, -np.inf, np.where(open_, -slope * lower, 0)
        )
        return new

    def _tightened(
        self, a: int, W: np.ndarray, b: np.ndarray, lower: np.ndarray, upper: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Bounds of ``W a + b`` over the relaxation so far, two linear programs a neuron."""
        highs = self._program.load(self.seed)
        columns = highs.getNumCol()
        used = np.arange(columns - len(W), columns, dtype=np.int32)  # a is the latest block
        for j, weights in enumerate(W.T):
            for sign in (1.0, -1.0):
                if perf_counter() > self.deadline:
                    return lower, upper
                highs.changeColsCost(len(used), used, sign * weights)
                if self._run(highs) != highspy.HighsModelStatus.kOptimal:
                    continue
                value = highs.getInfo().objective_function_value - CLEAR / 100
                if sign > 0:
                    lower[j] = max(lower[j], b[j] + value)
                else:
                    upper[j] = min(upper[j], b[j] - value)
        return lower, upper

    def _insert(self, cuts: list[Cut]) -> None:
        if not cuts:
            return
        rows = [np.flatnonzero(cut.coefficients) for cut in cuts]
        index = [
            np.r_[r, self._z + c.neuron, self._a + c.neuron]
            for r, c in zip(rows, cuts, strict=True)
        ]
        value = [
            np.r_[-c.coefficients[r], -(c.base + c.price * self.count), 1.0]
            for r, c in zip(rows, cuts, strict=True)
        ]
        starts = np.cumsum([0, *map(len, index)])
        self._highs.addRows(
            len(cuts),
            np.full(len(cuts), -highspy.kHighsInf),
            np.array([cut.constant for cut in cuts]),
            int(starts[-1]),
            starts[:-1].astype(np.int32),
            np.concatenate(index).astype(np.int32),
            np.concatenate(value),
        )
        self._cuts += cuts

    def _violated(self, x: np.ndarray) -> list[Cut]:
        """The most violated facet of each first-layer neuron's hull at ``x``.

        Split ``m = m1 + m0`` into the part that is kept while the neuron is on and the rest:
        ``a <= b z + g @ m1`` with ``sum(m1) = k z`` and ``max(0, m - 1 + z) <= m1 <= min(m, z)``.
        The best m1 fills the windows in the order of their contribution g; the contribution at
        which ``k z`` is used up is the price of the sum, and duality gives the cut.
        """
        G, k = self.problem.contributions, self.count
        n, hidden = G.shape
        m = np.clip(x[:n, None], 0, 1)
        z = np.clip(x[self._z : self._z + hidden], 0, 1)
        a = x[self._a : self._a + hidden]
        low, high = np.maximum(0, m - 1 + z), np.minimum(m, z)
        room = np.cumsum(np.take_along_axis(high - low, self._order, axis=0), axis=0)
        place = np.minimum((room < k * z - low.sum(axis=0) - 1e-12).sum(axis=0), n - 1)
        price = self._sorted[place, np.arange(hidden)]
        gain = G - price
        by_z = (gain > 0) & (m > z)  # min(m, z) = z
        by_both = (gain < 0) & (m > 1 - z)  # max(0, m - 1 + z) = m - 1 + z
        coefficients = np.where(((gain > 0) & ~by_z) | by_both, gain, 0)
        base = self.problem.bias + np.where(by_z | by_both, gain, 0).sum(axis=0)
        constant = -np.where(by_both, gain, 0).sum(axis=0)
        tiny = np.abs(coefficients) < TINY
        constant += np.where(tiny, np.abs(coefficients), 0).sum(axis=0)
        coefficients[tiny] = 0
        right = (coefficients * m).sum(axis=0) + (base + price * k) * z + constant
        violated = np.flatnonzero((a - right) * self._weight > 1e-3)
        return [
            Cut(int(i), coefficients[:, i], float(base[i]), float(price[i]), float(constant[i]))
            for i in violated
        ]


def _interval(
    W: np.ndarray, b: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of ``W a + b`` for ``lower <= a <= upper``."""
    plus, minus = np.maximum(W, 0), np.minimum(W, 0)
    return lower @ plus + upper @ minus + b, upper @ plus + lower @ minus + b
