"""Trace what enters the first layer back to the user's input: moved, mixed, or refused."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import keras
import numpy as np

from smug.masks.origin import Origin
from smug.models import rewire
from smug.models.axes import channels_first
from smug.models.first_layer import search
from smug.models.first_layer.answers import roundoff
from smug.models.first_layer.before import Before
from smug.models.first_layer.mixing import affine, mixing_of
from smug.models.first_layer.passes import Place, float32, run_between
from smug.models.first_layer.sources import MIXED, sources

# Error of float32 sums, relative to the largest value.
_ROUNDING = 2e-5
_ROOT = Place(None, "output")


class Laid(NamedTuple):
    """Positions of the layer's own input, the channels of each, and whether these come first."""

    inner: tuple[int, ...]
    channels: int
    first: bool

    def by_place(self, values: np.ndarray) -> np.ndarray:
        """Values of the elements that enter the layer, shape (places, channels)."""
        if self.first:
            return values.reshape(self.channels, prod(self.inner)).T
        return values.reshape(prod(self.inner), self.channels)

    def same(self) -> np.ndarray:
        """Position of each element."""
        every = np.arange(prod(self.inner))
        return np.tile(every, self.channels) if self.first else np.repeat(every, self.channels)


class Traced(NamedTuple):
    """Tensor that masks act on, its value, the user's grid, and the way from there to the layer."""

    entry: Place
    entering: np.ndarray
    spatial: tuple[int, ...] | None = None
    origin: Origin | None = None


def trace_back(
    model: keras.Model,
    root: Any,
    calls: list[rewire.Call],
    index: int,
    image_shape: tuple[int, ...] | None,
) -> Traced:
    """Trace the first layer's input back to the model's.

    What works on each element, or on each pixel or word, by itself leaves masks on the layer's
    input. What moves elements (mirrors, crops, reorders) is followed back by probing. What mixes
    them in a linear way (resizes, pools) becomes part of the layer's own weights.

    Parameters
    ----------
    model : keras.Model
    root : tensor, shape (1, ...)
        An input.
    calls : list of Call
        What a pass of it runs.
    index : int
        The first linear layer among them.
    image_shape : tuple of int, optional
        Rows and columns of the image behind a dense layer's flat input.

    Returns
    -------
    Traced
        Without origin where masks lie on the same positions as before.

    Raises
    ------
    SmugError
        If what stands before the layer mixes its input in another way.
    """
    before, x = Before.of(model, root, calls, index), keras.ops.convert_to_numpy(root)
    entering = search.entry_of(calls, index)
    entry = Place(entering.run, "input")
    if entering.inputs[0] is root and _alone(model, root, calls):
        entry = _ROOT
    plain = Traced(entry, float32(entering.inputs[0]))
    kind, shape = search.kind_of(calls[index].op), x.shape[1:]
    # What is laid out flat with its channels first has them far apart.
    apart = kind == "dense" and len(shape) > 2 and channels_first(model)
    if before.plain and not apart:
        return plain
    before.refuse_weights()
    laid = _laid(calls, index, image_shape)
    first = laid.first or channels_first(model)

    def run(probes: np.ndarray) -> np.ndarray:
        return run_between(model, x, _ROOT, probes, entry)

    pairs = _pairs(model, x)
    source = sources(run, pairs, np.arange(prod(shape)))
    if len(shape) == 1 and np.array_equal(source, np.arange(shape[0])):
        # A flat input has no positions but those that the layer gives it.
        return plain
    placed: tuple[tuple[int, ...], np.ndarray] | None
    if (source != MIXED).all():
        placed = _placed(source, shape, laid, kind, image_shape, first)
    else:
        placed = _placed_by_pixel(run, pairs, shape, laid)
    if placed is None:
        return _mixed(before, model, x, entry, kind, laid, image_shape)
    spatial, position = placed
    if np.array_equal(position, laid.same()) and spatial == laid.inner:
        return plain
    constant = np.where(position < 0, plain.entering.ravel(), 0).astype(np.float64)
    return plain._replace(spatial=spatial, origin=Origin(laid.inner, position, constant))


def _alone(model: keras.Model, root: Any, calls: list[rewire.Call]) -> bool:
    """True if a single layer reads the model's input; a model of one's own may read it unseen."""
    readers = [call for call in calls if any(value is root for value in call.inputs)]
    return len(readers) == 1 and type(model).__module__.startswith("keras.")


