"""Values that the positions of an input hold once a method has removed them."""

from __future__ import annotations

import numpy as np

from smug.masks.replacement import Layout, replacement_values
from smug.models.axes import Axes


def replacement_at(
    axes: Axes,
    points: np.ndarray,
    replacement: str | float | np.ndarray,
    counted: np.ndarray | None = None,
) -> np.ndarray:
    """Values that removed positions of one input hold.

    Parameters
    ----------
    axes : Axes
        Of the tensor whose positions are removed.
    points : numpy.ndarray, shape (1, ...)
        That tensor, of one input.
    replacement : {"zero", "mean", "blur"}, float or numpy.ndarray
        See :func:`smug.masks.replacement.replacement_of`.
    counted : numpy.ndarray of bool, shape (*positions,), optional
        Positions that take part in a mean; all by default.

    Returns
    -------
    numpy.ndarray, shaped and typed like `points`
        Rounded for integers.
    """
    layout = Layout(
        lambda one: axes.to_last(one[np.newaxis])[0],
        lambda grid: axes.from_last(grid[np.newaxis])[0],
    )
    made = replacement_values(points[0], layout, replacement, counted=counted)
    return (np.rint(made) if points.dtype.kind in "iu" else made).astype(points.dtype)[np.newaxis]
