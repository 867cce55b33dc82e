"""Backward selection of Carter et al. (2019) inside TensorFlow: many steps in one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from smug.attribution.sufficient_subsets import Order
from smug.models import rewire
from smug.models.axes import Axes

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
        run = self._compiled()
        x, points = tf.constant(self.x), tf.constant(self.points)
        replacement = tf.constant(self.replacement)
        state = tf.constant(present | ~self.maskable)
        left = int(np.count_nonzero(present))
        free = tf.constant(self.maskable)
        order: list[int] = []
        values: list[float] = []
        with tqdm(total=left, desc="positions", disable=None, leave=False, delay=1.0) as bar:
            while left:
                steps = min(left, max(1, _RUNS // left))
                state, chosen, scores = run(
                    *(x, points, replacement, state, free, target, side, ties, batch, steps)
                )
                order += chosen.numpy().tolist()
                values += scores.numpy().tolist()
                left -= steps
                bar.update(steps)
        return order, values

    def _compiled(self) -> Callable[..., Any]:
        signature = (
            tf.TensorSpec(self.x.shape, self.x.dtype),
            *(tf.TensorSpec(self.points.shape, self.points.dtype) for _ in range(2)),
            *(tf.TensorSpec(self.maskable.shape, tf.bool) for _ in range(2)),
            *(tf.TensorSpec((), kind) for kind in (tf.int64, tf.float64, tf.float64)),
            *(tf.TensorSpec((), kind) for kind in (tf.int64, tf.int64)),
        )
        key = ("back_select", self.site, self.axes.channels, *signature)
        return rewire.compiled(
            self.model,
            key,
            lambda: rewire.traced(_steps(self.model, self.site, self.axes), signature),
        )


def _steps(model: keras.Model, site: Any, axes: Axes) -> Callable[..., Any]:
    """Function that masks some positions, one after the other; see :meth:`Masked.back_select`."""

    def run(
        x: tf.Tensor,
        points: tf.Tensor,
        replacement: tf.Tensor,
        present: tf.Tensor,
        maskable: tf.Tensor,
        target: tf.Tensor,
        side: tf.Tensor,
        ties: tf.Tensor,
        batch: tf.Tensor,
        steps: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        count = maskable.shape[0]

        def scores_without(present: tf.Tensor, candidates: tf.Tensor) -> tf.Tensor:
            kept = present[tf.newaxis] & (
                candidates[:, tf.newaxis] != tf.range(count, dtype=tf.int64)
            )
            inputs = tf.where(_laid_out(kept, axes, points), points, replacement)
            same = tf.repeat(x, tf.shape(candidates)[0], axis=0)
            outputs = rewire.run_from(model, site, same, inputs)
            column = tf.gather(outputs, target if outputs.shape[1] > 1 else 0, axis=1)
            return side * tf.cast(column, tf.float64)

        def step(
            number: tf.Tensor, present: tf.Tensor, order: tf.TensorArray, values: tf.TensorArray
        ) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray, tf.TensorArray]:
            candidates = tf.where(present & maskable)[:, 0]
            size = tf.shape(candidates, tf.int64)[0]
            parts = tf.TensorArray(tf.float64, size=0, dynamic_size=True, infer_shape=False)

            def part(i: tf.Tensor, parts: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
                rows = candidates[i * batch : (i + 1) * batch]
                return i + 1, parts.write(tf.cast(i, tf.int32), scores_without(present, rows))

            _, parts = tf.while_loop(
                lambda i, _: i * batch < size, part, (tf.constant(0, tf.int64), parts)
            )
            scores = parts.concat()
            best = tf.where(scores >= tf.reduce_max(scores) - ties)[0, 0]
            place = tf.cast(number, tf.int32)
            present = present & (tf.range(count, dtype=tf.int64) != candidates[best])
            order, values = order.write(place, candidates[best]), values.write(place, scores[best])
            return number + 1, present, order, values

        arrays = [
            tf.TensorArray(kind, size=tf.cast(steps, tf.int32)) for kind in (tf.int64, tf.float64)
        ]
        _, present, order, values = tf.while_loop(
            lambda number, *_: number < steps,
            step,
            (tf.constant(0, tf.int64), present, *arrays),
            parallel_iterations=1,
        )
        return present, order.stack(), values.stack()

    return run


def _laid_out(kept: tf.Tensor, axes: Axes, points: tf.Tensor) -> tf.Tensor:
    """Masks, shape (k, n), as they apply to all channels of a tensor; see Axes.from_last."""
    kept = tf.reshape(kept, [-1, *axes.shape(points), 1])
    if axes.channels is None:
        return kept[..., 0]
    order = list(range(points.shape.rank - 1))
    order.insert(axes.channels, points.shape.rank - 1)
    return tf.transpose(kept, order)
