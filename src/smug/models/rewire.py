"""Watch a Keras model run, or run it with one layer's output replaced.

Both work by substituting ``call`` on single layers while the model is traced. That reaches any
layer of any model (functional, nested, subclassed), where rebuilding a model from intermediate
tensors stops at the border of a nested one. Traced functions are kept with the model, so that
repeated calls do not trace again, and read its weights as they are when called. A change of the
model itself (a layer, an activation, a ``call``) drops them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import keras
import numpy as np

from smug.errors import FAILURES as PLAIN_FAILURES
from smug.errors import SmugError, unknown_name
from smug.models import backend
from smug.models.backend import Spec
from smug.models.inputs import as_batch
from smug.models.structure import structure

Made = TypeVar("Made")

#: Errors that one input may fail with where a network runs; see :data:`smug.errors.FAILURES`.
FAILURES: tuple[type[Exception], ...] = (*PLAIN_FAILURES, *backend.FAILURES)


class Run(NamedTuple):
    """One of a layer's executions in a pass: a ReLU that a model uses twice has two.

    Wherever this module asks for a layer, a run of it will do; a layer by itself has to run once.
    """

    op: Any
    number: int = 0

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self.op.name


class Reached(BaseException):
    """Ends a pass at the tensor that was asked for; Keras adds words to any mere Exception."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor


class Call(NamedTuple):
    """One execution of one layer or operation, with the tensors that it saw."""

    run: Run
    inputs: list[Any]
    output: Any

    @property
    def op(self) -> Any:
        """The layer or operation."""
        return self.run.op


def leaves(model: keras.Model) -> list[Any]:
    """Layers and raw operations of a model, nested models opened, each once.

    Keras's own layers stay whole even where they hold others (an LSTM holds a cell); a user's
    layers that hold others are opened.
    """
    found: dict[int, Any] = {}

    def visit(op: Any) -> None:
        if hasattr(op, "operations"):
            children = op.operations
        elif isinstance(op, keras.Layer):
            children = op._flatten_layers(include_self=False, recursive=False)
        else:
            children = []
        whole = type(op).__module__.startswith("keras.") and not isinstance(op, keras.Model)
        if whole or not children:
            found.setdefault(id(op), op)
            return
        for child in children:
            visit(child)

    visit(model)
    return list(found.values())


def layer_named(model: keras.Model, name: str) -> Any:
    """Return the layer of that name, wherever it is nested.

    Raises
    ------
    SmugError
        If the model has no such layer (the closest name is proposed), or several.
    """
    layers = [op for op in leaves(model) if isinstance(op, keras.Layer)]
    found = [layer for layer in layers if layer.name == name]
    if not found:
        raise unknown_name("layer", name, {layer.name for layer in layers})
    if len(found) > 1:
        raise SmugError(f"{len(found)} layers are named {name!r}; give them different names")
    return found[0]


@contextmanager
def substituted(calls: dict[Any, Callable]) -> Iterator[None]:
    """Within the block, each layer (or operation) answers with its function instead."""
    # Through __dict__: attribute assignment on a Keras layer is tracked.
    before = {op: op.__dict__.get("call") for op in calls}
    for op, call in calls.items():
        op.__dict__["call"] = call
    try:
        yield
    finally:
        for op, call in before.items():
            if call is None:
                del op.__dict__["call"]
            else:
                op.__dict__["call"] = call


def record_calls(model: keras.Model, x: Any) -> list[Call]:
    """Run the model in inference mode and list its layers' executions in order.

    Of a model that holds inputs (:class:`smug.models.single.SingleModel`), only those that the
    input it explains reaches.

    Parameters
    ----------
    model : keras.Model
    x : array-like, shape (batch, ...)
        A tensor runs as it is, so that it is found again among the inputs of the calls.
    """
    calls = _all_calls(model, x)
    if not getattr(model, "holds", None):
        return calls
    # Zeros, or ones: whole numbers that every embedding knows.
    other = keras.ops.convert_to_numpy(as_batch(model, x))
    again = _all_calls(model, np.full_like(other, not other.any()))
    values = [
        [keras.ops.convert_to_numpy(one) for one in keras.tree.flatten(call.output)]
        for call in (*calls, *again)
    ]
    return [
        call
        for call, one, two in zip(calls, values[: len(calls)], values[len(calls) :], strict=True)
        if not all(map(np.array_equal, one, two))
    ]