def _laid(calls: list[rewire.Call], index: int, image_shape: tuple[int, ...] | None) -> Laid:
    shape = tuple(search.entry_of(calls, index).inputs[0].shape[1:])
    if search.kind_of(calls[index].op) == "dense":
        inner = search.flat_input_shape(calls, index, image_shape)
        return Laid(inner, prod(shape) // prod(inner), False)
    if search.channels_first(calls[index].op):
        return Laid(shape[1:], shape[0], True)
    return Laid(shape[:-1], shape[-1], False)


def _pairs(model: keras.Model, x: np.ndarray) -> list[np.ndarray]:
    """Inputs that differ in every element: of the size of `x`, and of any size."""
    rng = np.random.default_rng(0)
    if x.dtype.kind != "f":
        top = 255 if x.dtype == np.uint8 else search.vocabulary(model) - 1
        first = rng.integers(0, top + 1, (3, *x.shape[1:]))
        step = rng.integers(1, max(top, 1) + 1, first.shape)
        return [np.stack([a, (a + b) % (top + 1)]) for a, b in zip(first, step, strict=True)]
    low, size = x.min(), np.ptp(x) or 1.0
    share = rng.random((2, *x.shape[1:])) * 0.4
    inside = low + size * np.stack([share[0], 0.6 + share[1]])
    anywhere = rng.normal(size=(2, *x.shape[1:])) * (np.abs(x).max() or 1.0)
    return [part.astype(np.float32) for part in (inside, anywhere)]


def _default_grid(shape: tuple[int, ...], kind: str, first: bool) -> tuple[int, ...]:
    """Axes of positions where nothing tells axes apart: channels stand where the layer has them."""
    of_dense = len(shape) - 1 if len(shape) in (3, 4) else len(shape)
    grid = {"conv1d": 1, "conv2d": 2, "conv3d": 3, "dense": of_dense}[kind]
    return tuple(range(len(shape))[-grid:] if first else range(grid))


def _placed(
    source: np.ndarray,
    shape: tuple[int, ...],
    laid: Laid,
    kind: str,
    image_shape: tuple[int, ...] | None,
    first: bool,
) -> tuple[tuple[int, ...], np.ndarray]:
    """User's grid, and the position on it of each element that enters the layer.

    An axis of the input that runs along the layer's channels is the channels' axis, and no axis
    of the grid.
    """
    if len(shape) == 1 and image_shape is not None and prod(image_shape) == shape[0]:
        return image_shape, source
    grid = _grid_axes(source, shape, laid) if kind != "dense" else None
    if grid is None:
        grid = _default_grid(shape, kind, first)
    spatial = tuple(shape[a] for a in grid)
    places = np.unravel_index(np.maximum(source, 0), shape)
    position = np.ravel_multi_index([places[a] for a in grid], spatial)
    return spatial, np.where(source < 0, -1, position).astype(np.int64)


def _grid_axes(source: np.ndarray, shape: tuple[int, ...], laid: Laid) -> tuple[int, ...] | None:
    known = np.where(source < 0, np.nan, 0)
    grid, still = [], []
    for a, place in enumerate(np.unravel_index(np.maximum(source, 0), shape)):
        along = laid.by_place(place + known)
        low, high = np.fmin.reduce(along, axis=1), np.fmax.reduce(along, axis=1)
        by_channel = bool((high > low).any())
        by_place = bool((np.fmax.reduce(along, axis=0) > np.fmin.reduce(along, axis=0)).any())
        if by_channel and by_place:
            return None
        if by_place:
            grid.append(a)
        elif not by_channel:
            still.append(a)
    # An axis that is cut down to one place moves nowhere: it fills up the grid, the first first.
    grid = sorted([*grid, *still[: max(len(laid.inner) - len(grid), 0)]])
    return tuple(grid) if len(grid) == len(laid.inner) else None


def _placed_by_pixel(
    run: Callable[[np.ndarray], np.ndarray],
    pairs: list[np.ndarray],
    shape: tuple[int, ...],
    laid: Laid,
) -> tuple[tuple[int, ...], np.ndarray] | None:
    """As :func:`_placed`, where a value comes from all channels of one pixel."""
    ends = (0, len(shape) - 1) if laid.first else (len(shape) - 1, 0)
    for axis in dict.fromkeys(ends) if len(shape) > 1 else ():
        grid = tuple(a for a in range(len(shape)) if a != axis)
        spatial = tuple(shape[a] for a in grid)
        places = np.unravel_index(np.arange(prod(shape)), shape)
        pixels = np.ravel_multi_index([places[a] for a in grid], spatial)
        position = sources(run, pairs, pixels)
        # One pixel makes all channels of a place, or the axis was none of channels.
        together = laid.by_place(position)
        if (position != MIXED).all() and (together == together[:, :1]).all():
            return spatial, position
    return None


def _mixed(
    before: Before,
    model: keras.Model,
    x: np.ndarray,
    entry: Place,
    kind: str,
    laid: Laid,
    image_shape: tuple[int, ...] | None,
) -> Traced:
    """Compose a linear preprocessing into the layer; masks act on what enters it."""
    before.refuse_mixing()
    start, entering = before.start()
    if start.run is None and x.dtype.kind != "f":
        raise before.refusal()
    rounding = max(_ROUNDING, 16 * roundoff(before.dtype))

    def run(stop: Place) -> Callable[[np.ndarray], np.ndarray]:
        return lambda probes: run_between(model, x, start, probes, stop)

    for call in before.unknown:
        if not affine(run(Place(call.run, "output")), entering[0], rounding):
            raise before.refusal(call)
    if not affine(run(entry), entering[0], rounding):
        raise before.refusal()
    shape = entering.shape[1:]
    own = (laid.channels, *laid.inner) if laid.first else (*laid.inner, laid.channels)
    answered = before.unflattened or own
    made = mixing_of(
        lambda probes: run(entry)(probes).reshape(len(probes), -1), shape, answered, rounding
    )
    if made is None:
        raise before.refusal(
            why=f"mixes {prod(shape)} values in a way that is too large to be composed with it"
        )
    grid = _default_grid(shape, kind, laid.first or channels_first(model))
    if len(shape) > x.ndim - 1:
        # Embeddings of words: their numbers share a position.
        grid = tuple(range(x.ndim - 1))
    elif kind != "dense" and made.axes:
        of_channels = 0 if laid.first else len(laid.inner)
        kept = [a for a, b in enumerate(made.axes) if b not in (None, of_channels)]
        grid = tuple(kept) if len(kept) == len(laid.inner) else grid
    spatial = tuple(shape[a] for a in grid)
    places = np.unravel_index(np.arange(prod(shape)), shape)
    position = np.ravel_multi_index([places[a] for a in grid], spatial).astype(np.int64)
    if image_shape is not None and prod(image_shape) == prod(spatial):
        spatial = image_shape
    return Traced(
        start, entering, spatial, Origin(laid.inner, position, made.constant, made.weights)
    )
