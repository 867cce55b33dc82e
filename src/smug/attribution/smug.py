"""SMUG and SMUG_base: the whole way from a model and an input to a map (Sahoo et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from smug.attribution.integrated_gradients import first_layer_integrated_gradients
from smug.errors import SmugError
from smug.masks.encode import (
    EncodedMask,
    encode_first_layer,
    expand_mask,
    top_k_nodes,
    without_padding,
)
from smug.masks.linear import LinearMap
from smug.masks.problem import MaskProblem, MaskSolution
from smug.masks.saliency import base_mask, smug_saliency, sparsity
from smug.masks.solvers import solve
from smug.models import rewire
from smug.models.first_layer import FirstLayer, find_first_layer

#: Defaults of :func:`smug`: nodes, and pixels of a window on images of _LARGE pixels a side.
TOP_K, WINDOW, _LARGE = 3000, 4, 64


@dataclass(frozen=True)
class SmugExplanation:
    """One input explained by SMUG, with every step on the way.

    Parameters
    ----------
    target : int
        The class explained.
    attribution : numpy.ndarray of float32, shape (*output of the first layer)
        Integrated Gradients of its activations (step 1).
    nodes : numpy.ndarray of int64, shape (at most top_k,)
        ``D^k``: flat indices of the nodes with the highest attribution (step 2).
    encoded : EncodedMask
        The mask problem, and the nodes that have a row in it (step 3).
    solution : MaskSolution
        What the solver found; read its status first.
    mask : numpy.ndarray of bool, shape (*spatial,), or None
        Kept pixels (words, features), padding words left out; None without a mask.
    saliency : numpy.ndarray of float64, shape (*spatial,), or None
        SMUG scores (step 4); None without a mask.
    base_mask, base_saliency : numpy.ndarray, shape (*spatial,)
        SMUG_base: the same without minimisation.
    sparsity, base_sparsity : float
        Share of the pixels (of the words that are not padding) kept; NaN without a mask.
    seconds : dict of str to float
        Wall time of ``attribute``, ``encode``, ``solve`` and ``score``.
    """

    target: int
    attribution: np.ndarray
    nodes: np.ndarray
    encoded: EncodedMask
    solution: MaskSolution
    mask: np.ndarray | None
    saliency: np.ndarray | None
    base_mask: np.ndarray
    base_saliency: np.ndarray
    sparsity: float
    base_sparsity: float
    seconds: dict[str, float]


def explain_smug(
    model: keras.Model,
    x: np.ndarray,
    target: int | None = None,
    *,
    layer: FirstLayer | str | None = None,
    top_k: int,
    gamma: float,
    window: int,
    margin: float = 1e-4,
    response: str = "auto",
    scoring: str = "sum",
    steps: int = 200,
    batch_size: int = 10,
    solver: str = "highs",
    time_limit: float = 60.0,
    solutions: int = 1,
    seed: int = 0,
    threads: int = 1,
    pad_id: int | None = 0,
) -> SmugExplanation:
    """Explain one input with SMUG: attribute, choose nodes, minimise the mask, score.

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray
        One input, without batch axis.
    target : int, optional
        Class to explain; the predicted one by default.
    layer : FirstLayer or str, optional
        The first layer, or its name; found by default. Passing it saves finding it again.
    top_k, gamma, window, margin, response
        Nodes, fraction of their response to keep, side of a mask window; see
        :func:`~smug.masks.encode.encode_first_layer`.
    scoring : {"sum", "max"}
        See :func:`~smug.masks.saliency.smug_saliency`.
    steps, batch_size : int
        Of the Integrated Gradients.
    solver, time_limit, solutions, seed, threads
        See :func:`smug.masks.solvers.solve`.
    pad_id : int, optional
        For models on words: the id of padding words, never masked, scored or counted.

    Raises
    ------
    SmugError
        For input or settings that do not fit, or when there is nothing to explain.
    """
    begin = perf_counter()
    batch = rewire.as_batch(model, np.asarray(x)[np.newaxis]).numpy()
    if target is None:
        target = int(rewire.outputs_of(model, batch)[0].argmax())
    if not isinstance(layer, FirstLayer):
        layer = find_first_layer(model, layer, x=batch)
    linear = layer.linear
    attribution = first_layer_integrated_gradients(
        model, batch, np.array([target]), layer=layer, steps=steps, batch_size=batch_size
    )[0]
    attributed = perf_counter()
    padding = _padding(batch[0], linear, pad_id)
    nodes = top_k_nodes(without_padding(linear, attribution, padding), top_k)
    encoded = encode_first_layer(
        linear,
        layer.linear_input(batch)[0],
        nodes,
        window=window,
        gamma=gamma,
        margin=margin,
        response=response,
        fixed=padding,
    )
    ready = perf_counter()
    solution = solve_in_sight(
        encoded.problem,
        solver=solver,
        time_limit=time_limit,
        solutions=solutions,
        seed=seed,
        threads=threads,
    )
    solved = perf_counter()
    base = base_mask(linear, nodes, window, padding)
    mask = saliency = None
    if np.isfinite(solution.objective):
        chosen = encoded.problem.grid_mask(solution.mask)
        mask = expand_mask(chosen, linear.spatial, window) & ~padding
        saliency = smug_saliency(linear, attribution, nodes, mask, scoring=scoring)
    base_saliency = smug_saliency(linear, attribution, nodes, base, scoring=scoring)
    return SmugExplanation(
        target=target,
        attribution=attribution,
        nodes=nodes,
        encoded=encoded,
        solution=solution,
        mask=mask,
        saliency=saliency,
        base_mask=base,
        base_saliency=base_saliency,
        sparsity=float("nan") if mask is None else _sparsity(mask, padding),
        base_sparsity=_sparsity(base, padding),
        seconds={
            "attribute": attributed - begin,
            "encode": ready - attributed,
            "solve": solved - ready,
            "score": perf_counter() - solved,
        },
    )


def _sparsity(mask: np.ndarray, padding: np.ndarray) -> float:
    return float(sparsity(mask[np.newaxis], ~padding[np.newaxis])[0])


def _padding(x: np.ndarray, layer: LinearMap, pad_id: int | None) -> np.ndarray:
    """Find the padding words of one input, bool of shape ``layer.spatial``; none in images."""
    # Word ids are the only input whose shape lacks the layer's channel axis and has no value
    # of its own: their embeddings have.
    words = layer.channels > 1 and x.shape == layer.spatial
    if pad_id is None or not words:
        return np.zeros(layer.spatial, bool)
    padding = x == pad_id
    if padding.all():
        raise SmugError(
            f"the input holds nothing but padding (id {pad_id}); there is no word to explain"
        )
    return padding


def smug(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    *,
    layer: FirstLayer | str | None = None,
    top_k: int | None = None,
    gamma: float = 0.0,
    window: int | None = None,
    margin: float = 1e-4,
    response: str = "auto",
    scoring: str = "sum",
    steps: int = 200,
    batch_size: int = 10,
    solver: str = "highs",
    time_limit: float = 60.0,
    seed: int = 0,
    threads: int = 1,
    pad_id: int | None = 0,
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """SMUG on a batch; settings as for :func:`explain_smug`, with defaults that fit the layer.

    Parameters
    ----------
    top_k : int, optional
        3000 by default, or every node of a smaller layer.
    window : int, optional
        4 pixels by default on images of at least 64 pixels a side, else 1.

    Returns
    -------
    values : numpy.ndarray of float64, shape (batch, *spatial)
        SMUG scores; zero where no mask was found.
    mask : numpy.ndarray of bool, shape (batch, *spatial)
    solver : dict of str to numpy.ndarray, shape (batch,)
        ``status``, ``objective``, ``bound``, ``seconds``.
    """
    if not isinstance(layer, FirstLayer):
        layer = find_first_layer(model, layer, x=x)
    runs = [
        explain_smug(
            model,
            one,
            int(label),
            layer=layer,
            top_k=_default_top_k(layer.linear) if top_k is None else top_k,
            gamma=gamma,
            window=_default_window(layer.linear) if window is None else window,
            margin=margin,
            response=response,
            scoring=scoring,
            steps=steps,
            batch_size=batch_size,
            solver=solver,
            time_limit=time_limit,
            seed=seed,
            threads=threads,
            pad_id=pad_id,
        )
        for one, label in zip(x, target, strict=True)
    ]
    solutions = [run.solution for run in runs]
    none = np.zeros(layer.linear.spatial)
    return (
        np.array([none if run.saliency is None else run.saliency for run in runs]),
        np.array([none if run.mask is None else run.mask for run in runs], bool),
        {
            "status": np.array([str(s.status) for s in solutions], np.str_),
            "objective": np.array([s.objective for s in solutions], float),
            "bound": np.array([s.bound for s in solutions], float),
            "seconds": np.array([s.seconds for s in solutions], float),
        },
    )


def smug_base(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    *,
    layer: FirstLayer | str | None = None,
    top_k: int | None = None,
    scoring: str = "sum",
    steps: int = 200,
    batch_size: int = 10,
    pad_id: int | None = 0,
) -> np.ndarray:
    """SMUG without minimisation on a batch: every receptive field of the top nodes, scored.

    Returns
    -------
    numpy.ndarray of float64, shape (batch, *spatial)
    """
    if not isinstance(layer, FirstLayer):
        layer = find_first_layer(model, layer, x=x)
    linear = layer.linear
    attributions = first_layer_integrated_gradients(
        model, x, target, layer=layer, steps=steps, batch_size=batch_size
    )
    maps = []
    for one, attribution in zip(x, attributions, strict=True):
        padding = _padding(one, linear, pad_id)
        nodes = top_k_nodes(
            without_padding(linear, attribution, padding),
            _default_top_k(linear) if top_k is None else top_k,
        )
        scores = smug_saliency(linear, attribution, nodes, scoring=scoring)
        maps.append(np.where(padding, 0.0, scores))
    return np.array(maps)


def _default_top_k(layer: LinearMap) -> int:
    return min(TOP_K, layer.size)


def _default_window(layer: LinearMap) -> int:
    return WINDOW if layer.kind == "conv2d" and min(layer.spatial) >= _LARGE else 1


def solve_in_sight(problem: MaskProblem, **settings: Any) -> MaskSolution:
    """Solve as :func:`smug.masks.solvers.solve` does, with a line on a terminal's stderr."""
    with tqdm(desc="solving", bar_format="{desc} {elapsed}", disable=None, leave=False) as line:

        def report(_: float, objective: float, bound: float) -> None:
            line.set_description_str(
                f"solving: {objective:.0f} windows, proven at least {bound:.0f}"
            )

        # Without a terminal nobody watches, and the solver is spared the calls.
        return solve(problem, progress=None if line.disable else report, **settings)
