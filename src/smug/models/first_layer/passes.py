"""Run the part of a model between two of its tensors, to ask a layer what it really answers."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from smug.errors import SmugError, reason
from smug.models import backend, rewire
from smug.models.rewire import Run


class Place(NamedTuple):
    """A tensor inside a model: what enters (``side="input"``) or leaves (``"output"``) a run.

    Without a run it is the model's own input.
    """

    run: Run | None
    side: str


def run_between(
    model: keras.Model,
    x: Any,
    start: Place,
    entering: Any,
    stop: Place,
    *,
    linear: Any = None,
) -> np.ndarray:
    """Run the part of a model between two tensors, at once and without a trace.

    Parameters
    ----------
    model : keras.Model
    x : array-like, shape (batch, ...)
        Inputs of the model, for whatever does not come from `start`.
    start : Place
        Tensor that `entering` takes the place of.
    entering : array-like, shape (n, ...)
        Any number of values for it.
    stop : Place
        Tensor to answer; the pass ends there.
    linear : keras.layers.Layer, optional
        Layer that runs without its own activation.

    Returns
    -------
    numpy.ndarray, shape (n, ...)
    """

    def replaced(tensor: Any) -> Any:
        return keras.ops.cast(entering, rewire.type_of(tensor))

    def between(op: Any) -> Callable:
        original, runs = op.call, itertools.count()

        def call(*args: Any, **kwargs: Any) -> Any:
            run = Run(op, next(runs))
            if (run, "input") == start:
                args, kwargs = _with_first(replaced, args, kwargs)
            if (run, "input") == stop:
                raise rewire.Reached(rewire.tensors(args, kwargs)[0])
            output = original(*args, **kwargs)
            if (run, "output") == start:
                output = replaced(output)
            if (run, "output") == stop:
                raise rewire.Reached(output)
            return output

        return call

    if start.run is None:
        x = entering
    ops = {place.run.op for place in (start, stop) if place.run is not None}
    with (
        rewire.substituted({op: between(op) for op in ops}),
        backend.ignoring_functions(),
        rewire.without_activation(linear),
    ):
        try:
            model(keras.ops.convert_to_tensor(rewire.as_batch(model, x)), training=False)
        except rewire.Reached as reached:
            return float32(reached.tensor)
        except SmugError:
            raise
        except Exception as error:  # whatever the layers of a user's model raise
            raise SmugError(
                f"what model {model.name!r} computes before layer "
                f"{stop.run.name if stop.run else ''!r} takes its own values only, so that masks "
                f"cannot be traced back through it ({reason(error)}); explain the part of the "
                "model behind, or use a method that asks nothing of the first layer, such as "
                "integrated_gradients or sis"
            ) from error
    raise SmugError(f"layer {stop.run.name if stop.run else ''!r} does not run on this input")


def _with_first(change: Callable[[Any], Any], args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    """Arguments of a call with their first tensor changed."""
    flat = keras.tree.flatten((args, kwargs))
    first = next(i for i, value in enumerate(flat) if keras.ops.is_tensor(value))
    flat[first] = change(flat[first])
    return keras.tree.pack_sequence_as((args, kwargs), flat)


def float32(tensor: Any) -> np.ndarray:
    """Values of a tensor as float32."""
    return np.asarray(keras.ops.convert_to_numpy(tensor), np.float32)
