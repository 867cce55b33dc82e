"""Functions that a module's ``forward`` calls, as layers like those of the modules of their names.

``F.relu(x)`` is no submodule. While somebody watches one of the layers here, calls of the functions
are caught and go through it; each call is one run of the one layer. At all other times nothing is
in their way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from smug.models.modules.faces import face_of
from smug.models.modules.leaf import Leaf, Work

_SAME_AS: dict[str, tuple[nn.Module, set[Callable[..., Any]]]] = {
    "relu": (nn.ReLU(), {functional.relu, torch.relu, torch.Tensor.relu}),
    "sigmoid": (nn.Sigmoid(), {functional.sigmoid, torch.sigmoid, torch.Tensor.sigmoid}),
    "softmax": (nn.Softmax(dim=-1), {functional.softmax, torch.softmax, torch.Tensor.softmax}),
    "flatten": (
        nn.Flatten(),
        {torch.flatten, torch.Tensor.flatten, torch.reshape, torch.Tensor.reshape}
        | {torch.Tensor.view},
    ),
}


class Functions(TorchFunctionMode):
    """Layers ``functional.relu`` and its kin, which run where ``forward`` calls the functions.

    Parameters
    ----------
    dtype : str
        Keras's name of the type that the whole module computes in.
    ranks : sequence of int
        As for :class:`~smug.models.modules.leaf.Leaf`.
    work : Work
    """

    def __init__(self, dtype: str, ranks: Sequence[int], work: Work) -> None:
        super().__init__()
        self.work = work
        self.leaves = {
            name: Leaf(
                module.forward, face_of(module, f"functional.{name}", dtype, ()), ranks, work
            )
            for name, (module, _) in _SAME_AS.items()
        }
        self.layers = [layer for leaf in self.leaves.values() for layer in leaf.layers]
        self._named = {one: name for name, (_, same) in _SAME_AS.items() for one in same}

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Within the block, calls of the functions go through their layers, if one is watched."""
        if any("call" in vars(layer) for layer in self.layers):
            with self:
                yield
        else:
            yield

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Answer of a call, as its layer gives it where that does the same."""
        made = func(*args, **(kwargs or {}))
        name = None if self.work.inside or not args else self._named.get(func)
        # What changes in place, or is made of weights, is no step of its own.
        if name is None or made is args[0] or isinstance(args[0], nn.Parameter):
            return made
        again = _SAME_AS[name][0](args[0])
        # Other settings give something else: another shape, a softmax along another axis.
        same = (again.shape, again.dtype) == (made.shape, made.dtype) and torch.equal(again, made)
        return self.leaves[name](args[0]) if same else made
