"""Compare a layer's arrays with what the layer really answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from smug.masks.linear import LinearMap
from smug.masks.rounding import rounding_share
from smug.models import backend
from smug.models.first_layer.passes import Place, run_between

# Unit roundoff by the type that a layer computes in; of larger types, that of float32.
_ROUNDOFF = {"float16": 2.0**-11, "bfloat16": 2.0**-8}


def roundoff(dtype: str) -> float:
    """Unit roundoff of sums in numbers of a type, on this machine."""
    return max(_ROUNDOFF.get(dtype, 0.0), backend.roundoff())


@dataclass(frozen=True)
class Answers:
    """The real layer as a function: from the tensor that masks act on to ``o``.

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray, shape (1, ...)
        An input of the model, for whatever else stands before `stop`.
    start, stop : Place
        Tensor that masks act on, and the responses ``o``.
    layer : keras.layers.Layer
        The linear layer; it runs without its activation.
    """

    model: keras.Model
    x: np.ndarray
    start: Place
    stop: Place
    layer: Any

    def __call__(self, entering: np.ndarray) -> np.ndarray:
        """Answer for values of the tensor that masks act on, float32, ``(n, *output shape)``."""
        return run_between(self.model, self.x, self.start, entering, self.stop, linear=self.layer)

    @property
    def roundoff(self) -> float:
        """Unit roundoff of the layer's arithmetic on this machine."""
        return roundoff(self.layer.compute_dtype)

    def difference(self, linear: LinearMap, entering: np.ndarray) -> str:
        """Say where the arrays' responses differ from the real ones; empty if nowhere.

        Parameters
        ----------
        linear : LinearMap
        entering : numpy.ndarray, shape (n, ...)

        Returns
        -------
        str
            Number of nodes that differ by more than :func:`smug.masks.rounding.rounding` allows on
            any of the values, and the worst of them.
        """
        worst, wrong, told = 0.0, np.zeros(linear.size, bool), ""
        share = rounding_share(linear, self.roundoff)
        for one, real in zip(entering, self(entering).reshape(len(entering), -1), strict=True):
            own = responses_of(linear, one)
            allowed = share * responses_of(linear.magnitudes(), np.abs(one)) + 1e-30
            if (real >= 0).all():
                # A layer that rectifies its own answer: rows ask positive responses only.
                own = np.maximum(own, 0)
            error = np.abs(real - own)
            wrong |= ~(error <= allowed)
            excess = np.where(error <= allowed, 0, error)
            node = int(np.nan_to_num(excess, nan=np.inf).argmax())
            if not excess[node] <= worst:
                worst = excess[node]
                told = f"node {node} most: it answers {real[node]:.4g} instead of {own[node]:.4g}"
        return f"{wrong.sum()} of its {linear.size} nodes differ, {told}" if wrong.any() else ""


def responses_of(linear: LinearMap, entering: np.ndarray) -> np.ndarray:
    """Responses ``o`` of all nodes by the arrays alone.

    Parameters
    ----------
    linear : LinearMap
    entering : numpy.ndarray
        One input of the layer.

    Returns
    -------
    numpy.ndarray of float64, shape (nodes,)
    """
    values = linear.positions(entering).reshape(*linear.inner, linear.channels)
    nodes = np.arange(linear.size)
    if linear.kind == "dense":
        total = values.ravel() @ linear.kernel.reshape(values.size, -1)
    else:
        total = _convolved(linear, values)
        total = (np.moveaxis(total, -1, 0) if linear.channels_first else total).ravel()
    return total * linear.scales(nodes) + linear.shifts(nodes)


def borders(linear: LinearMap) -> list[tuple[int, int]]:
    """Padding before and behind the input of a convolution, for each spatial axis."""
    made = []
    for axis, side in enumerate(linear.inner):
        reach = (linear.kernel.shape[axis] - 1) * linear.dilation[axis]
        needed = (linear.places[axis] - 1) * linear.strides[axis] + reach + 1
        made.append((linear.pads[axis], max(needed - side - linear.pads[axis], 0)))
    return made


def _convolved(linear: LinearMap, values: np.ndarray) -> np.ndarray:
    padded = np.pad(values, [*borders(linear), (0, 0)])
    axes, taps = tuple(range(values.ndim - 1)), linear.kernel.shape[:-2]
    reach = [(size - 1) * step + 1 for size, step in zip(taps, linear.dilation, strict=True)]
    windows = sliding_window_view(padded, reach, axes)
    # Rows that only the padding behind could reach are not answered by the layer.
    nodes = tuple(
        slice(0, (side - 1) * stride + 1, stride)
        for side, stride in zip(linear.places, linear.strides, strict=True)
    )
    dilated = tuple(slice(None, None, step) for step in linear.dilation)
    windows = windows[(*nodes, slice(None), *dilated)]  # (*nodes, channels, *taps)
    kernel = np.moveaxis(linear.kernel, -2, 0)
    return np.tensordot(windows, kernel, axes=kernel.ndim - 1)
