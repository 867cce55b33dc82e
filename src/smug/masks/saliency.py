"""SMUG scores of an input's positions, from the chosen nodes' attributions (Sahoo et al. 2021)."""

from __future__ import annotations

import numpy as np

from smug.errors import SmugError
from smug.limits import check_name
from smug.masks.encode import expand_mask, shrink_mask
from smug.masks.linear import LinearMap, receptive_fields


def smug_saliency(
    layer: LinearMap,
    attribution: np.ndarray,
    nodes: np.ndarray,
    mask: np.ndarray | None = None,
    *,
    scoring: str = "sum",
    fields: np.ndarray | None = None,
) -> np.ndarray:
    """Score every input position by the chosen nodes that see it.

    ``s_ij = sum over p in D^k of alpha(o_p) [x_ij in the receptive field of o_p]`` where the
    mask keeps ``x_ij``, else 0 (Sahoo et al. 2021, section 3).

    Parameters
    ----------
    layer : LinearMap
    attribution : numpy.ndarray, shape (*layer.output_shape)
        Attribution ``alpha`` of every node, for one input.
    nodes : numpy.ndarray of int, shape (k,)
        ``D^k``, as ``top_k_nodes`` returns it.
    mask : numpy.ndarray of bool, shape ``layer.spatial``, optional
        Kept positions; without it SMUG_base, no minimisation.
    scoring : {"sum", "max"}
        Sum of the attributions of the nodes that see a position (the paper's), or the largest of
        them (default of the authors' code); a position that no node sees scores 0.
    fields : numpy.ndarray of int, shape (k, taps), optional
        The nodes' :func:`~smug.masks.linear.receptive_fields`, where they are known.

    Returns
    -------
    numpy.ndarray of float64, shape ``layer.spatial``
    """
    check_name("scoring", scoring)
    if attribution.shape != layer.output_shape:
        raise SmugError(
            f"attribution has shape {attribution.shape}; layer {layer.name!r} answers "
            f"{layer.output_shape} for one input"
        )
    fields = receptive_fields(layer, nodes) if fields is None else fields
    alpha = attribution.ravel()[nodes].astype(np.float64)
    seen, position = fields >= 0, fields[fields >= 0]
    values = np.broadcast_to(alpha[:, None], fields.shape)[seen]
    size = int(np.prod(layer.spatial))
    if scoring == "sum":
        scores = np.bincount(position, values, minlength=size)
    else:
        scores = np.full(size, -np.inf)
        np.maximum.at(scores, position, values)
        scores[np.isneginf(scores)] = 0.0
    scores = scores.reshape(layer.spatial)
    return scores if mask is None else np.where(_check_mask(mask, layer), scores, 0.0)


def seen_positions(
    layer: LinearMap, nodes: np.ndarray, *, fields: np.ndarray | None = None
) -> np.ndarray:
    """Positions in the receptive field of any node, bool of shape ``layer.spatial``."""
    fields = receptive_fields(layer, nodes) if fields is None else fields
    seen = np.zeros(int(np.prod(layer.spatial)), bool)
    seen[fields[fields >= 0]] = True
    return seen.reshape(layer.spatial)


def base_mask(
    layer: LinearMap,
    nodes: np.ndarray,
    window: int,
    padding: np.ndarray,
    *,
    fields: np.ndarray | None = None,
) -> np.ndarray:
    """SMUG_base's mask, ``M = 1`` on every receptive field of ``D^k``: shape ``layer.spatial``.

    It keeps whole windows, all that hold a position seen by a chosen node. They are the variables
    of the mask problem, so that a minimal mask is never larger. Counting the pixels of the fields
    instead would set pixels against windows: SMUG could then seem to keep more.
    """
    seen = seen_positions(layer, nodes, fields=fields) & ~padding
    return expand_mask(shrink_mask(seen, window), layer.spatial, window) & ~padding


def sparsity(masks: np.ndarray, countable: np.ndarray | None = None) -> np.ndarray:
    """Share of the countable positions (all by default) that each boolean mask keeps.

    Parameters
    ----------
    masks, countable : numpy.ndarray of bool, shape (n, *spatial)

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        0 where nothing counts.
    """
    countable = np.ones_like(masks) if countable is None else countable
    axes = tuple(range(1, masks.ndim))
    return (masks & countable).sum(axis=axes) / np.maximum(countable.sum(axis=axes), 1)


def _check_mask(mask: np.ndarray, layer: LinearMap) -> np.ndarray:
    mask = np.asarray(mask)
    if mask.shape != layer.spatial or mask.dtype != bool:
        raise SmugError(
            f"mask has shape {mask.shape} and type {mask.dtype}; layer {layer.name!r} needs "
            f"booleans of shape {layer.spatial}; expand_mask blows up a mask over windows"
        )
    return mask


def smallest_box(scores: np.ndarray, share: float, *, cells: int = 32) -> tuple[int, ...]:
    """Smallest box, along the lines of a grid, that holds a share of the scores.

    Parameters
    ----------
    scores : numpy.ndarray, shape (height, width)
        Non-negative, not all zero.
    share : float
        Of their sum, in (0, 1].
    cells : int
        Cells of the grid a side, no more than there are pixels; lines lie at the nearest pixel.

    Returns
    -------
    tuple of int
        Edges ``x1, y1, x2, y2``; of several such boxes, the one that holds most.
    """
    down, across = (
        np.unique(np.round(np.linspace(0, side, min(cells, side) + 1)).astype(int))
        for side in scores.shape
    )
    total = np.zeros(np.add(scores.shape, 1))
    total[1:, 1:] = scores.cumsum(axis=0).cumsum(axis=1)
    total = total[np.ix_(down, across)]
    left, right = np.triu_indices(len(across), 1)
    best, edges = (np.inf, 0.0), (0, 0, 0, 0)
    for top in range(len(down) - 1):
        for bottom in range(top + 1, len(down)):
            strip = total[bottom] - total[top]
            inside = strip[right] - strip[left]
            area = (across[right] - across[left]) * float(down[bottom] - down[top])
            # Rounding of the sums must not refuse the whole image.
            area = np.where(inside >= share * total[-1, -1] * (1 - 1e-9), area, np.inf)
            k = np.lexsort((-inside, area))[0]
            if (area[k], -inside[k]) < best:
                best = (area[k], -inside[k])
                edges = (across[left[k]], down[top], across[right[k]], down[bottom])
    return tuple(map(int, edges))


def jaccard(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Overlap of masks: share of what either keeps that both keep.

    Parameters
    ----------
    one, other : numpy.ndarray of bool, shape (batch, *spatial)

    Returns
    -------
    numpy.ndarray of float64, shape (batch,)
        1 for two masks that keep nothing.
    """
    flat, others = one.reshape(len(one), -1), other.reshape(len(other), -1)
    either = np.count_nonzero(flat | others, axis=1)
    both = np.count_nonzero(flat & others, axis=1)
    return np.where(either > 0, both / np.maximum(either, 1), 1.0)
