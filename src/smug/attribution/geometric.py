"""Geometrically Guided Integrated Gradients and its ensemble (Rahman, Lewis & Plis 2022)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from smug.attribution.gradients import attribution_site, repeated, score_gradient
from smug.attribution.inputs import checked
from smug.attribution.integrated_gradients import baselines
from smug.attribution.scores import class_scores
from smug.errors import SmugError
from smug.limits import check
from smug.models import backend, rewire
from smug.models.backend import Spec
from smug.models.batches import Batches
from smug.models.perturb import perturbed, same_class

# A member of the ensemble is drawn this often before its noise is halved, and this often in all.
_DRAWS_PER_NOISE = 3
_DRAWS = 60


@dataclass(frozen=True)
class _Settings:
    points: int
    ascent_steps: int
    step_size: float
    batch_size: int | str

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            check(name, value)


@checked
def ggig(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    *,
    baseline: str | float | np.ndarray = "zero",
    input_range: tuple[float | np.ndarray, float | np.ndarray] = (0.0, 1.0),
    layer: keras.Layer | str | None = None,
    points: int = 20,
    ascent_steps: int = 3,
    step_size: float = 0.05,
    batch_size: int | str = 10,
) -> np.ndarray:
    """Explore the class score around the straight path and keep each feature's largest gradient.

    Geometrically Guided Integrated Gradients (Rahman, Lewis & Plis 2022): from scaled versions
    ``x_t = x' + t (x - x')`` of the input, a few steps of gradient ascent on the class score;
    ``A_i = (x_i - x'_i) g_i`` with ``g_i`` the largest in magnitude (sign kept) of the gradients
    met. Nothing is integrated, so the map does not sum to the change of the score. Memory does
    not depend on `points`: two running extremes are all that is kept.

    The paper leaves open, and here it is: ``t = 1/points, 2/points, ..., 1``, so the input itself
    is one of the points (and no feature gets less than by gradient times input) while the
    baseline, where ReLUs sit on their kinks, is not; the gradient of the probability, not of the
    logit; steps of one length in the direction of the gradient over all features, since a
    saturated score has hardly any gradient to follow; no clipping to `input_range`; gradients
    before the first step and after the last count too; of two gradients as large, the positive.

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray, shape (batch, ...)
    target : numpy.ndarray of int, shape (batch,)
        Class whose probability is explained; a model with one output explains that output.
    baseline : {"zero", "black", "white", "both"}, float or numpy.ndarray
        Start ``x'`` of the path, as for
        :func:`smug.attribution.integrated_gradients.integrated_gradients`; ``both`` is the mean of
        the two maps.
    input_range : tuple of float
        Black and white in the values of the model's input.
    layer : keras.layers.Layer or str, optional
        Attribute to the output of this layer (or the layer of this name) instead. By default the
        input, or the embeddings of a model on integers.
    points : int
        Number of scaled versions of each input.
    ascent_steps : int
        Number of steps of ascent from each point of the path; every point costs
        ``ascent_steps + 1`` gradients.
    step_size : float
        Length of a step as a share of the input's distance ``|x - x'|`` (Euclidean).
    batch_size : int or "auto"
        Points per pass; halved where memory is not enough. ``auto``: see
        :class:`smug.models.batches.Batches`.

    Returns
    -------
    numpy.ndarray of float32, shape (batch, ...)
        Signed, shaped like the input (or like the output of `layer` or of the embedding).

    Raises
    ------
    SmugError
        For input, target, baseline or settings that do not fit.
    """
    settings = _Settings(points, ascent_steps, step_size, batch_size)
    batches = Batches(batch_size)
    layer, stop = attribution_site(model, x, layer)
    maps = []
    for value in baselines(baseline, input_range, stop.shape, layer is not None):
        start = np.broadcast_to(value, stop.shape).astype(stop.dtype)
        singles = [
            _guided_map(model, layer, x[i], start[i], stop[i], target[i], settings, batches)
            for i in range(len(x))
        ]
        maps.append(np.array(singles).reshape(stop.shape))
    return np.asarray(np.mean(maps, axis=0, dtype=np.float64)).astype(np.float32)


@checked
def geometric_ensemble(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    *,
    members: int = 5,
    noise: float = 0.05,
    tolerance: float = 0.1,
    seed: int = 0,
    baseline: str | float | np.ndarray = "zero",
    input_range: tuple[float | np.ndarray, float | np.ndarray] = (0.0, 1.0),
    layer: keras.Layer | str | None = None,
    points: int = 20,
    ascent_steps: int = 3,
    step_size: float = 0.05,
    batch_size: int | str = 10,
) -> np.ndarray:
    """Average the :func:`ggig` maps of models drawn near the trained weights.

    The companion of Rahman, Lewis & Plis (2022): models "with about the same loss". The paper
    leaves the neighbourhood open; here each weight tensor gets Gaussian noise relative to its own
    size, and a draw counts for an input if it predicts the same class (the same side of 0.5 for
    one output) and its score of the target differs by at most `tolerance`. After every 3 refused
    draws the noise of that member is halved for that input. The trained model itself is no
    member, and its weights are back at the end, whatever happens.

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray, shape (batch, ...)
    target : numpy.ndarray of int, shape (batch,)
        Class whose probability is explained; a model with one output explains that output.
    members : int
        Number of models near the trained one that are averaged.
    noise : float
        Standard deviation of the weights' change, as a share of the root mean square of each
        weight tensor.
    tolerance : float
        Largest change of the class score of `x`, in (0, 1].
    seed : int
        Seed of the noise; every input meets the same draws.
    baseline, input_range, layer, points, ascent_steps, step_size, batch_size
        As for :func:`ggig`; it runs once for each member.

    Returns
    -------
    numpy.ndarray of float32, shape (batch, ...)
        As of :func:`ggig`.

    Raises
    ------
    SmugError
        For arguments that do not fit, or if no draw comes near the trained model.
    """
    for name, value in (("members", members), ("noise", noise), ("tolerance", tolerance)):
        check(name, value)
    check("seed", seed)
    _, sites = attribution_site(model, x, layer)

    def one_map(i: int) -> np.ndarray:
        # Checked around the ensemble already.
        return inspect.unwrap(ggig)(
            model,
            x[i : i + 1],
            target[i : i + 1],
            baseline=_own_baseline(baseline, sites.shape, i),
            input_range=input_range,
            layer=layer,
            points=points,
            ascent_steps=ascent_steps,
            step_size=step_size,
            batch_size=batch_size,
        )[0]

    total = np.zeros(sites.shape)
    for member in range(members):
        _add_member(total, one_map, model, x, target, noise, tolerance, (seed, member))
    return (total / members).astype(np.float32)


def _add_member(
    total: np.ndarray,
    one_map: Callable[[int], np.ndarray],
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    noise: float,
    tolerance: float,
    seed: tuple[int, int],
) -> None:
    """Draw models until each input has met one that is near; add the input's map by that one."""
    trained, waiting = _outputs(model, x), np.arange(len(x))
    for draw in range(_DRAWS):
        if not len(waiting):
            return
        level = noise * 0.5 ** (draw // _DRAWS_PER_NOISE)
        with perturbed(model, level, seed=(*seed, draw)):
            outputs = _outputs(model, x[waiting])
            near = _near(trained[waiting], outputs, target[waiting], tolerance)
            for i in waiting[near]:
                total[i] += one_map(i)
        waiting = waiting[~near]
    if len(waiting):
        raise SmugError(
            f"{_DRAWS} draws around the model moved the score of input {waiting[0]} by more than "
            f"tolerance={tolerance}, the last with noise={level:.2g}; raise tolerance or lower "
            "noise"
        )


def _guided_map(
    model: keras.Model,
    layer: Any,
    x: np.ndarray,
    start: np.ndarray,
    stop: np.ndarray,
    target: int,
    settings: _Settings,
    batches: Batches,
) -> np.ndarray:
    """Explore from the path's points of one input; float64, shaped like them."""
    delta = stop.astype(np.float64) - start
    arrays = (x, np.asarray(target, np.int64))
    constants = tuple(ops.convert_to_tensor(array) for array in arrays)
    dtype = start.dtype
    move = ops.convert_to_tensor(np.asarray(settings.step_size * np.linalg.norm(delta), dtype))
    run = _explorer(model, layer, Spec.of(x), Spec.of(arrays[1]), Spec.of(start))
    high = low = np.zeros(start.shape, dtype)
    times = np.arange(1, settings.points + 1) / settings.points

    def explore(some: slice) -> tuple[np.ndarray, np.ndarray]:
        """Extremes so far, those around some more points among them."""
        t = times[some]
        # The last point once more changes no extreme.
        t = np.pad(t, (0, backend.spare_rows(len(t), batches.size)), "edge")
        t = t.reshape(-1, *(1,) * start.ndim)
        points = ops.convert_to_tensor((start + t * delta).astype(dtype))
        highest, lowest = high, low
        for _ in range(settings.ascent_steps + 1):
            highest, lowest, points = run(*constants, points, highest, lowest, move)
        return ops.convert_to_numpy(highest), ops.convert_to_numpy(lowest)

    for _, found in batches.over(explore, settings.points):
        high, low = found
    return np.where(high >= -low, high, low) * delta


def _explorer(model: keras.Model, layer: Any, x: Spec, target: Spec, site: Spec) -> Callable:
    """One gradient at each point: the new extremes, and the points one step up."""
    signature = (
        x,
        target,
        Spec((None, *site.shape), site.dtype),
        site,
        site,
        Spec((), site.dtype),
    )

    def run(
        x: Any, target: Any, points: Any, high: Any, low: Any, move: Any
    ) -> tuple[Any, Any, Any]:
        inputs, targets = repeated(x, points), repeated(target, points)
        gradient, _ = score_gradient(model, layer, inputs, points, targets)
        high = ops.maximum(high, ops.max(gradient, axis=0))
        low = ops.minimum(low, ops.min(gradient, axis=0))
        return high, low, points + move * _direction(gradient)

    key = ("ggig", layer, *signature)
    return rewire.compiled(model, key, lambda: rewire.traced(model, run, signature))


def _direction(gradient: Any) -> Any:
    """Each gradient of a batch at length 1; no gradient stays 0."""
    axes = tuple(range(1, gradient.ndim))
    # By the largest first: the square of a saturated score's gradient underflows.
    largest = ops.max(ops.abs(gradient), axis=axes, keepdims=True)
    gradient = ops.divide_no_nan(gradient, largest)
    length = ops.sqrt(ops.sum(ops.square(gradient), axis=axes, keepdims=True))
    return ops.divide_no_nan(gradient, length)


def _outputs(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Outputs, one input a pass: rounding in a batch could decide about a draw."""
    return np.concatenate([rewire.outputs_of(model, x[i : i + 1]) for i in range(len(x))])


def _near(
    trained: np.ndarray, outputs: np.ndarray, target: np.ndarray, tolerance: float
) -> np.ndarray:
    change = np.abs(class_scores(outputs, target) - class_scores(trained, target))
    return same_class(trained, outputs) & (change <= tolerance)


def _own_baseline(
    baseline: str | float | np.ndarray, shape: tuple[int, ...], i: int
) -> str | float | np.ndarray:
    """Pick input `i`'s baseline where there is one for each input."""
    return np.asarray(baseline)[i] if np.shape(baseline) == shape else baseline
