"""From the first layer's chosen nodes to a mask problem (Sahoo et al. 2021, section 3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from smug.errors import SmugError
from smug.masks.linear import LinearMap, contributions, node_responses, receptive_fields
from smug.masks.problem import MaskProblem


@dataclass(frozen=True)
class EncodedMask:
    """A mask problem and the nodes its rows stand for.

    Parameters
    ----------
    problem : MaskProblem
        One row per kept node, one column per window in a receptive field.
    nodes : numpy.ndarray of int64, shape (rows,)
        Nodes with a positive response, in the order given.
    responses : numpy.ndarray of float64, shape (rows,)
        Full response ``o_i`` (or ``r_i``) of each; the rows are divided by it.
    response : str
        ``paper`` or ``bias_free``: what `responses` are.
    """

    problem: MaskProblem
    nodes: np.ndarray
    responses: np.ndarray
    response: str


def top_k_nodes(attribution: np.ndarray, k: int, *, positive_only: bool = True) -> np.ndarray:
    """Nodes with the highest attribution, the set ``D^k`` of the paper.

    Parameters
    ----------
    attribution : numpy.ndarray, any shape
        Attribution of every node of the first layer, for one input.
    k : int
        How many nodes to take.
    positive_only : bool
        Leave out nodes without positive attribution (the paper's choice); fewer than `k` may
        then be returned.

    Returns
    -------
    numpy.ndarray of int64, shape (at most k,)
        Flat indices, highest attribution first; ties go to the lower index.

    Raises
    ------
    SmugError
        If `k` does not fit the layer, the attribution is not finite, or no node is positive.
    """
    scores = np.asarray(attribution, np.float64).ravel()
    check_top_k(k, scores.size)
    if not np.isfinite(scores).all():
        raise SmugError(
            "the attribution holds NaN or infinite values; check the model's input "
            "and the log of the attribution"
        )
    # Sorting only what can be chosen: a first layer has 400,000 nodes, k is 3000.
    least = np.partition(scores, scores.size - k)[scores.size - k]
    candidates = np.flatnonzero(scores >= least)
    nodes = candidates[np.argsort(-scores[candidates], kind="stable")][:k]
    if not positive_only:
        return nodes
    nodes = nodes[scores[nodes] > 0]
    if not nodes.size:
        raise SmugError(
            f"none of the {scores.size} nodes has a positive attribution; the class score does "
            "not depend on the first layer here: try another target or more steps"
        )
    return nodes


def check_top_k(k: int, nodes: int) -> None:
    """Refuse a number of top nodes that a layer does not have."""
    if not 1 <= k <= nodes:
        raise SmugError(f"top_k={k} is outside [1, {nodes}], the nodes of the layer; change top_k")


def without_padding(layer: LinearMap, attribution: np.ndarray, padding: np.ndarray) -> np.ndarray:
    """Set the attribution of nodes that see nothing but padding to 0, so that none is chosen.

    Windows of padding all give the same response, and a maximum over windows shares its gradient
    out among equals: they would fill ``D^k`` with nodes that no word takes part in.

    Parameters
    ----------
    layer : LinearMap
    attribution : numpy.ndarray, shape (*layer.output_shape)
    padding : numpy.ndarray of bool, shape ``layer.spatial``
    """
    if not padding.any():
        return attribution
    # All filters of a place see the same.
    places = np.arange(layer.size // layer.kernel.shape[-1])
    fields = receptive_fields(layer, layer.nodes_at(places, np.zeros_like(places)))
    sees = ((fields >= 0) & ~padding.ravel()[fields]).any(axis=1)
    of_nodes = sees[layer.places_of(np.arange(layer.size))]
    return np.where(of_nodes.reshape(layer.output_shape), attribution, 0)


def mask_grid(spatial: tuple[int, ...], window: int) -> tuple[int, ...]:
    """Shape of the mask grid: windows of ``window`` pixels (words) a side, the last ones cut off.

    Raises
    ------
    SmugError
        If the window is not in ``[1, smallest side]``.
    """
    if not 1 <= window <= min(spatial):
        raise SmugError(
            f"window={window} is outside [1, {min(spatial)}] for an input of "
            f"{' × '.join(map(str, spatial))}; change window"
        )
    return tuple(-(-side // window) for side in spatial)


def expand_mask(mask: np.ndarray, spatial: tuple[int, ...], window: int) -> np.ndarray:
    """Blow a mask over the grid of windows up to pixels (words), shape ``spatial``."""
    mask = np.asarray(mask)
    grid = mask_grid(spatial, window)
    if mask.shape != grid:
        raise SmugError(f"mask has shape {mask.shape}; window={window} on {spatial} needs {grid}")
    for axis, side in enumerate(spatial):
        mask = np.repeat(mask, window, axis=axis).take(np.arange(side), axis=axis)
    return mask


def shrink_mask(mask: np.ndarray, window: int) -> np.ndarray:
    """Windows that hold a kept pixel (word), shape ``mask_grid(mask.shape, window)``."""
    for axis, side in enumerate(mask.shape):
        mask = np.logical_or.reduceat(mask, np.arange(0, side, window), axis=axis)
    return mask


def encode_first_layer(
    layer: LinearMap,
    x: np.ndarray,
    nodes: np.ndarray,
    *,
    window: int,
    gamma: float,
    margin: float = 1e-4,
    response: str = "auto",
    fixed: np.ndarray | None = None,
    replacement: np.ndarray | None = None,
    fields: np.ndarray | None = None,
) -> EncodedMask:
    """Encode "keep more than gamma of every chosen node's response" as a sparse problem.

    ``(W1 (X * M) + b1)_i > gamma o_i`` for every node ``i`` of `nodes` with ``o_i > 0``
    (Sahoo et al. 2021, section 3). Channels of a pixel, features of a word, and the pixels of
    a window share one variable. Where removed positions become R instead of 0, the constraint
    stays linear: ``(W1 R + W1 ((X - R) * M) + b1)_i > gamma o_i``.

    Parameters
    ----------
    layer : LinearMap
    x : numpy.ndarray
        The one tensor that enters the layer: image, word embeddings or flat vector.
    nodes : numpy.ndarray of int, shape (k,)
        Flat node indices, as :func:`top_k_nodes` returns them.
    window : int
        Side of a mask window in pixels (words).
    gamma, margin : float
        See :class:`~smug.masks.problem.MaskProblem`.
    response : {"auto", "paper", "bias_free"}
        See :func:`~smug.masks.linear.node_responses`.
    fixed : numpy.ndarray of bool, shape ``layer.spatial``, optional
        Positions that are always kept and never counted (padding words): what they contribute
        becomes part of the rows' offset.
    replacement : numpy.ndarray, shaped like `x`, optional
        R, what a removed position holds: zeros by default (the paper's choice), see
        :mod:`smug.masks.replacement`.
    fields : numpy.ndarray of int, shape (k, taps), optional
        The nodes' :func:`~smug.masks.linear.receptive_fields`, where they are known.

    Raises
    ------
    SmugError
        For settings out of range, input that does not fit, or when no constraint or no free
        variable is left.
    """
    nodes = layer.check_nodes(nodes)
    grid = mask_grid(layer.spatial, window)
    fields = receptive_fields(layer, nodes) if fields is None else fields
    terms = contributions(layer, x, nodes, fields)
    total, constant, positive = node_responses(layer, nodes, terms, response)
    if not positive.any():
        raise SmugError(
            f"none of the {len(nodes)} chosen nodes of layer {layer.name!r} has a positive "
            f"response ({layer.resolve_response(response)}); raise top_k or change "
            "response"
        )
    nodes, fields, terms, total, constant = (
        part[positive] for part in (nodes, fields, terms, total, constant)
    )
    if replacement is not None:
        without = contributions(layer, replacement, nodes, fields)
        constant, terms = constant + without.sum(axis=1), terms - without
    free = fields >= 0
    if fixed is not None:
        held = _check_fixed(fixed, layer)[fields] & free
        constant = constant + np.where(held, terms, 0.0).sum(axis=1)
        free &= ~held
    cells = _cell_of_position(layer.spatial, grid, window)[fields]
    occurs = np.zeros(int(np.prod(grid)), bool)
    occurs[cells[free]] = True
    groups = np.flatnonzero(occurs)
    if not groups.size:
        raise SmugError(
            f"nothing to mask: every position that the {len(nodes)} chosen nodes of layer "
            f"{layer.name!r} see is fixed (an input of padding only?)"
        )
    column = np.cumsum(occurs) - 1
    row, _ = np.nonzero(free)
    A = sparse.csr_array(
        ((terms / total[:, None])[free], (row, column[cells[free]])),
        shape=(len(nodes), groups.size),
    )
    A.eliminate_zeros()
    problem = MaskProblem(A, gamma, margin, offset=constant / total, groups=groups, grid=grid)
    return EncodedMask(problem, nodes, total, layer.resolve_response(response))


def _check_fixed(fixed: np.ndarray, layer: LinearMap) -> np.ndarray:
    fixed = np.asarray(fixed)
    if fixed.shape != layer.spatial or fixed.dtype != bool:
        raise SmugError(
            f"fixed has shape {fixed.shape} and type {fixed.dtype}; layer {layer.name!r} needs "
            f"booleans of shape {layer.spatial}"
        )
    return fixed.ravel()


def _cell_of_position(spatial: tuple[int, ...], grid: tuple[int, ...], window: int) -> np.ndarray:
    """Flat grid cell of every flat position."""
    axes = np.meshgrid(*(np.arange(side) // window for side in spatial), indexing="ij")
    return np.ravel_multi_index(tuple(axes), grid).ravel()
