"""Linear programs with a ReLU network inside, and bounds that hold whatever the solver's tolerance.

HiGHS solves; what counts as proven is the value of its multipliers in the Lagrangian dual,
computed anew: it bounds the program for *any* multipliers (Neumaier and Shcherbina 2004), so only
the rounding of float64 sums stands between it and a proof in exact arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import highspy
import numpy as np
from scipy import sparse

from smug.masks.network.problem import DenseNetwork
from smug.masks.robust.bounds import LayerBounds

#: HiGHS ignores smaller coefficients; they would break neither bound nor check, both come after.
TINY = 1e-9


@dataclass(frozen=True)
class Optimum:
    """Answer to a program.

    Parameters
    ----------
    bound : float
        Proven to lie below every feasible value; infinite: proven infeasible.
    x : numpy.ndarray, optional
        Value of every column at HiGHS's optimum; None without one.
    """

    bound: float
    x: np.ndarray | None


class Program:
    """``minimise cost @ x`` under linear rows and finite bounds on every column."""

    def __init__(self) -> None:
        self._lower: list[np.ndarray] = []
        self._upper: list[np.ndarray] = []
        self._row_lower: list[np.ndarray] = []
        self._row_upper: list[np.ndarray] = []
        self._entries: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._count = self._rows = 0

    def columns(self, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
        """Add columns; returns their numbers."""
        self._lower.append(np.asarray(lower, np.float64))
        self._upper.append(np.asarray(upper, np.float64))
        self._count += len(self._lower[-1])
        return np.arange(self._count - len(self._lower[-1]), self._count)

    def rows(
        self,
        blocks: list[tuple[np.ndarray, np.ndarray | sparse.sparray]],
        lower: float | np.ndarray,
        upper: float | np.ndarray,
    ) -> np.ndarray:
        """Add rows ``lower <= sum of matrix @ x[columns] <= upper``; returns their numbers."""
        count = blocks[0][1].shape[0]
        for columns, matrix in blocks:
            entries = sparse.coo_array(matrix)
            self._entries.append((entries.row + self._rows, columns[entries.col], entries.data))
        self._row_lower.append(np.broadcast_to(np.asarray(lower, np.float64), count))
        self._row_upper.append(np.broadcast_to(np.asarray(upper, np.float64), count))
        self._rows += count
        return np.arange(self._rows - count, self._rows)

    def load(self) -> None:
        """Hand the program to HiGHS; after this its numbers change, its shape no more."""
        row, column, value = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        large = np.abs(value) >= TINY
        shape = (self._rows, self._count)
        self.matrix = sparse.csr_array((value, (row, column)), shape=shape)
        kept = sparse.csr_array((value[large], (row[large], column[large])), shape=shape)
        self.lower, self.upper = np.concatenate(self._lower), np.concatenate(self._upper)
        self.row_lower = np.concatenate(self._row_lower)
        self.row_upper = np.concatenate(self._row_upper)
        self.cost = np.zeros(self._count)
        self.model = highspy.HighsLp()
        lp = self.model
        lp.num_row_, lp.num_col_ = shape
        lp.col_lower_, lp.col_upper_ = self.lower, self.upper
        lp.row_lower_, lp.row_upper_ = self.row_lower, self.row_upper
        lp.col_cost_ = self.cost
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = kept.indptr, kept.indices
        lp.a_matrix_.value_ = kept.data
        self._highs: Any = highspy.Highs()
        self._highs.silent()
        for name, setting in (("presolve", "off"), ("solver", "simplex"), ("threads", 1)):
            self._highs.setOptionValue(name, setting)
        self._highs.passModel(lp)

    def set_cost(self, columns: np.ndarray, cost: np.ndarray) -> None:
        """Minimise this, and nothing else."""
        new = np.zeros(self._count)
        new[columns] = cost
        changed = np.flatnonzero(new != self.cost)
        self._highs.changeColsCost(len(changed), changed.astype(np.int32), new[changed])
        self.cost = new

    def set_columns(self, lower: np.ndarray, upper: np.ndarray) -> None:
        """Change the bounds of all columns."""
        changed = np.flatnonzero((lower != self.lower) | (upper != self.upper))
        self._highs.changeColsBounds(
            len(changed), changed.astype(np.int32), lower[changed], upper[changed]
        )
        self.lower, self.upper = lower, upper

    def set_rows(self, upper: np.ndarray) -> None:
        """Change the upper sides of all rows."""
        changed = np.flatnonzero(upper != self.row_upper)
        self._highs.changeRowsBounds(
            len(changed), changed.astype(np.int32), self.row_lower[changed], upper[changed]
        )
        self.row_upper = upper

    def minimise(self, deadline: float = np.inf) -> Optimum:
        """Solve from the last basis; a failure of the solver says nothing (bound -inf)."""
        if np.isfinite(deadline):
            left = max(deadline - perf_counter(), 0.0)
            self._highs.setOptionValue("time_limit", self._highs.getRunTime() + left)
        self._highs.run()
        state = self._highs.getModelStatus()
        if state == highspy.HighsModelStatus.kInfeasible:
            ray = np.array(self._highs.getDualRay()[2])
            proven = len(ray) == self._rows and self._dual(ray, 0.0) > 0
            return Optimum(np.inf if proven else -np.inf, None)
        if state != highspy.HighsModelStatus.kOptimal:
            return Optimum(-np.inf, None)
        solution = self._highs.getSolution()
        bound = self._dual(np.array(solution.row_dual), self.cost)
        return Optimum(bound, np.array(solution.col_value))

    def _dual(self, multipliers: np.ndarray, cost: np.ndarray | float) -> float:
        """Value of the Lagrangian dual; multipliers that ask an infinite side count as 0."""
        up, down = multipliers > 0, multipliers < 0
        y = np.where(
            (up & np.isinf(self.row_lower)) | (down & np.isinf(self.row_upper)), 0, multipliers
        )
        side = np.where(y > 0, self.row_lower, np.where(y < 0, self.row_upper, 0.0))
        reduced = cost - self.matrix.T @ y
        return float(y @ side + reduced @ np.where(reduced > 0, self.lower, self.upper))


@dataclass(frozen=True)
class Encoded:
    """Columns and rows of a network within a program.

    Parameters
    ----------
    pre, post : list of numpy.ndarray of int
        Columns of pre-activations and activations, one array a hidden layer.
    open_ : list of numpy.ndarray of int
        Neurons of each layer whose sign the bounds leave open.
    above : list of numpy.ndarray of int
        Rows ``activation - pre-activation >= 0`` of the open neurons.
    switches : list of numpy.ndarray of int
        Columns, 1 where an open neuron is on and 0 where it is off; none unless asked for.
    """

    pre: list[np.ndarray]
    post: list[np.ndarray]
    open_: list[np.ndarray]
    above: list[np.ndarray]
    switches: list[np.ndarray]


def encode(
    program: Program,
    network: DenseNetwork,
    inputs: np.ndarray,
    first: tuple[np.ndarray, np.ndarray],
    layers: list[LayerBounds],
    *,
    switches: bool = False,
) -> Encoded:
    """Add the hidden layers of a network to a program, each open ReLU as a triangle.

    Parameters
    ----------
    program : Program
    network : DenseNetwork
    inputs : numpy.ndarray of int
        Columns that the first layer works on.
    first : (W, b)
        The first layer on these columns.
    layers : list of LayerBounds
        Bounds of each hidden layer's pre-activations, of shape (1, neurons).
    switches : bool
        Whether open ReLUs get a column that is to be whole, and are exact then.
    """
    made = Encoded([], [], [], [], [])
    before, maps = inputs, [first, *zip(network.weights[1:-1], network.biases[1:-1], strict=True)]
    for (W, b), layer in zip(maps, layers, strict=True):
        lower, upper = layer.lower[0], layer.upper[0]
        width = len(lower)
        open_ = np.flatnonzero((lower < 0) & (upper > 0))
        pre = program.columns(lower, upper)
        post = program.columns(
            np.where(upper > 0, np.maximum(lower, 0), 0.0), np.maximum(upper, 0.0)
        )
        program.rows([(before, -W.T), (pre, sparse.eye_array(width))], b, b)
        active = np.flatnonzero(lower >= 0)
        if len(active):
            same = sparse.eye_array(len(active))
            program.rows([(pre[active], -same), (post[active], same)], 0.0, 0.0)
        eye = sparse.eye_array(len(open_))
        low, high = lower[open_], upper[open_]
        chord = high / (high - low)
        above = program.rows([(pre[open_], -eye), (post[open_], eye)], 0.0, np.inf)
        program.rows(
            [(pre[open_], -sparse.diags_array(chord)), (post[open_], eye)], -np.inf, -chord * low
        )
        if switches:
            on = program.columns(np.zeros(len(open_)), np.ones(len(open_)))
            made.switches.append(on)
            below, roof = sparse.diags_array(low), sparse.diags_array(high)
            program.rows([(pre[open_], -eye), (post[open_], eye), (on, -below)], -np.inf, -low)
            program.rows([(post[open_], eye), (on, -roof)], -np.inf, 0.0)
        for parts, part in zip(
            (made.pre, made.post, made.open_, made.above), (pre, post, open_, above), strict=True
        ):
            parts.append(part)
        before = post
    return made
