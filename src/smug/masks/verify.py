"""Exact arithmetic on mask problems: which rows a mask violates, and what follows from it.

A mask ``m`` meets row ``i`` if the *real* number ``sum of A[i, j] over chosen j`` is at least the
*double* ``problem.demand[i]``: coefficients and demand are taken as the dyadic rationals they are,
nothing is rounded. Every solver is held to this one definition. Floating-point solvers may return
masks that miss a row by their tolerance; :func:`violation_cut` turns such a miss into an
inequality that no valid mask breaks, so that solving again loses no solution and no proof.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import sparse

from smug.errors import SmugError
from smug.masks.problem import MaskProblem

#: One inequality ``sum(coefficient * m[column]) >= demand`` with integer coefficients.
Cut = tuple[np.ndarray, np.ndarray, int]


def as_mask(problem: MaskProblem, mask: np.ndarray, what: str = "mask") -> np.ndarray:
    """Check that ``mask`` holds one 0/1 value per variable and return it as bool.

    Raises
    ------
    SmugError
        If the shape differs from ``(variables,)`` or a value is neither 0 nor 1.
    """
    values = np.asarray(mask)
    variables = problem.A.shape[1]
    if values.shape != (variables,):
        raise SmugError(
            f"the {what} has shape {values.shape}; a problem of {variables} variables needs "
            f"({variables},)"
        )
    chosen = values == 1
    if not (chosen | (values == 0)).all():
        raise SmugError(f"the {what} holds values other than 0 and 1; round it first")
    return chosen


def violated_rows(problem: MaskProblem, mask: np.ndarray) -> np.ndarray:
    """Rows that a mask violates, decided without rounding.

    Row ``i`` is violated if the exact sum of the chosen coefficients is below the double
    ``problem.demand[i]``. A floating-point sum with a rigorous error bound settles almost every
    row; the sign of the rest comes from ``math.fsum``, which rounds the exact sum only once.

    Parameters
    ----------
    problem : MaskProblem
        The problem.
    mask : numpy.ndarray, shape (variables,)
        0/1 or bool.

    Returns
    -------
    numpy.ndarray of int64
        Increasing row numbers; empty for a valid mask.

    Raises
    ------
    SmugError
        If ``mask`` is no 0/1 vector of the problem's size.
    """
    A, demand = problem.A, problem.demand
    chosen = as_mask(problem, mask)
    total = A @ chosen.astype(np.float64)
    size = abs(A) @ chosen.astype(np.float64)
    slack = total - demand
    # n terms added in any order err by less than n * eps / 2 * sum|terms|; eps instead of eps / 2
    # covers the rounding of `size`, of the last subtraction and of this bound itself.
    eps = np.finfo(np.float64).eps
    error = eps * ((np.diff(A.indptr) + 2) * size + 2 * np.abs(demand))
    below = slack < -error
    for row in np.flatnonzero(~below & ~(slack > error)):
        span = slice(A.indptr[row], A.indptr[row + 1])
        terms = A.data[span][chosen[A.indices[span]]]
        below[row] = not math.fsum([*terms, -demand[row]]) >= 0
    return np.flatnonzero(below)


def hopeless_rows(problem: MaskProblem) -> np.ndarray:
    """Rows that no mask can meet: even all their positive coefficients fall short (exact)."""
    gains = problem.A.copy()
    gains.data = np.maximum(gains.data, 0.0)
    return violated_rows(replace(problem, A=gains), np.ones(gains.shape[1], bool))


def violation_cut(problem: MaskProblem, row: int, mask: np.ndarray) -> Cut:
    """Inequality that every mask valid for ``row`` meets and that the violating ``mask`` breaks.

    What the row lacks has to come from choosing positive columns that ``mask`` leaves out, or from
    leaving out negative columns that it chooses. If the ``r - 1`` largest of these gains together
    are still too small, a valid mask makes at least ``r`` such changes:
    ``sum(m_j, positive and unchosen) + sum(1 - m_j, negative and chosen) >= r``.

    Returns
    -------
    columns, coefficients : numpy.ndarray of int64
        The inequality's terms, coefficients 1 or -1.
    demand : int
        Its right-hand side.
    """
    chosen = as_mask(problem, mask)
    span = slice(problem.A.indptr[row], problem.A.indptr[row + 1])
    columns, values = problem.A.indices[span], problem.A.data[span]
    gain = (values > 0) & ~chosen[columns]
    loss = (values < 0) & chosen[columns]
    useful = gain | loss
    lacking = math.fsum([problem.demand[row], *-values[chosen[columns]]])
    together = np.cumsum(np.sort(np.abs(values[useful]))[::-1])
    # Round the gains up by more than the sums can err, so that r is never too large.
    together *= 1 + np.finfo(np.float64).eps * (together.size + 4)
    needed = 1 + int((together < lacking).sum())
    return columns[useful], np.where(gain, 1, -1)[useful], needed - int(loss.sum())


def with_cuts(problem: MaskProblem, cuts: Sequence[Cut]) -> MaskProblem:
    """Append integer inequalities to a problem as ordinary rows."""
    variables = problem.A.shape[1]
    lengths = [len(columns) for columns, _, _ in cuts]
    extra = sparse.csr_array(
        (
            np.concatenate([values for _, values, _ in cuts]).astype(np.float64),
            np.concatenate([columns for columns, _, _ in cuts]).astype(np.int64),
            np.concatenate([[0], np.cumsum(lengths)]),
        ),
        shape=(len(cuts), variables),
    )
    # gamma + margin - offset need not give back an integer exactly. A demand lower by 1e-9 asks
    # the same of an integer sum, and rounding can never lift it above the integer.
    demand = np.array([demand for _, _, demand in cuts], np.float64) - 1e-9
    offset = problem.gamma + problem.margin - demand
    return replace(
        problem,
        A=sparse.vstack([problem.A, extra], format="csr"),
        offset=np.concatenate([problem.offset, offset]),
    )


def integer_rows(problem: MaskProblem, bits: int) -> tuple[sparse.csr_array, np.ndarray]:
    """Relax the rows to integer coefficients: no valid mask is lost.

    Each row is scaled by a power of two to ``sum|A[i]| < 2**bits`` (exact), then
    coefficients are rounded up and the demand down. Masks that only the rounding lets in are
    caught by :func:`violated_rows`.

    Returns
    -------
    A : scipy.sparse.csr_array of int64, shape (rows, variables)
        Zero coefficients are dropped; ``sum|A[i]| < 2**bits + number of terms``.
    demand : numpy.ndarray of int64, shape (rows,)
        Right-hand sides within ``+-2**(bits + 1)``.
    """
    A = problem.A
    size = np.asarray(abs(A).sum(axis=1)).ravel()
    shift = bits - np.frexp(size)[1]
    values = np.ceil(np.ldexp(A.data, np.repeat(shift, np.diff(A.indptr))))
    scaled = sparse.csr_array(
        (values.astype(np.int64), A.indices.copy(), A.indptr.copy()), shape=A.shape
    )
    scaled.eliminate_zeros()
    # A demand beyond -sum|A[i]| says "always", beyond +sum|A[i]| "never": the clip keeps either.
    demand = np.ldexp(np.clip(problem.demand, -size, 2 * size), shift)
    return scaled, np.floor(demand).astype(np.int64)