def _all_calls(model: keras.Model, x: Any) -> list[Call]:
    calls: list[Call] = []

    def watching(op: Any) -> Callable:
        original, runs = op.call, itertools.count()

        def call(*args: Any, **kwargs: Any) -> Any:
            output = original(*args, **kwargs)
            entering = tensors(args, kwargs)
            # A layer that is built by its first call is traced once before it runs.
            if all(map(backend.has_value, entering)):
                calls.append(Call(Run(op, next(runs)), entering, output))
            return output

        return call

    x = x if keras.ops.is_tensor(x) else keras.ops.convert_to_tensor(as_batch(model, x))
    watched = leaves(model)
    with substituted({op: watching(op) for op in watched}), backend.ignoring_functions():
        model(x, training=False)
    # What is a layer only since this pass, such as a function of a torch module, was not watched.
    return calls if len(leaves(model)) == len(watched) else _all_calls(model, x)


@contextmanager
def without_activation(layer: Any) -> Iterator[None]:
    """Within the block, the layer (if any) answers before its own activation."""
    activation = getattr(layer, "activation", None)
    if activation is None:
        yield
        return
    layer.__dict__["activation"] = keras.activations.linear
    try:
        yield
    finally:
        layer.__dict__["activation"] = activation


def logit_calls(model: keras.Model, x: Any) -> dict[Any, Callable]:
    """Calls to substitute for the model to answer the logits in place of its probabilities.

    Parameters
    ----------
    model : keras.Model
    x : array-like, shape (batch, ...)
        Any input; the model is run on it once.

    Returns
    -------
    dict of layer to callable
        The last layer to run, without its softmax or sigmoid; empty if it has neither.
    """
    last = record_calls(model, x)[-1].op
    if isinstance(last, keras.layers.Softmax):
        return {last: lambda inputs, **_: inputs}
    activations = (keras.activations.softmax, keras.activations.sigmoid)
    if getattr(last, "activation", None) not in activations:
        return {}
    original = last.call

    def call(*args: Any, **kwargs: Any) -> Any:
        with without_activation(last):
            return original(*args, **kwargs)

    return {last: call}


def run_from(model: keras.Model, layer: Any, x: Any, output: Any) -> Any:
    """Run the model with `layer` answering `output`; call it inside a traced function.

    `x` still feeds whatever does not pass through the layer; the trace drops it otherwise.
    With ``layer=None`` the model simply runs on `output`.
    """
    if layer is None:
        return _one_output(model, model(output, training=False))
    op, wanted = _wanted_run(layer)
    original, runs = op.call, []

    def call(*args: Any, **kwargs: Any) -> Any:
        runs.append(op)
        if len(runs) - 1 != wanted:
            return original(*args, **kwargs)
        return keras.ops.cast(output, getattr(op, "compute_dtype", type_of(output)))

    with substituted({op: call}):
        outputs = model(x, training=False)
    _check_runs(layer, len(runs))
    return _one_output(model, outputs)


def outputs_from(model: keras.Model, layer: Any, x: np.ndarray, output: np.ndarray) -> np.ndarray:
    """Run the batch `x` with `layer` answering `output`; outputs of shape (batch, classes)."""
    x = as_batch(model, x)
    signature = (Spec.of_batch(x), Spec.of_batch(output))

    def build() -> Callable:
        return traced(model, lambda x, output: run_from(model, layer, x, output), signature)

    made = compiled(model, ("outputs_from", layer, *signature), build)(x, output)
    return keras.ops.convert_to_numpy(made)


