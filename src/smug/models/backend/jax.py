"""JAX under Keras; the face is described in :mod:`smug.models.backend.tensorflow`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax
import keras
from jax import lax
from jax import numpy as jnp

from smug.models.backend.spec import Spec

#: What this library raises where a network cannot run on an input.
FAILURES: tuple[type[Exception], ...] = (jax.errors.JaxRuntimeError,)

#: Whether a compiled function is compiled anew for every length of an axis.
COMPILES_EACH_SHAPE = True

# Matrix units round float32 to 11 bits, or to 8, while nobody asks for more.
_FLOAT32, _MATRIX_UNITS = 2.0**-24, {"gpu": 2.0**-11, "tpu": 2.0**-8}


def out_of_memory(error: Exception) -> bool:
    """True if this library says by an error that memory is not enough."""
    return isinstance(error, FAILURES) and "RESOURCE_EXHAUSTED" in str(error)


def has_value(tensor: Any) -> bool:
    """False for a stand-in that a trace works with; True for a tensor of numbers, and all else."""
    return not isinstance(tensor, jax.core.Tracer)


def on_accelerator() -> bool:
    """True if networks run on a GPU or TPU."""
    return jax.default_backend() != "cpu"


def roundoff() -> float:
    """Unit roundoff of sums in float32 on the device at hand."""
    if jax.config.values["jax_default_matmul_precision"] in ("highest", "float32"):
        return _FLOAT32
    return _MATRIX_UNITS.get(jax.default_backend(), _FLOAT32)


def in_float64() -> AbstractContextManager[Any]:
    """Context in which tensors and layers of float64 are that; outside they are float32."""
    return jax.enable_x64(True)


def gradient(scores: Callable[[Any], Any], points: Any) -> tuple[Any, Any]:
    """Differentiate inside a traced function."""
    answered, pull = jax.vjp(scores, points)
    return pull(jnp.ones_like(answered))[0], answered


def removals(
    scores_without: Callable[[Any, Any], Any],
    present: Any,
    free: Any,
    ties: Any,
    batch: int,
    steps: Any,
) -> tuple[Any, Any, Any]:
    """Mask positions one after the other, inside a traced function."""
    count = free.shape[0]
    # Shapes are fixed here: the last batch is filled up with a position that does not exist.
    size = min(batch, count)
    length = -(-count // size) * size

    def step(state: tuple[Any, ...]) -> tuple[Any, ...]:
        number, present, order, values = state
        candidates = jnp.nonzero(present & free, size=length, fill_value=count)[0]
        left = jnp.count_nonzero(present & free)

        def part(state: tuple[Any, Any]) -> tuple[Any, Any]:
            i, scores = state
            rows = lax.dynamic_slice(candidates, (i * size,), (size,))
            found = scores_without(present, rows)
            return i + 1, lax.dynamic_update_slice(scores, found, (i * size,))

        none = jnp.full(length, -jnp.inf, values.dtype)
        _, scores = lax.while_loop(lambda state: state[0] * size < left, part, (0, none))
        scores = jnp.where(jnp.arange(length) < left, scores, -jnp.inf)
        best = jnp.argmax(scores >= scores.max() - ties)
        present = present & (jnp.arange(count) != candidates[best])
        order, values = order.at[number].set(candidates[best]), values.at[number].set(scores[best])
        return number + 1, present, order, values

    order, values = jnp.zeros(count, steps.dtype), jnp.zeros(count, ties.dtype)
    state = (jnp.zeros((), steps.dtype), present, order, values)
    return lax.while_loop(lambda state: state[0] < steps, step, state)[1:]


def ignoring_functions() -> AbstractContextManager[None]:
    """Nothing to do: a layer that runs inside a ``jax.jit`` of the model's own is not found."""
    return nullcontext()


def traced(
    function: Callable[..., Any], signature: Sequence[Spec], variables: Sequence[Any]
) -> Callable[..., Any]:
    """Compile a function of tensors; the compiler runs when a new shape comes."""

    def stateless(values: list[Any], *arguments: Any) -> Any:
        mapping = list(zip(variables, values, strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            return function(*arguments)

    compiled = jax.jit(stateless)

    def run(*arguments: Any) -> Any:
        pairs = zip(arguments, signature, strict=True)
        # Where 64 bits are off, asking for them by name would warn.
        tensors = [
            keras.ops.convert_to_tensor(one, str(jax.dtypes.canonicalize_dtype(spec.dtype)))
            for one, spec in pairs
        ]
        return compiled([variable.value for variable in variables], *tensors)

    return run
