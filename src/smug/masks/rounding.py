"""Size of rounding errors in a first layer's responses, as a network computes them."""

from __future__ import annotations

import numpy as np

from smug.masks.linear import LinearMap, contributions


def rounding(
    layer: LinearMap, x: np.ndarray, nodes: np.ndarray, fields: np.ndarray, roundoff: float
) -> np.ndarray:
    """Size up to which the network's own responses may differ from exact ones.

    A sum of ``n`` terms errs by more than ``8 sqrt(n) u`` times the sum of their magnitudes only
    where rounding errors conspire (Higham and Mary 2019, theorem 3.1, with lambda = 8).

    Parameters
    ----------
    layer, x, nodes, fields
        As for :func:`smug.masks.linear.contributions`.
    roundoff : float
        Unit roundoff ``u`` of the numbers that the network computes with, ``2**-24`` for float32.

    Returns
    -------
    numpy.ndarray of float64, shape (nodes,)
    """
    magnitudes = layer.magnitudes()
    terms = contributions(magnitudes, np.abs(x), nodes, fields)
    total = terms.sum(axis=1) + magnitudes.constants(nodes)
    return rounding_share(layer, roundoff) * total


def rounding_share(layer: LinearMap, roundoff: float) -> float:
    """Share of the summed magnitudes that :func:`rounding` allows."""
    terms = layer.kernel.size / layer.kernel.shape[-1] + 3
    if layer.origin is not None and layer.origin.mixing is not None:
        terms *= 1 + layer.origin.mixing.nnz / layer.origin.mixing.shape[0]
    return 8 * float(np.sqrt(terms)) * roundoff
