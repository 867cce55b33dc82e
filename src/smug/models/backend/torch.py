"""PyTorch under Keras; the face is described in :mod:`smug.models.backend.tensorflow`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import keras
import torch

from smug.models.backend.spec import Spec

#: What this library raises where a network cannot run on an input.
FAILURES: tuple[type[Exception], ...] = (RuntimeError, IndexError)

#: Whether a compiled function is compiled anew for every length of an axis.
COMPILES_EACH_SHAPE = False

# Matrix units round float32 to so many bits where the settings of this name let them.
_FLOAT32, _ROUNDED = 2.0**-24, {"tf32": 2.0**-11, "bf16": 2.0**-8}


def out_of_memory(error: Exception) -> bool:
    """True if this library says by an error that memory is not enough."""
    if isinstance(error, torch.OutOfMemoryError):
        return True
    # Of a processor's memory there is no error of its own, and each system has its words.
    told = ("can't allocate memory", "not enough memory")
    return isinstance(error, RuntimeError) and any(words in str(error) for words in told)


def has_value(tensor: Any) -> bool:
    """False for a stand-in that a trace works with; True for a tensor of numbers, and all else."""
    return not (isinstance(tensor, torch.Tensor) and tensor.is_meta)


def on_accelerator() -> bool:
    """True if networks run on a GPU or TPU."""
    return keras.ops.convert_to_tensor(0.0).device.type != "cpu"


def roundoff() -> float:
    """Unit roundoff of sums in float32 on the device at hand."""
    backends: Any = torch.backends
    if keras.ops.convert_to_tensor(0.0).is_cuda:
        sums = (backends.cuda.matmul, backends.cudnn.conv)
    else:
        sums = (backends.mkldnn.matmul, backends.mkldnn.conv)
    # "none" hands on what is set for all.
    asked = [one.fp32_precision for one in sums]
    asked = [backends.fp32_precision if one == "none" else one for one in asked]
    return max(_ROUNDED.get(one, _FLOAT32) for one in asked)


def in_float64() -> AbstractContextManager[None]:
    """Context in which tensors and layers of float64 are that; this library always has them."""
    return nullcontext()


def gradient(scores: Callable[[Any], Any], points: Any) -> tuple[Any, Any]:
    """Differentiate inside a traced function; no tensor keeps a gradient or a graph."""
    with torch.enable_grad():
        points = points.detach().requires_grad_()
        answered = scores(points)
        if not answered.requires_grad:
            return torch.zeros_like(points), answered
        (found,) = torch.autograd.grad(answered.sum(), points, allow_unused=True)
    return torch.zeros_like(points) if found is None else found, answered.detach()


def removals(
    scores_without: Callable[[Any, Any], Any],
    present: Any,
    free: Any,
    ties: Any,
    batch: int,
    steps: Any,
) -> tuple[Any, Any, Any]:
    """Mask positions one after the other, inside a traced function."""
    present, order, values = present.clone(), [], []
    for _ in range(int(steps)):
        candidates = torch.nonzero(present & free)[:, 0]
        parts = [scores_without(present, some) for some in torch.split(candidates, batch)]
        scores = torch.cat(parts)
        best = torch.nonzero(scores >= scores.max() - ties)[0, 0]
        present[candidates[best]] = False
        order.append(candidates[best])
        values.append(scores[best])
    return present, torch.stack(order), torch.stack(values)


def ignoring_functions() -> AbstractContextManager[Any]:
    """Within the block, what ``torch.compile`` has compiled runs as the Python it is made of."""
    # Whatever is compiled has loaded the compiler, which takes seconds.
    if "torch._dynamo" not in sys.modules:
        return nullcontext()
    stance: AbstractContextManager[Any] = torch.compiler.set_stance("force_eager")
    return stance


def traced(
    function: Callable[..., Any], signature: Sequence[Spec], variables: Sequence[Any]
) -> Callable[..., Any]:
    """Run a function of tensors as it stands; this library needs no compiler for speed."""
    weights = [variable.value for variable in variables]

    def run(*arguments: Any) -> Any:
        # Tensors that are made in inference mode have no gradient.
        with torch.inference_mode(False), torch.no_grad(), _without_gradients(weights):
            pairs = zip(arguments, signature, strict=True)
            tensors = [keras.ops.convert_to_tensor(one, spec.dtype) for one, spec in pairs]
            with ignoring_functions():
                return function(*tensors)

    return run


@contextmanager
def _without_gradients(weights: Sequence[torch.Tensor]) -> Iterator[None]:
    """Within the block, no pass keeps what only the gradients of these weights need."""
    asked = [weight for weight in weights if weight.requires_grad and weight.is_leaf]
    for weight in asked:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in asked:
            weight.requires_grad_(True)
