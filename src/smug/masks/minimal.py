"""SMUG's chain on arrays: nodes, problem, solution, mask, scores (Sahoo et al. 2021, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from smug.masks.encode import (
    EncodedMask,
    encode_first_layer,
    expand_mask,
    shrink_mask,
    top_k_nodes,
    without_padding,
)
from smug.masks.linear import LinearMap, receptive_fields
from smug.masks.problem import MaskSolution, Progress
from smug.masks.replacement import replacement_of
from smug.masks.saliency import base_mask, smug_saliency
from smug.masks.solvers import solve


@dataclass(frozen=True)
class ChosenNodes:
    """The nodes ``D^k`` of one input, with all that its mask and its scores ask of them.

    Parameters
    ----------
    layer : LinearMap
    values : numpy.ndarray, shape (*layer.output_shape)
        Value of every node, by which the top ones are chosen and scored.
    padding : numpy.ndarray of bool, shape ``layer.spatial``
        Positions that are never masked, scored or counted.
    nodes : numpy.ndarray of int64, shape (k,)
        Flat indices, highest value first.
    fields : numpy.ndarray of int64, shape (k, taps)
        :func:`~smug.masks.linear.receptive_fields` of the nodes.
    """

    layer: LinearMap
    values: np.ndarray
    padding: np.ndarray
    nodes: np.ndarray
    fields: np.ndarray

    @classmethod
    def of(
        cls, layer: LinearMap, values: np.ndarray, padding: np.ndarray, nodes: np.ndarray
    ) -> ChosenNodes:
        """Take nodes that were chosen before."""
        return cls(layer, values, padding, nodes, receptive_fields(layer, nodes))

    @classmethod
    def top(cls, layer: LinearMap, values: np.ndarray, padding: np.ndarray, k: int) -> ChosenNodes:
        """Choose the nodes of the highest positive value that see more than padding.

        See :func:`~smug.masks.encode.top_k_nodes`.
        """
        nodes = top_k_nodes(without_padding(layer, values, padding), k)
        return cls.of(layer, values, padding, nodes)

    def base_mask(self, window: int) -> np.ndarray:
        """SMUG_base's mask, see :func:`~smug.masks.saliency.base_mask`."""
        return base_mask(self.layer, self.nodes, window, self.padding, fields=self.fields)

    def scores(self, mask: np.ndarray, *, scoring: str) -> np.ndarray:
        """Scores of what a mask keeps, see :func:`~smug.masks.saliency.smug_saliency`."""
        return smug_saliency(
            self.layer, self.values, self.nodes, mask, scoring=scoring, fields=self.fields
        )


@dataclass(frozen=True)
class MinimalMask:
    """The smallest mask of one input, with every step on the way.

    Parameters
    ----------
    chosen : ChosenNodes
    encoded : EncodedMask
        The mask problem, and the nodes that have a row in it.
    solution : MaskSolution
        Answer of the solver; read its status first.
    window : int
        Side of a mask window in pixels (words).
    replacement : numpy.ndarray, optional
        What removed positions hold, shaped like the layer's input; None stands for zeros.
    encode_seconds : float
        Time to choose the nodes and to set the problem up.
    """

    chosen: ChosenNodes
    encoded: EncodedMask
    solution: MaskSolution
    window: int
    replacement: np.ndarray | None
    encode_seconds: float

    @property
    def found(self) -> bool:
        """True if there is a mask."""
        return bool(np.isfinite(self.solution.objective))

    @property
    def mask(self) -> np.ndarray:
        """Kept pixels (words), padding left out: bool of shape ``layer.spatial``.

        All False where no mask was found.
        """
        return self._on_input(self.solution.mask)

    @property
    def masks(self) -> list[np.ndarray]:
        """All masks of that size that were found, :attr:`mask` first; none without a mask."""
        return [self._on_input(mask) for mask in self.solution.masks]

    def parts(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Parts of the layer's input that the mask keeps and removes, each shaped like `x`.

        Padding stays in both; the other removed positions hold the replacement.
        """
        return masked(self.chosen, self.mask, x, self.replacement)

    def _on_input(self, mask: np.ndarray) -> np.ndarray:
        chosen = self.chosen
        grid = self.encoded.problem.grid_mask(mask)
        return expand_mask(grid, chosen.layer.spatial, self.window) & ~chosen.padding


def masked(
    chosen: ChosenNodes, mask: np.ndarray, x: np.ndarray, replacement: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Parts of the layer's input that a mask keeps and removes, see :meth:`MinimalMask.parts`.

    Parameters
    ----------
    chosen : ChosenNodes
    mask : numpy.ndarray of bool, shape ``layer.spatial``
    x : numpy.ndarray
        The tensor that masks act on.
    replacement : numpy.ndarray, shaped like `x`, optional
        Zeros by default.
    """
    layer, parts = chosen.layer, []
    nothing = layer.masked(np.zeros_like(x), mask)
    for part in (mask, ~mask):
        kept = part | chosen.padding
        values = layer.masked(x, kept)
        if replacement is not None:
            # What no mask moves, such as a border of constants, stands in both terms.
            values = values + layer.masked(replacement, ~kept) - nothing
        parts.append(values)
    return parts[0], parts[1]


def minimal_mask(
    layer: LinearMap,
    x: np.ndarray,
    values: np.ndarray,
    padding: np.ndarray,
    *,
    top_k: int,
    gamma: float,
    window: int,
    margin: float = 1e-4,
    response: str = "auto",
    replacement: str | float | np.ndarray = "zero",
    solver: str = "auto",
    time_limit: float = 60.0,
    start: np.ndarray | None = None,
    solutions: int = 1,
    seed: int = 0,
    threads: int = 1,
    progress: Progress | None = None,
) -> MinimalMask:
    """Choose the top nodes of one input and find the smallest mask that keeps their responses.

    Parameters
    ----------
    layer : LinearMap
    x : numpy.ndarray
        The one tensor that enters the layer.
    values : numpy.ndarray, shape (*layer.output_shape)
        Value of every node, such as its Integrated Gradients.
    padding : numpy.ndarray of bool, shape ``layer.spatial``
        Positions that are never masked, scored or counted.
    top_k : int
        Number of nodes.
    gamma, window, margin, response
        See :func:`smug.masks.encode.encode_first_layer`.
    replacement : {"zero", "mean", "blur"}, float or numpy.ndarray
        What a removed position holds, see :func:`smug.masks.replacement.replacement_of`.
    start : numpy.ndarray of bool, shape ``layer.spatial``, optional
        Mask over the input to start from, such as that of a larger gamma.
    solver, time_limit, solutions, seed, threads, progress
        See :func:`smug.masks.solvers.solve`.

    Raises
    ------
    SmugError
        For settings that do not fit, or where there is nothing to mask.
    """
    begin = perf_counter()
    chosen = ChosenNodes.top(layer, values, padding, top_k)
    instead = replacement_of(layer, x, padding, replacement)
    encoded = encode_first_layer(
        layer,
        x,
        chosen.nodes,
        window=window,
        gamma=gamma,
        margin=margin,
        response=response,
        fixed=padding,
        replacement=instead,
        fields=chosen.fields,
    )
    encode_seconds = perf_counter() - begin
    problem = encoded.problem
    solution = solve(
        problem,
        solver=solver,
        time_limit=time_limit,
        start=None if start is None else shrink_mask(start, window).ravel()[problem.groups],
        solutions=solutions,
        seed=seed,
        threads=threads,
        progress=progress,
    )
    return MinimalMask(chosen, encoded, solution, window, instead, encode_seconds)
