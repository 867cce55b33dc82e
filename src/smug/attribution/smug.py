"""SMUG and SMUG_base: the whole way from a model and an input to a map (Sahoo et al. 2021)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from smug.attribution.gradients import gradients_and_scores
from smug.attribution.inputs import checked, word_padding
from smug.attribution.integrated_gradients import PathSettings, layer_path_integrals
from smug.attribution.sufficient import Judge, sufficient_mask
from smug.errors import warn_user
from smug.limits import check_name
from smug.masks.linear import LinearMap, random_values
from smug.masks.minimal import ChosenNodes, MinimalMask, masked, minimal_mask
from smug.masks.problem import Progress
from smug.masks.replacement import replacement_of
from smug.masks.saliency import sparsity
from smug.models.first_layer import FirstLayer, find_first_layer

#: Defaults of :func:`smug`: nodes, and pixels of a window on images of _LARGE pixels a side.
TOP_K, WINDOW, _LARGE = 3000, 4, 64
#: The same for coarse detail: few nodes, and windows of which an image has so many a side.
COARSE_TOP_K, COARSE_WINDOWS = 100, 14

#: Values ``(batch, *spatial)``, mask, and what the solver says, as ``Explanation`` has them.
Answer = tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]


@dataclass(frozen=True)
class SmugDetails:
    """One input explained by SMUG, with every step on the way.

    Parameters
    ----------
    minimal : MinimalMask
        The chosen nodes with their values (steps 1 and 2), the mask problem and its solution
        (step 3).
    confirmed : bool
        Whether a forward pass of the real layer agrees with the mask, see
        :meth:`~smug.models.first_layer.FirstLayer.confirms`; False without a mask.
    kept_score, removed_score : float
        The model's output for the class on what the mask keeps, and on what it removes; NaN
        without a mask.
    top_k, gamma
        The demand that the mask meets: as asked, or as raised for ``sufficient``.
    saliency : numpy.ndarray of float64, shape (*spatial,)
        SMUG scores (step 4); zero without a mask.
    base_mask, base_saliency : numpy.ndarray, shape (*spatial,)
        SMUG_base: the same without minimisation.
    seconds : dict of str to float
        Wall time of ``attribute``, ``encode``, ``solve``, ``confirm`` and ``score``.
    """

    minimal: MinimalMask
    confirmed: bool
    kept_score: float
    removed_score: float
    top_k: int
    gamma: float
    saliency: np.ndarray
    base_mask: np.ndarray
    base_saliency: np.ndarray
    seconds: dict[str, float]

    @property
    def mask(self) -> np.ndarray:
        """Kept pixels (words, features), padding words left out; all False without a mask."""
        return self.minimal.mask

    @property
    def sparsity(self) -> float:
        """Share of the pixels (of the words that are not padding) kept; NaN without a mask."""
        return self._share(self.mask) if self.minimal.found else float("nan")

    @property
    def base_sparsity(self) -> float:
        """The same of SMUG_base."""
        return self._share(self.base_mask)

    def _share(self, mask: np.ndarray) -> float:
        return float(sparsity(mask[np.newaxis], ~self.minimal.chosen.padding[np.newaxis])[0])


@checked
def smug(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    *,
    layer: FirstLayer | keras.Layer | str | None = None,
    top_k: int | None = None,
    gamma: float = 0.0,
    window: int | None = None,
    margin: float = 1e-4,
    response: str = "auto",
    replacement: str | float | np.ndarray = "zero",
    sufficient: float | None = None,
    ranking: str = "integrated_gradients",
    scoring: str = "sum",
    steps: int = 200,
    batch_size: int | str = 10,
    solver: str = "auto",
    time_limit: float = 60.0,
    seed: int = 0,
    threads: int = 1,
    pad_id: int | None = 0,
    return_details: bool = False,
) -> Answer | tuple[Answer, list[SmugDetails]]:
    """SMUG on a batch: attribute, choose nodes, minimise the mask, score.

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray, shape (batch, ...)
    target : numpy.ndarray of int, shape (batch,)
        Class whose probability is explained; a model with one output explains that output.
    layer : FirstLayer, keras.layers.Layer or str, optional
        The first layer, or its name; found by default. Passing it saves finding it again.
    top_k : int, optional
        Number of nodes: 3000 by default, or every node of a smaller layer.
    window : int, optional
        Side of a mask window; 4 by default on images and volumes of 64 pixels a side, else 1.
    gamma : float
        Share of its response that every chosen node must keep.
    margin : float
        Share of the response asked for on top of `gamma`: ``>`` in floating point.
    response : {"auto", "paper", "bias_free"}
        Response with the bias (``paper``) or without it; ``auto``: as the layers ask, see
        :func:`~smug.masks.linear.node_responses`.
    replacement : {"zero", "mean", "blur"}, float or numpy.ndarray
        What a removed pixel, word or feature becomes in the tensor that masks act on; see
        :func:`~smug.masks.replacement.replacement_of`.
    sufficient : float, optional
        Raise `top_k`, then `gamma`, until the model keeps this share of its score on what the mask
        keeps (:func:`~smug.attribution.sufficient.sufficient_mask`), by the rule that SIS has
        (:func:`~smug.attribution.scores.goal`). Each mask on the way is smallest for its nodes;
        `top_k` and `gamma` are where the search starts.
    ranking : {"integrated_gradients", "gradients", "activations", "random"}
        Values of the nodes, by which they are chosen and scored; the first is the paper's.
    scoring : {"sum", "max"}
        See :func:`~smug.masks.saliency.smug_saliency`.
    steps : int
        Number of points on the path of Integrated Gradients.
    batch_size : int or "auto"
        Points that the network sees at once.
    solver, time_limit, threads
        See :func:`smug.masks.solvers.solve`.
    seed : int
        Seed of the solver and of the ranking ``random``.
    pad_id : int, optional
        For models on words: the id of padding words, never masked, scored or counted.
    return_details : bool
        Return a :class:`SmugDetails` of every input too.

    Returns
    -------
    values : numpy.ndarray of float64, shape (batch, *spatial)
        SMUG scores; zero where no mask was found.
    mask : numpy.ndarray of bool, shape (batch, *spatial)
    solver : dict of str to numpy.ndarray, shape (batch,)
        ``status``, ``objective``, ``bound``, ``seconds``; ``confirmed``, ``kept_score``,
        ``removed_score``, ``top_k`` and ``gamma`` (see :class:`SmugDetails`).

    Raises
    ------
    SmugError
        For input or settings that do not fit, or when there is nothing to explain.
    """
    first = _first_layer(model, layer, x)
    default = default_settings(first.linear)
    size = default["window"] if window is None else window
    k = default["top_k"] if top_k is None else top_k
    padding = _padding(first, x, pad_id)
    demand = {"window": size, "margin": margin, "response": response, "replacement": replacement}
    search = {"solver": solver, "time_limit": time_limit, "seed": seed, "threads": threads}
    details = []
    for i in range(len(x)):
        begin, one = perf_counter(), slice(i, i + 1)
        values = _node_values(first, x[one], target[one], ranking, steps, batch_size, (seed, i))
        attributed = perf_counter()
        judge = Judge(first, x[one], int(target[i]))
        solve = partial(_solved, judge, values, padding[i], demand | search)
        if sufficient is None:
            found, nodes, share = solve(k, gamma), k, gamma
        else:
            most = max(int(np.count_nonzero(values > 0)), 1)
            enough = partial(judge.enough, keep=sufficient)
            found, nodes, share = sufficient_mask(solve, enough, k, gamma, margin, most)
        seconds = {
            "attribute": attributed - begin,
            "encode": found.encode_seconds,
            "solve": perf_counter() - attributed - found.encode_seconds,
        }
        details.append(_judged(judge, found, (nodes, share), scoring, seconds))
        if found.found and not details[-1].confirmed:
            warn_user(
                f"input {i}: a forward pass of layer {first.name!r} does not confirm the mask; the "
                "layer is not linear on this input"
            )
    answer = _answer(details, first.linear.spatial)
    return (answer, details) if return_details else answer


@checked
def smug_base(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    *,
    layer: FirstLayer | keras.Layer | str | None = None,
    top_k: int | None = None,
    window: int | None = None,
    replacement: str | float | np.ndarray = "zero",
    ranking: str = "integrated_gradients",
    scoring: str = "sum",
    steps: int = 200,
    batch_size: int | str = 10,
    seed: int = 0,
    pad_id: int | None = 0,
) -> Answer:
    """SMUG without minimisation on a batch: every receptive field of the top nodes, scored.

    Parameters
    ----------
    model, x, target, layer, top_k, window, replacement, ranking, scoring, steps, batch_size
        As for :func:`smug`.
    seed, pad_id
        As for :func:`smug`.

    Returns
    -------
    values : numpy.ndarray of float64, shape (batch, *spatial)
    mask : numpy.ndarray of bool, shape (batch, *spatial)
        See :func:`smug.masks.saliency.base_mask`.
    solver : dict of str to numpy.ndarray, shape (batch,)
        Nothing is solved; ``kept_score`` and ``removed_score`` as for :func:`smug`.
    """
    first = _first_layer(model, layer, x)
    linear, padding = first.linear, _padding(first, x, pad_id)
    default = default_settings(linear)
    size = default["window"] if window is None else window
    values, masks = np.zeros(padding.shape), np.zeros(padding.shape, bool)
    outputs = np.zeros((len(x), 2))
    for i in range(len(x)):
        one = slice(i, i + 1)
        alpha = _node_values(first, x[one], target[one], ranking, steps, batch_size, (seed, i))
        k = default["top_k"] if top_k is None else top_k
        chosen = ChosenNodes.top(linear, alpha, padding[i], k)
        masks[i] = chosen.base_mask(size)
        values[i] = chosen.scores(masks[i], scoring=scoring)
        judge = Judge(first, x[one], int(target[i]))
        instead = replacement_of(linear, judge.entering, padding[i], replacement)
        outputs[i] = judge.scores(masked(chosen, masks[i], judge.entering, instead))
    return values, masks, {"kept_score": outputs[:, 0], "removed_score": outputs[:, 1]}


def _solved(
    judge: Judge,
    values: np.ndarray,
    padding: np.ndarray,
    settings: dict[str, Any],
    top_k: int,
    gamma: float,
    start: np.ndarray | None = None,
) -> MinimalMask:
    with _in_sight() as progress:
        return minimal_mask(
            judge.layer.linear,
            judge.entering,
            values,
            padding,
            top_k=top_k,
            gamma=gamma,
            start=start,
            progress=progress,
            **settings,
        )


def _judged(
    judge: Judge,
    found: MinimalMask,
    demand: tuple[int, float],
    scoring: str,
    seconds: dict[str, float],
) -> SmugDetails:
    """Confirm a mask by forward passes, and score what it keeps."""
    begin = perf_counter()
    confirmed = judge.layer.confirms(judge.x, judge.entering, found)
    kept, removed = judge.scores(found.parts(judge.entering)) if found.found else (np.nan, np.nan)
    confirmed_at = perf_counter()
    base = found.chosen.base_mask(found.window)
    saliency, base_saliency = (
        found.chosen.scores(mask, scoring=scoring) for mask in (found.mask, base)
    )
    seconds |= {"confirm": confirmed_at - begin, "score": perf_counter() - confirmed_at}
    return SmugDetails(
        found, confirmed, kept, removed, *demand, saliency, base, base_saliency, seconds
    )


def _first_layer(
    model: keras.Model, layer: FirstLayer | keras.Layer | str | None, x: np.ndarray
) -> FirstLayer:
    return layer if isinstance(layer, FirstLayer) else find_first_layer(model, layer, x=x)


def default_settings(layer: LinearMap, detail: str = "fine") -> dict[str, int]:
    """Nodes and pixels of a window that SMUG takes on a first layer where none are given.

    Parameters
    ----------
    layer : LinearMap
    detail : {"fine", "coarse"}
        The paper's many nodes and small windows, or few nodes and large windows, whose masks show
        parts of an object where the fine ones are speckled.
    """
    check_name("detail", detail)
    image = layer.kind in ("conv2d", "conv3d")
    if detail == "coarse":
        window = max(1, round(min(layer.spatial) / COARSE_WINDOWS)) if image else 1
        return {"top_k": min(COARSE_TOP_K, layer.size), "window": window}
    large = image and min(layer.spatial) >= _LARGE
    return {"top_k": min(TOP_K, layer.size), "window": WINDOW if large else 1}


def _padding(first: FirstLayer, x: np.ndarray, pad_id: int | None) -> np.ndarray:
    """Padding words of a batch, bool of shape (batch, *spatial); none in images."""
    words = first.words and x.shape[1:] == first.linear.spatial
    return word_padding(x, first.linear.spatial, pad_id if words else None)


def _node_values(
    layer: FirstLayer,
    x: np.ndarray,
    target: np.ndarray,
    ranking: str,
    steps: int,
    batch_size: int | str,
    seed: tuple[int, int],
) -> np.ndarray:
    """Value of every node for one input, shape (*output of the layer)."""
    check_name("ranking", ranking)
    if ranking == "random":
        return random_values(layer.linear, *seed)
    if ranking == "gradients":
        return gradients_and_scores(layer.model, x, target, layer=layer.site)[0][0]
    if ranking == "activations":
        return layer.activations(x)[0].reshape(layer.linear.output_shape)
    return layer_path_integrals(x, target, layer, PathSettings(steps, batch_size))[0][0]


def _answer(details: list[SmugDetails], spatial: tuple[int, ...]) -> Answer:
    solutions = [found.minimal.solution for found in details]
    shape = (len(details), *spatial)
    return (
        np.array([found.saliency for found in details], float).reshape(shape),
        np.array([found.mask for found in details], bool).reshape(shape),
        {
            "status": np.array([str(s.status) for s in solutions], np.str_),
            "objective": np.array([s.objective for s in solutions], float),
            "bound": np.array([s.bound for s in solutions], float),
            "seconds": np.array([s.seconds for s in solutions], float),
            "confirmed": np.array([found.confirmed for found in details], bool),
            "kept_score": np.array([found.kept_score for found in details], float),
            "removed_score": np.array([found.removed_score for found in details], float),
            "top_k": np.array([found.top_k for found in details], np.int64),
            "gamma": np.array([found.gamma for found in details], float),
        },
    )


@contextmanager
def _in_sight() -> Iterator[Progress | None]:
    """Show the state of the search on a terminal's stderr, in a line that is gone at the end.

    Without a terminal nobody watches, and the solver is spared the calls.
    """
    with tqdm(desc="solving", bar_format="{desc} {elapsed}", disable=None, leave=False) as line:

        def report(_: float, objective: float, bound: float) -> None:
            line.set_description_str(
                f"solving: {objective:.0f} windows, proven at least {bound:.0f}"
            )

        yield None if line.disable else report
