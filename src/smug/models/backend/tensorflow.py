"""TensorFlow under Keras."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import tensorflow as tf

from smug.errors import SmugError, reason
from smug.models.backend.spec import Spec

#: What this library raises where a network cannot run on an input.
FAILURES: tuple[type[Exception], ...] = (tf.errors.OpError,)

#: Whether a compiled function is compiled anew for every length of an axis.
COMPILES_EACH_SHAPE = False

# Matrix units of NVIDIA's cards round float32 to 11 bits while TensorFlow lets them.
_FLOAT32, _TENSOR_FLOAT = 2.0**-24, 2.0**-11


def out_of_memory(error: Exception) -> bool:
    """True if this library says by an error that memory is not enough."""
    return isinstance(error, tf.errors.ResourceExhaustedError)


def has_value(tensor: Any) -> bool:
    """False for a stand-in that a trace works with; True for a tensor of numbers, and all else."""
    # The order matters: asked of a layer, the second takes most of a millisecond.
    return not (isinstance(tensor, tf.Tensor) and tf.is_symbolic_tensor(tensor))


def on_accelerator() -> bool:
    """True if networks run on a GPU or TPU."""
    return bool(tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("TPU"))


def roundoff() -> float:
    """Unit roundoff of sums in float32 on the device at hand."""
    if not tf.config.list_physical_devices("GPU"):
        return _FLOAT32
    rounds = tf.config.experimental.tensor_float_32_execution_enabled()
    return _TENSOR_FLOAT if rounds else _FLOAT32


def in_float64() -> AbstractContextManager[None]:
    """Context in which tensors and layers of float64 are that; this library always has them."""
    return nullcontext()


def gradient(scores: Callable[[Any], Any], points: Any) -> tuple[Any, Any]:
    """Differentiate inside a traced function.

    Parameters
    ----------
    scores : callable
        From `points` to scores, shape (batch,).
    points : tensor, shape (batch, ...)

    Returns
    -------
    gradient : tensor, shaped like `points`
        Of the sum of the scores; zero where they ignore the points.
    scores : tensor, shape (batch,)

    Raises
    ------
    SmugError
        An operator that has none, as a SavedModel may hold.
    """
    with tf.GradientTape() as tape:
        tape.watch(points)
        answered = scores(points)
    zero = tf.UnconnectedGradients.ZERO
    try:
        return tape.gradient(answered, points, unconnected_gradients=zero), answered
    except LookupError as error:
        raise SmugError(f"the model has no gradient ({reason(error)}); use sis") from error


def removals(
    scores_without: Callable[[Any, Any], Any],
    present: Any,
    free: Any,
    ties: Any,
    batch: int,
    steps: Any,
) -> tuple[Any, Any, Any]:
    """Mask positions one after the other, inside a traced function.

    Parameters
    ----------
    scores_without : callable
        From the positions that are in place, shape (n,), and the numbers of some of them, shape
        (k,), to the scores with each of these masked besides, shape (k,).
    present : tensor of bool, shape (n,)
        Positions in place at the start.
    free : tensor of bool, shape (n,)
        Positions that may be masked.
    ties : tensor, shape ()
        Scores this close to the best count as equal; the lowest position is masked first.
    batch : int
        Most positions that `scores_without` gets at once.
    steps : tensor of int, shape ()
        Number of positions to mask.

    Returns
    -------
    present : tensor of bool, shape (n,)
        Positions in place at the end.
    order, values : tensor, shape (steps,) or longer
        Position masked in each step, and the score after it; what lies behind has no meaning.
    """

    def step(number: Any, present: Any, order: Any, values: Any) -> tuple[Any, ...]:
        candidates = tf.where(present & free)[:, 0]
        size = tf.shape(candidates, tf.int64)[0]
        parts = tf.TensorArray(tf.float64, size=0, dynamic_size=True, infer_shape=False)

        def part(i: Any, parts: Any) -> tuple[Any, Any]:
            rows = candidates[i * batch : (i + 1) * batch]
            return i + 1, parts.write(tf.cast(i, tf.int32), scores_without(present, rows))

        first = tf.constant(0, tf.int64)
        _, parts = tf.while_loop(lambda i, _: i * batch < size, part, (first, parts))
        scores = parts.concat()
        best = tf.where(scores >= tf.reduce_max(scores) - ties)[0, 0]
        place = tf.cast(number, tf.int32)
        present = present & (tf.range(free.shape[0], dtype=tf.int64) != candidates[best])
        order, values = order.write(place, candidates[best]), values.write(place, scores[best])
        return number + 1, present, order, values

    arrays = [
        tf.TensorArray(kind, size=tf.cast(steps, tf.int32)) for kind in (tf.int64, tf.float64)
    ]
    _, present, order, values = tf.while_loop(
        lambda number, *_: number < steps,
        step,
        (tf.constant(0, tf.int64), present, *arrays),
        parallel_iterations=1,
    )
    return present, order.stack(), values.stack()


@contextmanager
def ignoring_functions() -> Iterator[None]:
    """Within the block, what a model has compiled itself runs as the Python that it is made of.

    A graph that it keeps from before would not see substituted calls.
    """
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def traced(
    function: Callable[..., Any], signature: Sequence[Spec], variables: Sequence[Any]
) -> Callable[..., Any]:
    """Compile a function of tensors.

    Parameters
    ----------
    function : callable
        From tensors to a tensor, or to tuples and lists of them.
    signature : sequence of Spec
        Of each argument.
    variables : sequence of keras.Variable
        What the function reads beside its arguments; their values count when it is called.

    Returns
    -------
    callable
        Takes arrays and tensors, answers tensors.
    """
    del variables  # the graph reads them by itself
    specs = tuple(tf.TensorSpec(spec.shape, spec.dtype) for spec in signature)
    # Without XLA, which is ten times slower here.
    made = tf.function(function, input_signature=specs, jit_compile=False, autograph=False)
    with ignoring_functions():
        compiled = made.get_concrete_function()

    def run(*arguments: Any) -> Any:
        pairs = zip(arguments, specs, strict=True)
        return compiled(*(tf.convert_to_tensor(one, spec.dtype) for one, spec in pairs))

    return run