def outputs_of(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Run the batch `x`; outputs of shape (batch, classes)."""
    x = as_batch(model, x)

    def build() -> Callable:
        return traced(model, lambda x: run_from(model, None, x, x), (Spec.of_batch(x),))

    return _on_rows(compiled(model, ("outputs_of", Spec.of_batch(x)), build), x)


def _on_rows(function: Callable, x: np.ndarray) -> np.ndarray:
    """Run a batch; of an empty one, which fused kernels refuse, tell the answer's shape."""
    if len(x):
        return keras.ops.convert_to_numpy(function(x))
    return keras.ops.convert_to_numpy(function(np.zeros((1, *x.shape[1:]), x.dtype)))[:0]


def tensor_at(model: keras.Model, layer: Any, x: np.ndarray, *, side: str) -> np.ndarray:
    """Catch the tensor that enters (``side="input"``) or leaves (``"output"``) a layer."""
    x = as_batch(model, x)
    signature, (op, wanted) = (Spec.of_batch(x),), _wanted_run(layer)

    def run(x: Any) -> Any:
        seen, original = [], op.call

        def call(*args: Any, **kwargs: Any) -> Any:
            output = original(*args, **kwargs)
            seen.append(tensors(args, kwargs)[0] if side == "input" else output)
            # What comes behind a run is not traced; a layer by itself has to run no second time.
            if isinstance(layer, Run) and len(seen) - 1 == wanted:
                raise Reached(seen[wanted])
            return output

        with substituted({op: call}):
            try:
                model(x, training=False)
            except Reached as reached:
                return reached.tensor
        _check_runs(layer, len(seen))
        return seen[wanted]

    key = ("tensor_at", layer, side, *signature)
    return _on_rows(compiled(model, key, lambda: traced(model, run, signature)), x)


def compiled(model: keras.Model, key: tuple, build: Callable[[], Made]) -> Made:
    """Return what was traced or read under `key`; build it on first use, and after each change."""
    now = structure(model)
    # Kept on the model, outside Keras's tracking: it lives and dies with the model.
    before, cache = model.__dict__.get("_smug_traced", (None, {}))
    if before != now:
        cache = {}
        model.__dict__["_smug_traced"] = now, cache
    if key not in cache:
        cache[key] = build()
    made: Made = cache[key]
    return made


def traced(model: keras.Model, function: Callable, signature: tuple[Spec, ...]) -> Callable:
    """Compile a function that runs the model, see :func:`smug.models.backend.tensorflow.traced`."""
    return backend.traced(function, signature, model.variables)


def tensors(*values: Any) -> list[Any]:
    """Tensors among the arguments of a call, in order."""
    return [value for value in keras.tree.flatten(values) if keras.ops.is_tensor(value)]


def type_of(tensor: Any) -> str:
    """Keras's name of a tensor's type."""
    return str(keras.backend.standardize_dtype(tensor.dtype))


def is_floating(tensor: Any) -> bool:
    """True if a tensor holds floats of any size."""
    return bool(keras.backend.is_float_dtype(type_of(tensor)))


def _wanted_run(layer: Any) -> tuple[Any, int]:
    """Operation of a layer or of one of its runs, and the run that counts."""
    return (layer.op, layer.number) if isinstance(layer, Run) else (layer, 0)


def _check_runs(layer: Any, runs: int) -> None:
    if runs != 1 and not (isinstance(layer, Run) and layer.number < runs):
        raise SmugError(
            f"layer {layer.name!r} runs {runs} times in one pass; name a layer that runs once"
        )


def _one_output(model: keras.Model, outputs: Any) -> Any:
    if not keras.ops.is_tensor(outputs) or outputs.ndim != 2:
        flat = keras.tree.flatten(outputs)
        shapes = [(None, *output.shape[1:]) if output.shape else () for output in flat]
        raise SmugError(
            f"model {model.name!r} answers {shapes}; expected one output of shape "
            "(batch, classes): smug.explain takes output= for one of several outputs, and reduce= "
            "for one of another shape"
        )
    # NumPy and the methods know no half precision, which a last cast may leave.
    return outputs if type_of(outputs) == "float64" else keras.ops.cast(outputs, "float32")
