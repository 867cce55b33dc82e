"""Find by probing what a linear preprocessing (resizing, pooling) makes of its input."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import sparse

# Elements that are probed one by one, weights that are kept, values of one batch of probes.
_ELEMENTS, _WEIGHTS, _BATCH = 4096, 2**25, 2**22
# Weight beside the largest that is rounding.
_NOTHING = 1e-7

Run = Callable[[np.ndarray], np.ndarray]


class Mixing(NamedTuple):
    """An affine map: weights ``(values, elements)``, and what it answers for nothing.

    ``axes`` gives the axis of the output that each axis of the input becomes; empty if the map
    does not keep axes apart.
    """

    weights: sparse.csr_array
    constant: np.ndarray
    axes: tuple[int | None, ...]


def affine(run: Run, entering: np.ndarray, rounding: float) -> bool:
    """True if ``f(a + b) = f(a) + f(b) - f(0)`` and ``f(2 a) = 2 f(a) - f(0)``.

    Parameters
    ----------
    run : callable
        From ``(n, *shape)`` to ``(n, ...)``.
    entering : numpy.ndarray, shape shape
        A value of its input.
    rounding : float
        Error of its sums, relative to the largest value.
    """
    rng = np.random.default_rng(1)
    noise = rng.normal(size=entering.shape) * (np.abs(entering).max() or 1)
    probes = np.stack([entering, noise, entering + noise, 2 * noise, 0 * noise])
    of_a, of_b, of_sum, of_twice, of_none = run(probes.astype(np.float32)).astype(np.float64)
    size = np.abs([of_a, of_b, of_twice, of_none]).max()
    error = np.maximum(abs(of_sum + of_none - of_a - of_b), abs(of_twice + of_none - 2 * of_b))
    return bool((error <= rounding * size).all())


def mixing_of(
    run: Run, shape: tuple[int, ...], answered: tuple[int, ...], rounding: float
) -> Mixing | None:
    """Weights of an affine map: axis by axis where it keeps them apart, else element by element.

    Parameters
    ----------
    run : callable
        From ``(n, *shape)`` to ``(n, values)``.
    shape, answered : tuple of int
        Of the input, and of the values.
    rounding : float
        Error of its sums, relative to the largest value.

    Returns
    -------
    Mixing or None
        None for a map that is too large to probe.
    """
    constant = run(np.zeros((1, *shape), np.float32))[0].ravel().astype(np.float64)

    def linear(probes: np.ndarray) -> np.ndarray:
        made = run(probes.astype(np.float32)).reshape(len(probes), -1).astype(np.float64)
        return made - constant

    rng = np.random.default_rng(2)
    check = rng.normal(size=(1, *shape))
    expected = linear(check)[0]
    apart = _axis_by_axis(linear, shape, answered, rounding)
    if apart is not None:
        error = np.abs(apart[0] @ check.ravel() - expected).max()
        if error <= rounding * (np.abs(expected).max() + np.abs(constant).max()):
            return Mixing(apart[0], constant, apart[1])
    size = int(np.prod(shape))
    if size > _ELEMENTS or size * len(constant) > _WEIGHTS:
        return None
    columns = _in_batches(linear, lambda i: np.eye(size)[i].reshape(-1, *shape), size, size)
    columns[np.abs(columns) <= _NOTHING * np.abs(columns).max()] = 0
    return Mixing(sparse.csr_array(columns.T), constant, ())


def _axis_by_axis(
    linear: Run, shape: tuple[int, ...], answered: tuple[int, ...], rounding: float
) -> tuple[sparse.csr_array, tuple[int | None, ...]] | None:
    """Weights as the product of one matrix an axis, and where each axis goes."""
    if sum(shape) > _ELEMENTS:
        return None
    rng = np.random.default_rng(3)
    along = [rng.uniform(0.5, 1.5, side) for side in shape]
    whole = linear(_outer(along)[np.newaxis])[0].reshape(answered)
    pivot = np.unravel_index(np.abs(whole).argmax(), answered)
    if not whole[pivot]:
        return None
    # Lines through the largest value: what the map makes of one axis shows on one of them.
    lines = [whole[_line(pivot, b)] for b in range(len(answered))]
    factors = [line[:, None] for line in lines]
    axes: list[int | None] = [None] * len(shape)
    for a, side in enumerate(shape):
        if side == 1:
            continue

        def impulses(rows: np.ndarray, a: int = a, side: int = side) -> np.ndarray:
            eye = np.eye(side)
            return np.stack([_outer([*along[:a], eye[i], *along[a + 1 :]]) for i in rows])

        def on_lines(probes: np.ndarray) -> np.ndarray:
            made = linear(probes).reshape(len(probes), *answered)
            return np.concatenate(
                [made[(slice(None), *_line(pivot, b))] for b in range(len(answered))], axis=1
            )

        made = _in_batches(on_lines, impulses, side, int(np.prod(shape)))
        parts = np.split(made, np.cumsum(answered)[:-1], axis=1)
        moved = []
        for b, (part, line) in enumerate(zip(parts, lines, strict=True)):
            share = part[:, pivot[b]] / whole[pivot]
            if np.abs(part - share[:, None] * line).max() > rounding * np.abs(part).max():
                moved.append(b)
        if len(moved) != 1 or moved[0] in axes:
            return None
        axes[a], factors[moved[0]] = moved[0], parts[moved[0]].T
    if np.prod([np.count_nonzero(np.abs(f) > _NOTHING * abs(f).max()) for f in factors]) > _WEIGHTS:
        return None
    weights = sparse.csr_array(np.ones((1, 1)))
    for factor in factors:
        kept = np.where(np.abs(factor) > _NOTHING * np.abs(factor).max(), factor, 0)
        weights = sparse.csr_array(sparse.kron(weights, kept / whole[pivot], format="csr"))
    # The columns come in the order of the output's axes; the input has its own.
    order = [axes.index(b) for b in range(len(answered)) if b in axes]
    rest = [a for a in range(len(shape)) if a not in order]
    columns = np.arange(weights.shape[1]).reshape([shape[a] for a in (*order, *rest)])
    columns = columns.transpose(np.argsort([*order, *rest])).ravel()
    return sparse.csr_array(weights[:, columns] * whole[pivot]), tuple(axes)


def _outer(along: list[np.ndarray]) -> np.ndarray:
    product = np.ones(())
    for values in along:
        product = product[..., None] * values
    return product


def _line(pivot: tuple, axis: int) -> tuple:
    return tuple(slice(None) if b == axis else place for b, place in enumerate(pivot))


def _in_batches(run: Run, probes: Callable, count: int, size: int) -> np.ndarray:
    chunk = max(1, _BATCH // size)
    rows = [np.arange(first, min(first + chunk, count)) for first in range(0, count, chunk)]
    return np.concatenate([run(probes(some)) for some in rows])
