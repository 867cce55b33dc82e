"""The pixel values that a model of photographs expects, found out from the model itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from smug.errors import SmugError
from smug.models import backend, rewire
from smug.models.saved_model import is_closed

layers = keras.layers

#: Layers with values of their own that scale an image, and so do not end the preprocessing.
_SCALING = (
    layers.Normalization,
    layers.BatchNormalization,
    layers.LayerNormalization,
    layers.GroupNormalization,
)
#: Grey levels that a model is asked about.
_LEVELS = np.array([0.0, 0.5, 1.0, 64.0, 128.0, 191.0, 255.0])
_HALF, _ONE = 1, 2


@dataclass(frozen=True)
class PixelScale:
    """``input = (pixel - mean) / scale`` for pixels from 0 to 255, and the reason for it.

    Parameters
    ----------
    mean, scale : float
    reason : str
        What of the model says so.
    """

    mean: float
    scale: float
    reason: str


#: Ranges that a model may expect: name, input of a black and of a white pixel, mean and scale.
_PLAIN, _UNIT, _CENTRED = (
    ("pixels from 0 to 255", 0.0, 255.0, 0.0, 1.0),
    ("values from 0 to 1", 0.0, 1.0, 0.0, 255.0),
    ("values from -1 to 1", -1.0, 1.0, 127.5, 127.5),
)


class _Reached(Exception):
    """The first layer that computes is about to run."""


def pixel_scale(model: keras.Model) -> PixelScale:
    """Find the scale of pixels that a model expects.

    An integer input takes pixels as they are. For others, grey images of several levels run
    through the model up to its first layer with weights: what arrives there says which inputs
    the operations before were made for.

    Parameters
    ----------
    model : keras.Model
        Of one input, shape (height, width, channels).

    Raises
    ------
    SmugError
        The model does not say; the message names what is known and how to choose.
    """
    dtype = rewire.type_of(model.inputs[0])
    if keras.backend.is_int_dtype(dtype):
        if np.iinfo(dtype).max < 255:
            raise SmugError(f"the model's input type {dtype} does not hold pixels; {_ADVICE}")
        return _chosen(_PLAIN, f"its input type is {dtype}")
    if is_closed(model):
        raise SmugError(f"the model is a SavedModel, which cannot be looked into; {_ADVICE}")
    shape = (len(_LEVELS), *model.inputs[0].shape[1:])
    grey = np.broadcast_to(_LEVELS.reshape(-1, 1, 1, 1), shape).astype(np.float32)
    leading, name = _leading(model, grey)
    if name is None:
        raise SmugError(f"the model has no layer with weights to look at; {_ADVICE}")
    arriving = _Response.of(leading[-1])
    if not arriving.moves:
        return _of_each_image(model, shape, name)
    if arriving.rounds:
        return _chosen(_PLAIN, "it rounds its input to whole numbers")
    if arriving.clips:
        return _chosen(_UNIT, "it cuts its input off at 1")
    where = f"before layer {name!r}"
    if not arriving.straight:
        raise SmugError(f"operations {where} bend the scale of the pixels; {_ADVICE}")
    if arriving.plain:
        if any(not _Response.of(values).plain for values in leading):
            raise SmugError(f"operations {where} scale the pixels and undo it; {_ADVICE}")
        return PixelScale(
            *_UNIT[3:], f"nothing {where} scales pixels, and most such models are trained so"
        )
    for expected in (_PLAIN, _UNIT, _CENTRED):
        low, high = sorted(arriving.at(end) for end in expected[1:3])
        if _usual(low, high, arriving.zero, expected):
            said = f"operations {where} turn them into values from {low:.3g} to {high:.3g}"
            return _chosen(expected, said)
    low, high = (arriving.at(end) for end in (0.0, 255.0))
    raise SmugError(
        f"operations {where} turn pixels from 0 to 255 into values from {low:.3g} to {high:.3g}, "
        f"and it is not clear which input they expect; {_ADVICE}"
    )


#: Next step where nothing was found out.
_ADVICE = (
    "say what it takes: --scale 255 for values from 0 to 1, --mean 127.5 --scale 127.5 for -1 to "
    "1, --scale 1 for pixels from 0 to 255"
)


def _chosen(expected: tuple[str, float, float, float, float], reason: str) -> PixelScale:
    return PixelScale(*expected[3:], f"the model expects {expected[0]}: {reason}")


def _usual(
    low: float, high: float, zero: float, expected: tuple[str, float, float, float, float]
) -> bool:
    """True if networks are usually trained on values from low to high.

    ``zero`` is the input that becomes 0, the mean that was subtracted.
    """
    black, white = expected[1:3]
    share = (zero - black) / (white - black)
    width = high - low
    pixels = 250 <= width <= 260
    # 0 to 1, or pixels again where they were something else
    if abs(low) <= 0.05 * width and (0.9 <= width <= 1.1 or (pixels and expected is not _PLAIN)):
        return True
    # a mean subtracted, and the rest perhaps divided by a standard deviation
    middle = 0.06 if expected is not _CENTRED else 0.35
    return middle <= share <= 1 - middle and (0.9 <= width <= 9 or pixels)


@dataclass(frozen=True)
class _Response:
    """Values that grey levels become, shape (levels, positions), where anything moves."""

    values: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> _Response:
        values = values.reshape(len(_LEVELS), -1).astype(float)
        # Padding stays what it is.
        return cls(values[:, np.ptp(values, axis=0) > 1e-6])

    @property
    def moves(self) -> bool:
        return self.values.shape[1] > 0

    @property
    def rounds(self) -> bool:
        whole = self.values[[0, *range(_ONE, len(_LEVELS))]]
        between = self._same(_HALF, 0) or self._same(_HALF, _ONE)
        return (
            between and not self._same(0, _ONE) and self._is_line(whole, np.delete(_LEVELS, _HALF))
        )

    @property
    def clips(self) -> bool:
        return all(self._same(_ONE, level) for level in range(_ONE + 1, len(_LEVELS)))

    @property
    def straight(self) -> bool:
        return self._is_line(self.values, _LEVELS)

    @property
    def plain(self) -> bool:
        """True if pixels pass as they are."""
        if not self.moves:
            return False
        return bool(np.allclose(self.values, _LEVELS[:, np.newaxis], rtol=1e-2, atol=1e-2))

    @property
    def zero(self) -> float:
        """Input that becomes 0 (median over positions)."""
        return float(np.median(-self.values[0] / self._slope()))

    def at(self, level: float) -> float:
        """Value that an input of that level becomes (median over positions)."""
        return float(np.median(self.values[0] + level * self._slope()))

    def _slope(self) -> np.ndarray:
        return (self.values[-1] - self.values[0]) / (_LEVELS[-1] - _LEVELS[0])

    def _same(self, one: int, other: int) -> bool:
        return bool(np.allclose(self.values[one], self.values[other], rtol=1e-4, atol=1e-6))

    @staticmethod
    def _is_line(values: np.ndarray, levels: np.ndarray) -> bool:
        ends = values[-1] - values[0]
        line = values[0] + np.outer((levels - levels[0]) / (levels[-1] - levels[0]), ends)
        # Half precision keeps three digits.
        return bool(np.abs(values - line).max() <= 1e-2 * np.abs(ends).max())


def _of_each_image(model: keras.Model, shape: tuple[int, ...], name: str) -> PixelScale:
    """Scale of a model to which every flat image looks alike: if it standardises each image."""
    ramp = np.linspace(0, 1, int(np.prod(shape[1:])), dtype=np.float32).reshape(1, *shape[1:])
    small, large = (_leading(model, scale * ramp)[0][-1] for scale in (1.0, 255.0))
    if np.ptp(large) > 0 and np.allclose(small, large, rtol=0.02, atol=0.02):
        return _chosen(_PLAIN, "it standardises each image by itself, so that any scale will do")
    raise SmugError(f"operations before layer {name!r} make every grey image look alike; {_ADVICE}")


def _leading(model: keras.Model, x: np.ndarray) -> tuple[list[np.ndarray], str | None]:
    """Tensors on the way to the first layer with weights, the one that enters it last, its name."""
    tensors: list[np.ndarray] = []
    name: list[str] = []

    def watching(op: Any) -> Callable[..., Any]:
        original = op.call
        computes = bool(getattr(op, "weights", ())) and not isinstance(op, _SCALING)

        def call(*args: Any, **kwargs: Any) -> Any:
            if computes:
                tensors.append(_image(rewire.tensors(args, kwargs)[0]))
                name.append(op.name)
                raise _Reached
            output = original(*args, **kwargs)
            tensors.extend(map(_image, rewire.tensors(output)))
            return output

        return call

    watched = {op: watching(op) for op in rewire.leaves(model)}
    with suppress(_Reached), rewire.substituted(watched), backend.ignoring_functions():
        model(keras.ops.convert_to_tensor(x), training=False)
    return tensors, name[0] if name else None


def _image(tensor: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(tensor), np.float32)
