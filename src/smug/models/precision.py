"""Models of half precision computed in float32, from their own weights."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar, cast

import keras

Function = TypeVar("Function", bound=Callable[..., Any])

_HALF = ("float16", "bfloat16")


@contextmanager
def in_float32(model: keras.Model) -> Iterator[None]:
    """Within the block, layers that compute in float16 or bfloat16 compute in float32.

    The weights stay as they are; each is cast when it is read. In half precision the gradient of
    a small probability is 0 (below 6e-8 in float16), and bfloat16 tells 1 from 1.004 and no nearer
    value. Casts that a model makes itself, and quantised layers, stay.

    Parameters
    ----------
    model : keras.Model
        Nested models are reached too; any other object is left alone.
    """
    with ExitStack() as restored:
        for layer in _layers(model):
            policy = layer.dtype_policy
            if policy.quantization_mode is None and policy.compute_dtype in _HALF:
                replacement = _float32(policy.variable_dtype)
                restored.enter_context(_replaced(layer, "_dtype_policy", replacement))
            # A functional model casts to the type of its symbolic inputs, a sequential one to that
            # of its input layer.
            inputs = keras.tree.flatten(getattr(layer, "inputs", None) or [])
            if isinstance(layer, keras.layers.InputLayer):
                inputs = [layer]
            for typed in inputs:
                if typed.dtype in _HALF:
                    restored.enter_context(_replaced(typed, "_dtype", "float32"))
        yield


def _layers(model: keras.Model) -> Iterator[keras.Layer]:
    if isinstance(model, keras.Model):
        for layer in model._flatten_layers():
            yield layer
            # A sequential model runs as a functional one inside it, which is none of its layers.
            if getattr(layer, "_functional", None) is not None:
                yield layer._functional


def computed_in_float32(function: Function) -> Function:
    """Let a function of a model, its first argument, run within :func:`in_float32`."""

    @functools.wraps(function)
    def run(model: keras.Model, *args: Any, **settings: Any) -> Any:
        with in_float32(model):
            return function(model, *args, **settings)

    return cast(Function, run)


class _Float32(keras.DTypePolicy):
    """Computation in float32 on variables of any type, which Keras has no name for."""

    def __init__(self, variable_dtype: str) -> None:
        super().__init__("float32")
        self._variable_dtype = variable_dtype


# One for each type: a traced function is valid as long as the policies are the same objects.
@functools.cache
def _float32(variable_dtype: str) -> _Float32:
    return _Float32(variable_dtype)


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = owner.__dict__[name]
    owner.__dict__[name] = value
    try:
        yield
    finally:
        owner.__dict__[name] = before
