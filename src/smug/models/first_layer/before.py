"""Layers between a model's input and its first linear layer, as one pass recorded them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from smug.errors import SmugError
from smug.models import rewire
from smug.models.first_layer import search
from smug.models.first_layer.passes import Place, float32

layers = keras.layers

# Layers of exactly these types work on each element, pixel or word by itself, or do nothing at
# inference time. A subclass may do otherwise.
_EACH = {
    *(layers.InputLayer, layers.Rescaling, layers.Normalization, layers.BatchNormalization),
    *(layers.Identity, layers.Masking, layers.Embedding, layers.ActivityRegularization),
    *(layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D),
    *(layers.Dropout, layers.AlphaDropout, layers.GaussianNoise, layers.GaussianDropout),
}
_SHAPES = {layers.Flatten, layers.Reshape}
# The same for raw operations of a functional model, by class name: keras.ops has no public ones.
_EACH_OPS = {"Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Negative", "Cast"}
_SHAPE_OPS = {"Reshape", "ExpandDims", "Squeeze"}
# Operations that a mask of padding words is made of; layers get it beside their input.
_MASK_OPS = {
    *("Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual"),
    *("Any", "All", "LogicalNot", "LogicalAnd", "LogicalOr"),
}


@dataclass(frozen=True)
class Before:
    """Part of a model before its first linear layer.

    Parameters
    ----------
    model : keras.Model
    root : tensor
        The model's input of the pass.
    entering : tensor
        What enters the layer, or the padding that belongs to it.
    parts : list of Call
        Calls that the entering tensor is made by; all that might be, where the model computes
        between its layers.
    unknown : list of Call
        Those whose type does not say that they keep positions apart.
    plain : bool
        Whether all parts are known, and lead from the model's input to the entering tensor.
    unflattened : tuple of int
        Shape of what a dense layer's flat input was before; empty for a convolution.
    """

    model: keras.Model
    root: Any
    entering: Any
    parts: list[rewire.Call]
    unknown: list[rewire.Call]
    plain: bool
    unflattened: tuple[int, ...]

    @classmethod
    def of(cls, model: keras.Model, root: Any, calls: list[rewire.Call], index: int) -> Before:
        """Sort the calls of a pass before the first linear layer.

        Raises
        ------
        SmugError
            If a layer that mixes its input runs beside the first one.
        """
        call, entry = calls[index], search.entry_of(calls, index)
        tensor, dense = entry.inputs[0], search.kind_of(call.op) == "dense"
        earlier = [c for c in calls[:index] if search.works(c) and c is not entry]
        parts, complete = _makers(earlier, tensor, root)
        if complete:
            for other in earlier:
                if not any(other is part for part in parts) and not _known(other, True, root):
                    raise refusal(model, other)
        else:
            parts = [c for c in earlier if type(c.op).__name__ not in _MASK_OPS]
        unknown = [part for part in parts if not _known(part, dense, root)]
        before = search.unflattened(calls, index) if dense else ()
        return cls(model, root, tensor, parts, unknown, complete and not unknown, before)

    def refusal(self, call: rewire.Call | None = None, why: str = "") -> SmugError:
        """Error that names the call, or what the model computes between its layers."""
        call = call or (self.unknown[0] if self.unknown else None)
        return refusal(self.model, call, why)

    @property
    def dtype(self) -> str:
        """Type of the numbers that enter the layer."""
        return rewire.type_of(self.entering)

    def refuse_weights(self) -> None:
        """Refuse Keras's own layers with weights: they are first layers of another kind."""
        for call in self.unknown:
            if type(call.op).__module__.startswith("keras.") and bool(
                getattr(call.op, "weights", None)
            ):
                raise self.refusal(call)

    def refuse_mixing(self) -> None:
        """Refuse any layer with weights, where elements are mixed."""
        for call in self.unknown:
            if getattr(call.op, "weights", None):
                raise self.refusal(call)

    def start(self) -> tuple[Place, np.ndarray]:
        """Last tensor that is known to keep the input's positions, and its value."""
        tensor, place = self.root, Place(None, "output")
        while True:
            users = [c for c in self.parts if any(v is tensor for v in c.inputs)]
            alone = len(users) == 1 and tensor is not self.entering
            if not alone or type(users[0].op) in _SHAPES or users[0] in self.unknown:
                break
            tensor, place = users[0].output, Place(users[0].run, "output")
        if alone and not rewire.is_floating(tensor):
            # Whole numbers hold no part of a value; the layer that reads them makes them floats.
            place = Place(users[0].run, "input")
        return place, float32(tensor)


def refusal(model: keras.Model, call: rewire.Call | None, why: str = "") -> SmugError:
    """Error for a model whose first linear layer has something else before it."""
    why = why or "is not linear or mixes its input"
    if call is None:
        begin = f"what model {model.name!r} computes before its first linear layer {why}"
    else:
        begin = f"model {model.name!r} starts with {search.title(call.op)}, which {why}"
    return SmugError(f"{begin}; {search.ALLOWED}")


def _makers(earlier: list[rewire.Call], tensor: Any, root: Any) -> tuple[list[rewire.Call], bool]:
    """Calls that a tensor is made by, and whether they all start from the model's input."""
    parts: list[rewire.Call] = []
    open_tensors, complete = [tensor], True
    while open_tensors:
        wanted = open_tensors.pop()
        maker = next((call for call in earlier if call.output is wanted), None)
        if maker is None:
            complete &= wanted is root
        elif not any(maker is part for part in parts):
            parts.append(maker)
            open_tensors += maker.inputs
    return [call for call in earlier if any(call is part for part in parts)], complete


def _known(call: rewire.Call, dense: bool, root: Any) -> bool:
    """True if a call's type says that it keeps positions apart."""
    op, name = call.op, type(call.op).__name__
    if type(op) in _EACH:
        return True
    raw = not isinstance(op, layers.Layer) and type(op).__module__.startswith("keras.")
    if raw and name in _MASK_OPS:
        return True
    if not call.inputs or not hasattr(call.output, "shape"):
        return False
    before, after = tuple(call.inputs[0].shape[1:]), tuple(call.output.shape[1:])
    if raw and name in _EACH_OPS:
        return len(call.inputs) == 1 and before == after
    if type(op) in _SHAPES or (raw and name in _SHAPE_OPS):
        # A flat input has no positions but those that its new shape gives it.
        flat = len(root.shape) == 2
        return dense or flat or _long(before) == _long(after)
    return False


def _long(shape: tuple[int, ...]) -> list[int]:
    return [side for side in shape if side != 1]
