"""A torch module as a Keras model."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import torch

from smug.errors import SmugError
from smug.models.modules.face import Face, variables_of
from smug.models.modules.faces import face_of
from smug.models.modules.functions import Functions
from smug.models.modules.layout import Known
from smug.models.modules.leaf import Leaf, Work
from smug.models.modules.state import at_inference

_HALF = (torch.float16, torch.bfloat16)
# Modules of torch's own that only hold others; those with a pass of their own stay whole.
_CONTAINERS = ("torch.nn.modules.container", "torch.nn.parallel.", "torch.fx.")


class ModuleModel(keras.Model):
    """A torch module that every function of a Keras model takes.

    It runs the module, whose weights are the model's: one changes with the other. Submodules are
    layers by their names, such as ``features.0``. A module of half precision is copied, and the
    copy runs in float32.

    Parameters
    ----------
    module : torch.nn.Module
        One that answers a tensor, or a list, tuple or dict of them. With several inputs it is
        called with those of a list in order, with those of a dict by name.

    Attributes
    ----------
    channels_first : bool
        True: an input of more than three axes has its channels behind the batch.

    Raises
    ------
    SmugError
        Weights that are not there yet (a lazy layer, the device ``meta``), or a module of half
        precision that cannot be copied.
    """

    channels_first = True

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__(name=type(module).__name__, autocast=False)
        # A compiled module holds the one that it was made of.
        module = getattr(module, "_orig_mod", module)
        _check_weights(module)
        module = _in_float32(module)
        weight = _first_float(module)
        dtype = "float32" if weight is None else str(weight.dtype).removeprefix("torch.")
        taken: set[int] = set()
        faces: dict[torch.nn.Module, Face] = {}
        for name, part in _parts(module):
            # Keras has no slashes in names, which nodes of ONNX files have.
            own_name = name.replace("/", ".") or self.name
            faces[part] = face_of(part, own_name, dtype, taken)
            taken |= {id(tensor) for tensor in faces[part].tensors}
        work = Work()
        leaves = {part: Leaf(part.forward, face, work) for part, face in faces.items()}
        self.faces = [layer for leaf in leaves.values() for layer in leaf.layers]
        self.called: list[Any] = []
        # Past Keras, which would wrap a module that it is given.
        own: dict[str, Any] = self.__dict__
        functions = Functions(dtype, self.called, work)
        own.update(module=module, work=work, leaves=leaves, functions=functions)
        self.others = variables_of([*module.named_parameters(), *module.named_buffers()], taken)
        self.built = True

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Within the block, the module runs as at inference, on its own device.

        Every call of the model does the same for itself; around many of them it is done once.
        """
        work: Work = self.work
        if work.on:
            yield
            return
        with ExitStack() as ended:
            ended.enter_context(at_inference(self.module, self.leaves))
            weight = _first_float(self.module)
            if weight is not None:
                ended.enter_context(keras.device(str(weight.device)))
            work.on = True
            ended.callback(setattr, work, "on", False)
            yield

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Answer of the module to a batch, or to a list or dict of batches."""
        del training  # always as at inference
        with self.at_work(), self.functions.caught():
            given = keras.tree.map_structure(self._given, x)
            if isinstance(given, Mapping):
                answer = self.module(**given)
            elif isinstance(given, list | tuple):
                answer = self.module(*given)
            else:
                answer = self.module(given)
        # Classes of outputs with names, as libraries of transformers have them, are dicts.
        return dict(answer) if isinstance(answer, Mapping) else answer

    def _given(self, x: Any) -> torch.Tensor:
        """An input on the module's device and in its type, its own copy."""
        weight = _first_float(self.module)
        made = x if weight is None else x.to(weight.device)
        if weight is not None and x.is_floating_point():
            made = made.to(weight.dtype)
        return Known(None, made).note(made.clone(memory_format=torch.contiguous_format))


def _check_weights(module: torch.nn.Module) -> None:
    tensors = [*module.named_parameters(), *module.named_buffers()]
    for name, tensor in tensors:
        if torch.nn.parameter.is_lazy(tensor) or tensor.is_meta:
            why = "is on the device 'meta'" if tensor.is_meta else "has no shape yet"
            raise SmugError(
                f"{name!r} of module {type(module).__name__} {why}, so that it has no values; "
                "load its weights, or run the module on one input first"
            )


def _in_float32(module: torch.nn.Module) -> torch.nn.Module:
    """The module, or a copy of one in half precision that computes in float32."""
    tensors = [*module.parameters(), *module.buffers()]
    if not any(tensor.dtype in _HALF for tensor in tensors):
        return module
    try:
        made = copy.deepcopy(module)
    except Exception as error:  # whatever the parts of a user's module raise
        raise SmugError(
            f"module {type(module).__name__} computes in half precision and cannot be copied to "
            f"float32 ({type(error).__name__}); give module.float()"
        ) from error
    for tensor in (*made.parameters(), *made.buffers()):
        if tensor.dtype in _HALF:
            tensor.data = tensor.data.float()
    return made


def _parts(module: torch.nn.Module, name: str = "") -> Iterator[tuple[str, torch.nn.Module]]:
    """Submodules that run as a whole, by their names."""
    whole = type(module).__module__.startswith("torch.") and not (
        type(module).__module__.startswith(_CONTAINERS)
    )
    children = [] if whole else list(module.named_children())
    if not children:
        yield name, module
    for child, part in children:
        yield from _parts(part, f"{name}.{child}" if name else child)


def _first_float(module: torch.nn.Module) -> torch.Tensor | None:
    """A parameter that tells where the module computes, and in which type."""
    tensors = (*module.parameters(), *module.buffers())
    return next((one for one in tensors if one.is_floating_point()), None)
