"""Keras layers that stand for one torch module."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import torch
from torch import nn


class Answering:
    """Part of a layer that answers what its torch module does, whatever its type would."""

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Answer of the module, in this layer's order of axes."""
        return vars(self)["answer"](*args, **kwargs)


@functools.cache
def answering(kind: type) -> type:
    """The same type of layer, answering as its torch module does."""
    return type(kind.__name__, (Answering, kind), {"__module__": __name__})


@dataclass(frozen=True)
class Face:
    """Layers that do one after the other what a torch module does.

    Parameters
    ----------
    layers : list of keras.layers.Layer
        The last one has the module's name.
    form : {"last", "same", "plain"}
        Order of axes that the layers see: channels last, the order in which what enters is known,
        or torch's own.
    ranks : tuple of int
        Numbers of axes of a batch that they take; empty for any.
    flattens : bool
        Whether they lay what enters out as it is stored.
    tensors : list of torch.Tensor
        Parameters and statistics of the module that are the layers' weights.
    """

    layers: list[Any]
    form: str = "plain"
    ranks: tuple[int, ...] = ()
    flattens: bool = False
    tensors: list[torch.Tensor] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name of the module."""
        return str(self.layers[-1].name)

    def fits(self, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
        """True if the layers take what the module is called with."""
        if not any(isinstance(one, torch.Tensor) for one in (*args, *kwargs.values())):
            return False
        if not self.ranks:
            return True
        return len(args) == 1 and not kwargs and args[0].ndim in self.ranks


def share(variable: keras.Variable, tensor: torch.Tensor) -> None:
    """Let a weight of Keras lie in the memory of a module's."""
    variable._value = nn.Parameter(tensor.detach(), requires_grad=False)


def variables_of(
    named: Collection[tuple[str, torch.Tensor]], known: Collection[int]
) -> list[keras.Variable]:
    """Weights of Keras in the memory of parameters that are not known yet."""
    made = []
    for name, tensor in named:
        if id(tensor) in known or not tensor.numel():
            continue
        own = str(tensor.dtype).removeprefix("torch.")
        floating = tensor.is_floating_point()
        path = name.replace("/", "_")
        variable = keras.Variable(tensor.detach(), dtype=own, name=path, trainable=floating)
        share(variable, tensor)
        made.append(variable)
    return made


def built(layer: Any, shape: tuple[int | None, ...] = ()) -> Any:
    """The layer with its weights declared, without memory of their own."""
    if shape:
        name = layer.name
        layer.name = name.replace(".", "_")  # which torch, where Keras lists weights, asks for
        with keras.device("meta"):
            layer.build(shape)
        layer.name = name
    layer.built = True
    return layer


def other(module: nn.Module, settings: dict[str, Any]) -> Face:
    """Face of a module that Keras has no layer for."""
    layer = built(answering(keras.layers.Layer)(**settings))
    # Statistics too: what changes the answer belongs to the weights.
    tensors = [*module.named_parameters(), *module.named_buffers()]
    layer.parameters_of_module = variables_of(tensors, ())
    return Face([layer], "same", tensors=[tensor for _, tensor in tensors])
