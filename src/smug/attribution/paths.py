"""Integrals of a class score's gradient along straight paths, many points of them at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike
from tqdm import tqdm

from smug.attribution.gradients import score_gradient
from smug.attribution.scores import class_scores
from smug.errors import SmugError
from smug.limits import check
from smug.masks.encode import top_k_nodes
from smug.models import backend, rewire
from smug.models.backend import Spec
from smug.models.batches import Batches

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
    """Integration of a path, see :mod:`smug.attribution.integrated_gradients`."""

    steps: int
    batch_size: int | str
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


def path_integrals(
    model: keras.Model,
    layer: Any,
    x: np.ndarray,
    start: np.ndarray,
    stop: np.ndarray,
    target: np.ndarray,
    settings: PathSettings,
) -> tuple[np.ndarray, IGDetails]:
    """Integrate one path per input.

    Parameters
    ----------
    model : keras.Model
    layer : Run, keras.layers.Layer or None
        Layer that answers the points of the paths; None: they are the model's inputs.
    x : numpy.ndarray, shape (batch, ...)
        Inputs, for whatever bypasses `layer`.
    start, stop : numpy.ndarray, shape (batch, ...)
        Ends of the paths.
    target : numpy.ndarray of int, shape (batch,)
    settings : PathSettings

    Returns
    -------
    attribution : numpy.ndarray of float64, shaped like `stop`
    details : IGDetails
    """
    batches = Batches(settings.batch_size)
    attribution, rows = np.empty(stop.shape), []

    def integrate(some: slice) -> None:
        ends = (x[some], start[some], stop[some], target[some])
        paths = _Paths(model, layer, *ends, batches, settings.steps)
        scores = paths.scores()
        if settings.adaptive:
            made, steps = _adaptive(paths, float(scores[0, 1] - scores[0, 0]), settings)
            attribution[some] = made
        else:
            attribution[some], steps = paths.integrals(_quadrature(settings)), settings.steps
        for one, (low, high) in zip(attribution[some], scores, strict=True):
            rows.append((high, low, one.sum() - (high - low), steps))

    # A path that adapts goes alone; others go together where whole paths fit in one batch.
    each = batches.size if settings.adaptive else settings.steps
    for _ in batches.over(integrate, len(x), each=each):
        pass
    score, baseline_score, error, taken = np.array(rows, np.float64).reshape(-1, 4).T
    details = IGDetails(score, baseline_score, error, taken.astype(np.int64))
    return attribution, details


class _Paths:
    """Straight paths of some inputs; integrates the class scores' gradients along them."""

    def __init__(
        self,
        model: keras.Model,
        layer: Any,
        x: np.ndarray,
        start: np.ndarray,
        stop: np.ndarray,
        target: np.ndarray,
        batches: Batches,
        steps: int,
    ) -> None:
        self.delta = stop.astype(np.float64) - start
        self.batches, self.steps = batches, steps
        self._model, self._layer, self._ends, self._target = model, layer, (start, stop), target
        arrays = (x, start, self.delta.astype(stop.dtype), np.asarray(target, np.int64))
        self._constants = tuple(ops.convert_to_tensor(array) for array in arrays)
        signature = tuple(Spec.of(array) for array in arrays)

        def build() -> Callable:
            points = Spec((2, None), Spec.of(stop).dtype)
            run = _weighted_gradients(model, layer)
            return rewire.traced(model, run, (*signature, points))

        key = ("paths", layer, *signature)
        self._run = rewire.compiled(model, key, build)

    def _pass(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weighted sums of the gradients at some points, and the scores there."""
        # Points of weight 0 that fill a batch up add nothing.
        most = min(self.batches.size // len(self.delta), self.steps)
        spare = backend.spare_rows(points.shape[1], most)
        summed, scores = self._run(*self._constants, np.pad(points, ((0, 0), (0, spare))))
        return ops.convert_to_numpy(summed), ops.convert_to_numpy(scores)

    def scores(self) -> np.ndarray:
        """Class scores at the start and at the end, float64, shape (inputs, 2)."""
        if self._layer is None:
            # Without a gradient, and compiled already for what was explained.
            outputs = [rewire.outputs_of(self._model, end) for end in self._ends]
            scores = np.stack([class_scores(one, self._target) for one in outputs], axis=1)
            return scores.astype(np.float64)
        return self._pass(_points([0.0, 1.0], [0.0, 0.0]))[1][:, :2].astype(np.float64)

    def integrals(self, points: np.ndarray) -> np.ndarray:
        """``delta * sum(weights * gradient(times))``, float64, shape (inputs, ...)."""
        total = np.zeros(self.delta.shape)

        def some(chunk: slice) -> np.ndarray:
            return self._pass(points[:, chunk])[0]

        # A bar for whoever waits at a terminal; jobs report their own progress to their logs.
        count = points.shape[1]
        with tqdm(desc="gradients", total=count, disable=None, leave=False, delay=1.0) as bar:
            for chunk, made in self.batches.over(some, count, each=len(self.delta)):
                total += made
                bar.update(chunk.stop - chunk.start)
        return total * self.delta


def _weighted_gradients(model: keras.Model, layer: Any) -> Callable:
    def run(x: Any, start: Any, delta: Any, target: Any, points: Any) -> tuple[Any, Any]:
        times, weights = points[0], points[1]
        count, inner = ops.shape(times)[0], start.shape[1:]
        along = ops.reshape(times, (1, -1, *(1,) * len(inner)))
        between = ops.expand_dims(start, 1) + along * ops.expand_dims(delta, 1)

        def each(values: Any) -> Any:
            rest = values.shape[1:]
            spread = ops.broadcast_to(values[:, None], (values.shape[0], count, *rest))
            return ops.reshape(spread, (-1, *rest))

        flat = ops.reshape(between, (-1, *inner))
        gradient, score = score_gradient(model, layer, each(x), flat, each(target))
        gradient = ops.reshape(gradient, (start.shape[0], -1, *inner))
        return ops.tensordot(weights, gradient, [[0], [1]]), ops.reshape(
            score, (start.shape[0], -1)
        )

    return run


def _points(times: ArrayLike, weights: ArrayLike) -> np.ndarray:
    """Points of a path and their weights, float64, shape (2, points)."""
    return np.array([times, weights], np.float64)


def _quadrature(settings: PathSettings) -> np.ndarray:
    """Points in (0, 1) with weights that sum to 1."""
    if settings.rule == "riemann":
        return _midpoints(settings.steps)
    times, weights = np.polynomial.legendre.leggauss(settings.steps)
    return _points((times + 1) / 2, weights / 2)


def _midpoints(count: int) -> np.ndarray:
    return _points((np.arange(count) + 0.5) / count, np.full(count, 1 / count))


def _adaptive(path: _Paths, change: float, settings: PathSettings) -> tuple[np.ndarray, int]:
    """Double the intervals of the trapezoid rule until the answer settles.

    ``T(2n) = (T(n) + M(n)) / 2`` with ``M`` the midpoint rule: every gradient is used again.
    """
    n = _FIRST_INTERVALS
    weights = np.full(n + 1, 1 / n)
    weights[[0, -1]] /= 2
    estimate, steps = path.integrals(_points(np.linspace(0, 1, n + 1), weights))[0], n + 1
    while steps + n <= settings.steps:
        finer = (estimate + path.integrals(_midpoints(n))[0]) / 2
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
