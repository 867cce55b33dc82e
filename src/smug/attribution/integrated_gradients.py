"""Integrated Gradients (Sundararajan et al. 2017) on the input and on the first layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from tqdm import tqdm

from smug.attribution.gradients import attribution_site, repeated, score_gradient
from smug.attribution.inputs import checked
from smug.errors import SmugError
from smug.limits import check, check_name
from smug.masks.encode import top_k_nodes
from smug.models import backend, rewire
from smug.models.backend import Spec
from smug.models.first_layer import FirstLayer, find_first_layer

# An adaptive path starts with this many intervals; consecutive estimates count as the same
# when they share this much of the top-k set.
_FIRST_INTERVALS = 8
_SAME_TOP_K = 0.95


@dataclass(frozen=True)
class IGDetails:
    """Quality of a batch of path integrals.

    Parameters
    ----------
    score, baseline_score : numpy.ndarray of float64, shape (batch,)
        Class score at the input and at the baseline (mean over the baselines of ``both``).
    completeness_error : numpy.ndarray of float64, shape (batch,)
        ``sum(attribution) - (score - baseline_score)``; 0 for an exact integral.
    steps : numpy.ndarray of int64, shape (batch,)
        Gradients computed per input.
    """

    score: np.ndarray
    baseline_score: np.ndarray
    completeness_error: np.ndarray
    steps: np.ndarray


@dataclass(frozen=True)
class PathSettings:
    """Integration of a path; see :func:`integrated_gradients`."""

    steps: int
    batch_size: int
    rule: str = "riemann"
    adaptive: bool = False
    tolerance: float = 0.02
    top_k: int | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "rule", "tolerance"):
            check(name, getattr(self, name))
        if self.adaptive and self.steps < _FIRST_INTERVALS:
            raise SmugError(
                f"steps={self.steps} leaves nothing to adapt; an adaptive path starts with "
                f"{_FIRST_INTERVALS}: raise steps"
            )


@checked
def integrated_gradients(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    *,
    baseline: str | float | np.ndarray = "zero",
    input_range: tuple[float | np.ndarray, float | np.ndarray] = (0.0, 1.0),
    layer: keras.Layer | str | None = None,
    steps: int = 200,
    rule: str = "riemann",
    batch_size: int = 10,
    adaptive: bool = False,
    tolerance: float = 0.02,
    return_details: bool = False,
) -> np.ndarray | tuple[np.ndarray, IGDetails]:
    """Integrate the gradient along the straight path from a baseline to the input.

    Equation 1 of Sundararajan et al. (2017). Memory does not depend on `steps`: gradients are
    summed as they come.

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray, shape (batch, ...)
    target : numpy.ndarray of int, shape (batch,)
        Class whose probability is explained; a model with one output explains that output.
    baseline : {"zero", "black", "white", "both"}, float or numpy.ndarray
        Start of the path, in the values of the model's input. ``black`` and ``white`` are the
        ends of `input_range`, ``both`` the mean of the two maps; an array is one baseline, or
        one per input.
    input_range : tuple of float
        Black and white in the values of the model's input.
    layer : keras.layers.Layer or str, optional
        Attribute to the output of this layer (or the layer of this name) instead. By default the
        input, or the embeddings of a model on integers (then `baseline` is a value of embeddings,
        ``zero`` or an array).
    steps : int
        Number of gradients per input and baseline; an upper limit if `adaptive`.
    rule : {"riemann", "gauss_legendre"}
        Sum of the gradients along the path. ``riemann``: midpoints of equal intervals. It
        agrees with the usual mean over evenly spaced points to O(1/steps) and leaves out the
        ends, where activations at zero sit on the kink of their ReLUs.
    batch_size : int
        Path points per pass.
    adaptive : bool
        Double the intervals (trapezoid rule, earlier gradients used again) until completeness
        and attribution change by no more than `tolerance`.
    tolerance : float
        Largest change that counts as none, relative to ``score - baseline_score`` and to the
        sum of magnitudes.
    return_details : bool
        Return the :class:`IGDetails` too.

    Returns
    -------
    numpy.ndarray of float32, shape (batch, ...)
        Signed, shaped like the input (or like the output of `layer` or of the embedding).

    Raises
    ------
    SmugError
        For input, target, baseline or settings that do not fit.
    """
    settings = PathSettings(steps, batch_size, rule, adaptive, tolerance)
    layer, stop = attribution_site(model, x, layer)
    starts = [
        np.broadcast_to(value, stop.shape).astype(stop.dtype)
        for value in baselines(baseline, input_range, stop.shape, layer is not None)
    ]
    results = [_path_integrals(model, layer, x, start, stop, target, settings) for start in starts]
    attribution = np.asarray(np.mean([result for result, _ in results], axis=0, dtype=np.float64))
    if not return_details:
        return attribution.astype(np.float32)
    details = [detail for _, detail in results]
    return attribution.astype(np.float32), IGDetails(
        details[0].score,
        np.mean([detail.baseline_score for detail in details], axis=0),
        np.mean([detail.completeness_error for detail in details], axis=0),
        np.sum([detail.steps for detail in details], axis=0),
    )


@checked
def first_layer_integrated_gradients(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    *,
    layer: FirstLayer | keras.Layer | str | None = None,
    steps: int = 200,
    rule: str = "riemann",
    batch_size: int = 10,
    adaptive: bool = False,
    tolerance: float = 0.02,
    top_k: int | None = None,
    return_details: bool = False,
) -> np.ndarray | tuple[np.ndarray, IGDetails]:
    """Attribute the class score to the first layer's activations, baseline zero.

    Step 1 of SMUG (Sahoo et al. 2021, section 3): Integrated Gradients with respect to
    ``a = ReLU(W1 x + b1)``.

    Parameters
    ----------
    model, x, target, steps, rule, batch_size, tolerance, return_details
        As for :func:`integrated_gradients`.
    layer : FirstLayer, keras.layers.Layer or str, optional
        The layer, or its name; found in the model by default.
    adaptive : bool
        Double the intervals until completeness and the set of the `top_k` nodes settle.
    top_k : int, optional
        Size of that set; without it the attribution as a whole must settle.

    Returns
    -------
    numpy.ndarray of float32, shape (batch, *layer.linear.output_shape)
    """
    settings = PathSettings(steps, batch_size, rule, adaptive, tolerance, top_k)
    if not isinstance(layer, FirstLayer):
        layer = find_first_layer(model, layer, x=x)
    attribution, details = layer_path_integrals(x, target, layer, settings)
    return (attribution, details) if return_details else attribution


def layer_path_integrals(
    x: np.ndarray, target: np.ndarray, layer: FirstLayer, settings: PathSettings
) -> tuple[np.ndarray, IGDetails]:
    """As :func:`first_layer_integrated_gradients`, for inputs and targets that were checked."""
    stop = layer.activations(x)
    start = np.zeros_like(stop)
    attribution, details = _path_integrals(
        layer.model, layer.site, x, start, stop, target, settings
    )
    return attribution.astype(np.float32), details


def baselines(
    baseline: str | float | np.ndarray,
    input_range: tuple[float | np.ndarray, float | np.ndarray],
    shape: tuple[int, ...],
    inner: bool,
) -> list[np.ndarray]:
    """Start values of the paths, each broadcastable to `shape` (batch first).

    Parameters
    ----------
    baseline, input_range
        As for :func:`integrated_gradients`.
    shape : tuple of int
        Shape of the points to attribute to, the batch first.
    inner : bool
        Whether the points are a layer's output, for which black and white mean nothing.

    Raises
    ------
    SmugError
        If the baseline has an unknown name or does not fit the shape.
    """
    if isinstance(baseline, str):
        low, high = input_range
        values: dict[str, list[Any]]
        values = {"zero": [0.0], "black": [low], "white": [high], "both": [low, high]}
        check_name("baseline", baseline)
        if inner and baseline != "zero":
            raise SmugError(
                f"baseline={baseline!r} is a value of pixels; attributing to a layer's output "
                "needs 'zero', a number or an array"
            )
        return [np.asarray(value) for value in values[baseline]]
    value = np.asarray(baseline)
    if value.shape not in ((), shape[1:], shape) or not np.isfinite(value).all():
        raise SmugError(
            f"baseline has shape {value.shape}; expected a finite number or array of shape "
            f"{shape[1:]} or {shape}"
        )
    return [value]


def _path_integrals(
    model: keras.Model,
    layer: Any,
    x: np.ndarray,
    start: np.ndarray,
    stop: np.ndarray,
    target: np.ndarray,
    settings: PathSettings,
) -> tuple[np.ndarray, IGDetails]:
    """Integrate one path per input; float64 attribution, and how well it came out."""
    attributions, rows = [], []
    for i in range(len(x)):
        path = _Path(model, layer, x[i], start[i], stop[i], target[i], settings.batch_size)
        low, high = path.scores()
        if settings.adaptive:
            attribution, steps = _adaptive(path, high - low, settings)
        else:
            attribution, steps = path.integral(*_quadrature(settings)), settings.steps
        attributions.append(attribution)
        rows.append((high, low, attribution.sum() - (high - low), steps))
    score, baseline_score, error, taken = np.array(rows, np.float64).reshape(-1, 4).T
    details = IGDetails(score, baseline_score, error, taken.astype(np.int64))
    return np.array(attributions).reshape(stop.shape), details


class _Path:
    """The straight path of one input; integrates the class score's gradient along it."""

    def __init__(
        self,
        model: keras.Model,
        layer: Any,
        x: np.ndarray,
        start: np.ndarray,
        stop: np.ndarray,
        target: int,
        batch_size: int,
    ) -> None:
        self.delta = stop.astype(np.float64) - start
        self.batch_size = batch_size
        arrays = (x, start, self.delta.astype(stop.dtype), np.asarray(target, np.int64))
        self._constants = tuple(ops.convert_to_tensor(array) for array in arrays)
        signature = tuple(Spec.of(array) for array in arrays)

        def build() -> Callable:
            points = Spec((None,), Spec.of(stop).dtype)
            run = _weighted_gradients(model, layer)
            return rewire.traced(model, run, (*signature, points, points))

        key = ("path", layer, *signature)
        self._run = rewire.compiled(model, key, build)

    def _pass(self, times: np.ndarray, weights: np.ndarray) -> tuple[Any, Any]:
        """Weighted sum of the gradients at some times, and the scores there."""
        # Points of weight 0 that fill a batch up add nothing.
        spare = (0, backend.spare_rows(len(times), self.batch_size))
        return self._run(*self._constants, np.pad(times, spare), np.pad(weights, spare))

    def scores(self) -> tuple[float, float]:
        """Class score at the start and at the end."""
        _, scores = self._pass(np.array([0, 1]), np.zeros(2))
        return float(scores[0]), float(scores[1])

    def integral(self, times: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """``delta * sum(weights * gradient(times))``, float64, shaped like the path's points."""
        total = np.zeros(self.delta.shape)
        # A bar for whoever waits at a terminal; jobs report their own progress to their logs.
        chunks = tqdm(
            _chunks(len(times), self.batch_size),
            desc="gradients",
            total=-(-len(times) // self.batch_size),
            disable=None,
            leave=False,
            delay=1.0,
        )
        for chunk in chunks:
            total += ops.convert_to_numpy(self._pass(times[chunk], weights[chunk])[0])
        return total * self.delta


def _weighted_gradients(model: keras.Model, layer: Any) -> Callable:
    def run(
        x: Any, start: Any, delta: Any, target: Any, times: Any, weights: Any
    ) -> tuple[Any, Any]:
        points = start + ops.reshape(times, (-1, *(1,) * start.ndim)) * delta
        inputs, targets = repeated(x, times), repeated(target, times)
        gradient, score = score_gradient(model, layer, inputs, points, targets)
        return ops.tensordot(weights, gradient, 1), score

    return run


def _chunks(count: int, size: int) -> Iterator[slice]:
    return (slice(first, first + size) for first in range(0, count, size))


def _quadrature(settings: PathSettings) -> tuple[np.ndarray, np.ndarray]:
    """Points in (0, 1) and weights that sum to 1."""
    if settings.rule == "riemann":
        return _midpoints(settings.steps)
    times, weights = np.polynomial.legendre.leggauss(settings.steps)
    return (times + 1) / 2, weights / 2


def _midpoints(count: int) -> tuple[np.ndarray, np.ndarray]:
    return (np.arange(count) + 0.5) / count, np.full(count, 1 / count)


def _adaptive(path: _Path, change: float, settings: PathSettings) -> tuple[np.ndarray, int]:
    """Double the intervals of the trapezoid rule until the answer settles.

    ``T(2n) = (T(n) + M(n)) / 2`` with ``M`` the midpoint rule: every gradient is used again.
    """
    n = _FIRST_INTERVALS
    weights = np.full(n + 1, 1 / n)
    weights[[0, -1]] /= 2
    estimate, steps = path.integral(np.linspace(0, 1, n + 1), weights), n + 1
    while steps + n <= settings.steps:
        finer = (estimate + path.integral(*_midpoints(n))) / 2
        steps, n = steps + n, 2 * n
        complete = abs(finer.sum() - change) <= settings.tolerance * abs(change)
        settled = complete and _same(estimate, finer, settings)
        estimate = finer
        if settled:
            break
    return estimate, steps


def _same(before: np.ndarray, after: np.ndarray, settings: PathSettings) -> bool:
    if settings.top_k is None or not (before > 0).any() or not (after > 0).any():
        return np.abs(after - before).sum() <= settings.tolerance * np.abs(after).sum()
    old, new = top_k_nodes(before, settings.top_k), top_k_nodes(after, settings.top_k)
    return len(np.intersect1d(old, new)) >= _SAME_TOP_K * max(len(old), len(new))
