"""Backward selection of Carter et al. (2019) compiled with the network: many steps in one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from tqdm import tqdm

from smug.attribution.gradients import repeated
from smug.attribution.sufficient_subsets import Order
from smug.models import backend, rewire
from smug.models.axes import Axes
from smug.models.backend import Spec

# Runs of the model in one call, between two looks at the progress.
_RUNS = 20_000


@dataclass(frozen=True)
class Masked:
    """One input to a model, whose positions can be masked.

    Parameters
    ----------
    model : keras.Model
    site : keras.layers.Layer or None
        Layer whose output is masked; None: the input itself.
    axes : Axes
        Of that tensor.
    x : numpy.ndarray, shape (1, ...)
        The input.
    points : numpy.ndarray, shape (1, ...)
        The tensor that is masked.
    replacement : numpy.ndarray, shaped and typed like `points`
        What masked positions hold.
    maskable : numpy.ndarray of bool, shape (n,)
        Positions that may be masked, in the order of the axes.
    """

    model: keras.Model
    site: Any
    axes: Axes
    x: np.ndarray
    points: np.ndarray
    replacement: np.ndarray
    maskable: np.ndarray

    def outputs(self, present: np.ndarray) -> np.ndarray:
        """Outputs with the positions of some masks in place, ``(k, n)`` to ``(k, classes)``."""
        spatial = self.axes.shape(self.points)
        shown = self.axes.from_last((present | ~self.maskable).reshape(-1, *spatial, 1))
        points = np.where(shown, self.points, self.replacement)
        if self.site is None:
            return rewire.outputs_of(self.model, points)
        same = np.repeat(self.x, len(points), axis=0)
        return rewire.outputs_from(self.model, self.site, same, points)

    def back_select(
        self, present: np.ndarray, target: int, *, side: float, ties: float, batch: int
    ) -> Order:
        """Order of masking, and the signed scores after each step.

        Parameters
        ----------
        present : numpy.ndarray of bool, shape (n,)
            Positions in place at the start, maskable ones only.
        target : int
            Class whose score is to stay high (``side`` 1) or low (-1).
        side, ties, batch
            Of :func:`~smug.attribution.sufficient_subsets.sufficient_subsets`, whose steps these
            are, with the same inputs in the same batches.
        """
        run = self._compiled(batch)
        arrays = (self.x, self.points, self.replacement, self.maskable)
        constants = tuple(ops.convert_to_tensor(array) for array in arrays)
        state = ops.convert_to_tensor(present | ~self.maskable)
        left = int(np.count_nonzero(present))
        order: list[int] = []
        values: list[float] = []
        with tqdm(total=left, desc="positions", disable=None, leave=False, delay=1.0) as bar:
            while left:
                steps = min(left, max(1, _RUNS // left))
                state, chosen, scores = run(*constants, state, target, side, ties, steps)
                order += ops.convert_to_numpy(chosen)[:steps].tolist()
                values += ops.convert_to_numpy(scores)[:steps].tolist()
                left -= steps
                bar.update(steps)
        return order, values

    def _compiled(self, batch: int) -> Callable[..., Any]:
        points, mask = Spec.of(self.points), Spec.of(self.maskable)
        signature = (
            *(Spec.of(self.x), points, points, mask, mask),
            *(Spec((), kind) for kind in ("int64", "float64", "float64", "int64")),
        )
        key = ("back_select", self.site, self.axes.channels, batch, *signature)

        def build() -> Callable[..., Any]:
            run = _steps(self.model, self.site, self.axes, batch)
            return rewire.traced(self.model, run, signature)

        return rewire.compiled(self.model, key, build)


def _steps(model: keras.Model, site: Any, axes: Axes, batch: int) -> Callable[..., Any]:
    """Function that masks some positions, one after the other; see :meth:`Masked.back_select`."""

    def run(
        x: Any,
        points: Any,
        replacement: Any,
        maskable: Any,
        present: Any,
        target: Any,
        side: Any,
        ties: Any,
        steps: Any,
    ) -> tuple[Any, Any, Any]:
        def scores_without(present: Any, candidates: Any) -> Any:
            places = ops.arange(maskable.shape[0], dtype=candidates.dtype)
            kept = present[None] & (candidates[:, None] != places)
            inputs = ops.where(_laid_out(kept, axes, points), points, replacement)
            outputs = rewire.run_from(model, site, repeated(x[0], candidates), inputs)
            column = outputs[:, 0] if outputs.shape[1] == 1 else ops.take(outputs, target, axis=1)
            return side * ops.cast(column, side.dtype)

        return backend.removals(scores_without, present, maskable, ties, batch, steps)

    return run


def _laid_out(kept: Any, axes: Axes, points: Any) -> Any:
    """Masks, shape (k, n), as they apply to all channels of a tensor; see Axes.from_last."""
    kept = ops.reshape(kept, (-1, *axes.shape(points), 1))
    if axes.channels is None:
        return kept[..., 0]
    order = list(range(points.ndim - 1))
    order.insert(axes.channels, points.ndim - 1)
    return ops.transpose(kept, order)
