"""Everything of a model that a traced function freezes: its layers, their settings, their code."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from smug.models import backend

# What compiling, training, building and saving leave on a model, none of which changes an answer
# at inference.
_UNRELATED = {
    *vars(keras.Model()),
    *("optimizer", "history", "stop_training", "stop_predicting", "stop_evaluating"),
    *("_compile_config", "_compiled_trainable_state", "_eval_epoch_iterator", "_smug_traced"),
    *("_nodes", "_nodes_by_depth", "_operations_by_depth", "_inputs_struct", "_outputs_struct"),
    *("_self_update_uid", "_self_name_based_restores", "_self_saveable_object_factories"),
    *("_self_unconditional_checkpoint_dependencies", "_self_unconditional_dependency_names"),
    *("_self_unconditional_deferred_dependencies", "_jax_state", "_jax_state_synced"),
} - {"_trainable", "_trainable_variables", "_non_trainable_variables", "_layers", "_dtype_policy"}
# Settings that hold settings are followed so far; what lies deeper counts by identity.
_DEPTH = 4
_PLAIN = {type(None), bool, int, float, complex, str, bytes}


class _Same:
    """An object that equals itself only; held, so that no other object gets its address."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value

    __hash__ = None  # type: ignore[assignment]


def structure(model: keras.Model) -> list[Any]:
    """State of a model beside the values of its weights; equal as long as a trace stays true.

    Compared are the layers and operations in order, the code of their ``call``, the identity of
    their weights, and their settings: numbers, texts and arrays by value, functions and all other
    objects by identity. Values that a function reads from outside of the model are not seen.

    Parameters
    ----------
    model : keras.Model
    """
    return [
        (_Same(op), type(op), _Same(type(op).call), _settings(op))
        for op in _operations(model, set())
    ]


def _operations(op: Any, seen: set[int]) -> Iterator[Any]:
    if id(op) in seen:
        return
    seen.add(id(op))
    yield op
    if isinstance(op, keras.Layer):
        for child in op._flatten_layers(include_self=False, recursive=False):
            yield from _operations(child, seen)
    for child in getattr(op, "operations", ()):
        yield from _operations(child, seen)


def _settings(op: Any) -> dict[str, Any]:
    values = vars(op)
    return {name: _frozen(values[name], _DEPTH) for name in values.keys() - _UNRELATED}


def _frozen(value: Any, depth: int) -> Any:
    if type(value) in _PLAIN:
        # With the type: True == 1, and NaN, which equals nothing, by its text.
        return type(value), value if value == value else "nan"
    if isinstance(value, np.ndarray | np.generic) and value.dtype != object:
        return value.shape, value.dtype, value.tobytes()
    if not backend.has_value(value):
        return "symbolic"  # left behind by a trace
    if not depth:
        return _Same(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_frozen(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return [(key, _frozen(item, depth - 1)) for key, item in value.items()]
    if isinstance(value, types.FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or () if _filled(cell)]
        return _Same(value), [_frozen(cell, depth - 1) for cell in cells]
    return _Same(value)


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False
