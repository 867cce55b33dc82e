"""The mask problem every solver gets, and the solution every solver returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from scipy import sparse

from smug.errors import SmugError
from smug.limits import check_demand

#: Called with ``(seconds, objective, bound)`` each time a solver improves either number.
Progress = Callable[[float, float, float], None]


class Status(StrEnum):
    """Standing of a solver's answer."""

    OPTIMAL = "optimal"  # the mask is proven smallest
    FEASIBLE = "feasible"  # a valid mask, stopped before the proof (time limit); see the gap
    INFEASIBLE = "infeasible"  # proven: no mask meets the demand
    TIMEOUT = "timeout"  # stopped without any mask


@dataclass(frozen=True)
class MaskProblem:
    """Find the smallest mask that keeps a fraction of every chosen node's response.

    ``minimise sum(m)  subject to  A @ m + offset >= gamma + margin,  m in {0, 1}^n``
    (Sahoo et al. 2021, section 3; rows scaled by ``1 / o_i``).

    Parameters
    ----------
    A : scipy.sparse.csr_array, shape (rows, variables), float64
        One row per node, scaled so that the whole input gives ``A @ 1 + offset == 1``;
        one column per mask variable.
    gamma : float
        Fraction of the response to keep, in ``[0, 1)``.
    margin : float
        Floating-point meaning of strictness (``>``): rows must reach ``gamma + margin``. In
        ``(0, 1 - gamma]``.
    offset : numpy.ndarray, shape (rows,), optional
        Part of each scaled response that no mask can remove (the bias); zeros by default.
    groups : numpy.ndarray of int, shape (variables,), optional
        Flat position of each variable in the mask grid; ``arange(variables)`` by default.
    grid : tuple of int, optional
        Shape of the mask grid (rows × columns of windows, or words); ``(variables,)`` by default.
    """

    A: sparse.csr_array
    gamma: float
    margin: float = 1e-4
    # None stands for the default until __post_init__ puts it there.
    offset: np.ndarray = None  # type: ignore[assignment]
    groups: np.ndarray = None  # type: ignore[assignment]
    grid: tuple[int, ...] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        check_demand(self.gamma, self.margin)
        A = sparse.csr_array(self.A, dtype=np.float64)
        A.sum_duplicates()
        rows, variables = A.shape
        if not np.isfinite(A.data).all():
            raise SmugError("the mask problem holds NaN or infinite coefficients; check the input")
        offset = np.zeros(rows) if self.offset is None else np.asarray(self.offset, np.float64)
        groups = np.arange(variables) if self.groups is None else np.asarray(self.groups, np.int64)
        grid = (variables,) if self.grid is None else tuple(int(n) for n in self.grid)
        if offset.shape != (rows,) or groups.shape != (variables,):
            raise SmugError(
                f"offset has shape {offset.shape}, groups {groups.shape}; a problem of {rows} rows "
                f"and {variables} variables needs ({rows},) and ({variables},)"
            )
        for name, value in (("A", A), ("offset", offset), ("groups", groups), ("grid", grid)):
            object.__setattr__(self, name, value)

    @property
    def size(self) -> int:
        """Number of mask variables."""
        return self.A.shape[1]

    @property
    def demand(self) -> np.ndarray:
        """Right-hand side of every row, ``gamma + margin - offset``, shape (rows,)."""
        return self.gamma + self.margin - self.offset

    def grid_mask(self, mask: np.ndarray) -> np.ndarray:
        """Put a mask over the variables, shape (variables,), back on the mask grid (bool)."""
        full = np.zeros(int(np.prod(self.grid)), bool)
        full[self.groups[np.asarray(mask, bool)]] = True
        return full.reshape(self.grid)


@dataclass(frozen=True)
class MaskSolution:
    """Answer of a solver.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (variables,)
        The best mask; all False where ``status`` is infeasible or timeout (read it first).
    status : Status
        See :class:`Status`.
    objective : float
        Size of ``mask``; infinite without a mask.
    bound : float
        Proven lower bound on the size of any valid mask.
    seconds : float
        Wall time of the call, encoding for the solver included.
    solver : str
        Name of the solver.
    masks : tuple of numpy.ndarray
        All distinct masks of the objective's size that were asked for, ``mask`` first.
    """

    mask: np.ndarray
    status: Status
    objective: float
    bound: float
    seconds: float
    solver: str
    masks: tuple[np.ndarray, ...] = field(default=())

    @property
    def gap(self) -> float:
        """See :func:`relative_gap`."""
        return float(relative_gap(self.objective, self.bound))


def relative_gap(objective: float | np.ndarray, bound: float | np.ndarray) -> np.ndarray:
    """``(objective - bound) / objective``: 0 when proven, infinite without a mask."""
    objective = np.asarray(objective, np.float64)
    found = np.isfinite(objective)
    size = np.where(found, objective, 1.0)
    # Sizes are whole; nothing is smaller than the empty mask.
    return np.where(found, (size - np.where(found, bound, 0.0)) / np.maximum(size, 1.0), np.inf)
