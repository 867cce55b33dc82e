"""Meaning of the axes of a model's input, read from the model: positions, or channels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from smug.models import backend, rewire

layers = keras.layers

# Layers with a data format that only move values: where they put them is measured.
_MOVING = (
    *(layers.Flatten, layers.Cropping1D, layers.Cropping2D, layers.Cropping3D),
    *(layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D),
)
_PREPROCESSING = "keras.src.layers.preprocessing."
# Layers that read features from the last axis, of every position before it.
_FEATURES_LAST = (
    *(layers.Dense, layers.EinsumDense, layers.MultiHeadAttention, layers.GroupQueryAttention),
    *(layers.Attention, layers.AdditiveAttention, layers.RNN, layers.LSTM, layers.GRU),
    *(layers.SimpleRNN, layers.Bidirectional, layers.TimeDistributed),
)
# Ramps may hold what a model cannot read.
_UNREADABLE: tuple[type[Exception], ...] = (*rewire.FAILURES, ValueError)
# How far a measured place may lie from a whole number.
_WHOLE = 0.05
# Share of a ramp below which what a unit leaves is rounding.
_ROUNDING = 1e-5


@dataclass(frozen=True)
class Axes:
    """Meaning of the axes of a batch of inputs, as the user gives it.

    Parameters
    ----------
    positions : tuple of int
        Axes along which the model reads positions (rows, columns, steps, words, features); the
        batch is axis 0.
    channels : int or None
        Axis that holds the values of one position; None: each position has a single value.
    origin : numpy.ndarray of int64 or None
        Where the model moves positions before it reads them (mirrors, turns, crops, reshapes): of
        each position of the tensor that it reads, the flat index of the input's position there, -1
        where there is none. None: it reads them as they stand, resized at most.
    """

    positions: tuple[int, ...]
    channels: int | None
    origin: np.ndarray | None = None

    def shape(self, x: np.ndarray) -> tuple[int, ...]:
        """Number of positions along each of their axes."""
        return tuple(x.shape[axis] for axis in self.positions)

    def to_last(self, x: np.ndarray) -> np.ndarray:
        """Batch with its channels on the last axis, ``(batch, *positions, channels)``."""
        return x[..., np.newaxis] if self.channels is None else np.moveaxis(x, self.channels, -1)

    def from_last(self, x: np.ndarray) -> np.ndarray:
        """Batch as the user gives it, from :meth:`to_last`."""
        return x[..., 0] if self.channels is None else np.moveaxis(x, -1, self.channels)

    def placed(self, maps: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Maps over the tensor that the model reads, at the positions of the input.

        Parameters
        ----------
        maps : numpy.ndarray, shape (batch, *origin.shape)
        shape : tuple of int
            Positions of the input.
        """
        if self.origin is None:
            return maps
        made = np.zeros((len(maps), int(np.prod(shape))), maps.dtype)
        inside = self.origin >= 0
        made[:, self.origin[inside]] = maps[:, inside]
        return made.reshape(len(maps), *shape)


def axes_of(model: keras.Model, x: np.ndarray) -> Axes:
    """Read the meaning of an input's axes from the first layer that tells.

    A convolution or pooling tells by its data format, a recurrent, attention or dense layer by
    the last axis, an embedding by reading words. What stands between it and the input is
    measured: a ramp along each axis of the input shows where that axis has gone. Where no layer
    tells, the channels of inputs with three or more axes beside the batch are the last axis
    (or as Flatten says), and inputs with fewer have none.

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray, shape (batch, ...)
        Inputs as the model takes them.
    """
    key = ("axes", x.shape[1:], x.dtype.name)
    return rewire.compiled(model, key, lambda: _read(model, x))


def axes_of_layer(layer: Any, points: np.ndarray) -> Axes:
    """Meaning of the axes of a layer's output: channels last, unless its data format says first."""
    op = layer.op if isinstance(layer, rewire.Run) else layer
    channels = channel_axis(op, points) if points.ndim > 2 else None
    if points.ndim > 2 and channels is None:
        channels = points.ndim - 1
    return Axes(tuple(axis for axis in range(1, points.ndim) if axis != channels), channels)


def channels_first(model: keras.Model) -> bool:
    """True for a model whose inputs have their channels behind the batch, as torch's have."""
    return bool(getattr(model, "channels_first", False))


def channel_axis(op: Any, tensor: Any) -> int | None:
    """Axis of the channels in a tensor that a layer or operation reads; None: it does not tell."""
    rank = len(tensor.shape)
    if isinstance(op, _FEATURES_LAST):
        return rank - 1 if rank > 2 else None
    told = hasattr(op, "data_format") and not isinstance(op, _MOVING)
    if not told or type(op).__module__.startswith(_PREPROCESSING) or rank < 3:
        return None
    data_format = op.data_format or keras.config.image_data_format()
    return 1 if data_format == "channels_first" else rank - 1


def _read(model: keras.Model, x: np.ndarray) -> Axes:
    every = tuple(range(1, x.ndim))
    probes = _probes(x)
    found = _first_reader(model, probes, words=x.dtype.kind not in "f")
    if found is None:
        channels = _by_convention(model, x)
        return Axes(tuple(axis for axis in every if axis != channels), channels)
    read, channels = found
    if channels is None:
        return Axes(every, None)
    places = _places(np.moveaxis(read, channels, -1), x.ndim - 1)
    if places is None:
        channels = _by_size(x, read, channels)
        return Axes(tuple(axis for axis in every if axis != channels), channels)
    # Along a position the coordinate changes; that of the channels is the same everywhere.
    still = [
        axis
        for axis, place in zip(every, places, strict=True)
        if np.nanmax(place) - np.nanmin(place) < 0.5
    ]
    chosen = [axis for axis in still if x.shape[axis] > 1]
    if not chosen and still:
        # Of axes with one entry, the channels' stands where the layer has it.
        same = x.ndim == read.ndim and channels in still
        chosen = [channels] if same else still[-1:]
    axes = Axes(
        tuple(axis for axis in every if axis not in chosen[-1:]), chosen[-1] if chosen else None
    )
    return Axes(axes.positions, axes.channels, _origin(places, axes, x))


def _by_convention(model: keras.Model, x: np.ndarray) -> int | None:
    if x.ndim < 4:
        return None
    if channels_first(model):
        return 1
    flat = [op for op in rewire.leaves(model) if isinstance(op, layers.Flatten)]
    return 1 if flat and flat[0].data_format == "channels_first" else x.ndim - 1


def _by_size(x: np.ndarray, read: np.ndarray, channels: int) -> int | None:
    """Axis of the channels where no ramp comes through, as none does through differences."""
    if x.ndim != read.ndim:
        return None
    alike = [axis for axis in range(1, x.ndim) if x.shape[axis] == read.shape[channels]]
    return channels if channels in alike or len(alike) != 1 else alike[0]


def _probes(x: np.ndarray) -> np.ndarray:
    """Flat input, the same one unit higher, and a ramp of units along each axis."""
    shape = x.shape[1:]
    if x.dtype.kind != "f":
        base, unit = np.zeros(shape), 1.0
    else:
        base = np.full(shape, float(np.mean(x, dtype=np.float64)) if x.size else 0.0)
        unit = 0.1 * max(float(np.abs(x).max(initial=0)), 1.0) / max(shape, default=1)
    # Integers may end at 255, and word ids anywhere: what lies behind does not tell more.
    ramps = [
        base + unit * np.minimum(ramp, 255 if x.dtype.kind != "f" else np.inf)
        for ramp in np.indices(shape)
    ]
    probes = np.stack([base, base + unit, *ramps])
    if x.dtype.kind == "f":  # inputs may end where their type does
        probes = np.clip(probes, np.finfo(x.dtype).min, np.finfo(x.dtype).max)
    return probes.astype(x.dtype)


class _Read(BaseException):
    """Ends a pass at the layer that tells; Keras would rewrite an Exception on its way."""


def _first_reader(
    model: keras.Model, probes: np.ndarray, *, words: bool
) -> tuple[np.ndarray, int | None] | None:
    """Tensor that the first layer that tells reads of the probes, and its axis of channels."""
    found: list[tuple[np.ndarray, int | None]] = []

    def watching(op: Any) -> Callable:
        original = op.call

        def call(*args: Any, **kwargs: Any) -> Any:
            tensors = rewire.tensors(args, kwargs)
            embeds = isinstance(op, layers.Embedding)
            channels = channel_axis(op, tensors[0]) if tensors else None
            if (channels is not None or embeds) and backend.has_value(tensors[0]):
                read = keras.ops.convert_to_numpy(tensors[0])
                if len(read) == len(probes) and (read != read[:1]).any():
                    found.append((read, None if embeds else channels))
                    raise _Read
            return original(*args, **kwargs)

        return call

    ops = rewire.leaves(model)
    embedded = words and any(isinstance(op, layers.Embedding) for op in ops)
    if embedded and getattr(model, "holds", None):
        calls = rewire.record_calls(model, probes[:1])
        embedded = any(isinstance(call.op, layers.Embedding) for call in calls)
    if embedded:
        return probes, None
    try:
        with rewire.substituted({op: watching(op) for op in ops}), backend.ignoring_functions():
            model(keras.ops.convert_to_tensor(probes), training=False)
    except _Read:
        return found[0]
    except _UNREADABLE:
        return None
    return None


def _places(read: np.ndarray, axes: int) -> list[np.ndarray] | None:
    """Coordinate along each axis of the input of every position read; NaN where there is none."""
    read = read.astype(np.float64)
    unit = read[1] - read[0]
    # A model that takes differences or means away leaves no more of a unit than rounding.
    reach = np.nanmax(np.abs(read[2 : 2 + axes] - read[0]), initial=0)
    known = np.abs(unit) > max(1e-12, _ROUNDING * reach)
    # Nor is there a place where a ramp is no number: of what has no spread, say.
    if not known.any() or np.isnan(read[2 : 2 + axes, known]).any():
        return None
    places = []
    for ramp in read[2 : 2 + axes]:
        place = np.divide(ramp - read[0], unit, out=np.zeros_like(unit), where=known)
        count = known.sum(axis=-1)
        mean = np.divide(place.sum(axis=-1), count, out=np.zeros(count.shape), where=count > 0)
        places.append(np.where(count > 0, mean, 0.0))
    return [np.where(known.any(axis=-1), place, np.nan) for place in places]


def _origin(places: list[np.ndarray], axes: Axes, x: np.ndarray) -> np.ndarray | None:
    """Flat indices of the input's positions, where they are moved, not resized or kept."""
    shape, indices = axes.shape(x), []
    inside = np.isfinite(places[0])
    for axis, side in zip(axes.positions, shape, strict=True):
        place = np.where(inside, places[axis - 1], 0)
        whole = np.rint(place)
        if np.abs(place - whole).max() > _WHOLE or not 0 <= whole.min() <= whole.max() < side:
            return None
        indices.append(whole.astype(np.int64))
    flat = np.asarray(np.ravel_multi_index(indices, shape))
    if len(np.unique(flat[inside])) != np.count_nonzero(inside):
        return None
    if flat.shape == shape and inside.all() and (flat.ravel() == np.arange(flat.size)).all():
        return None
    return np.where(inside, flat, -1)
