"""Functions that a module's ``forward`` calls, as layers like those of the modules of their names.

``F.relu(x)`` is no submodule. The first pass of a module meets the functions that it calls, and
each, with its settings, is a layer from then on. While somebody watches one of these layers, calls
of the functions are caught and go through it; each call is one run of the one layer. At all other
times nothing is in their way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import overrides

from smug.models.modules.called import Called
from smug.models.modules.faces import face_of
from smug.models.modules.layout import Known
from smug.models.modules.leaf import Leaf, Work


class Functions(overrides.TorchFunctionMode):
    """Layers ``functional.relu`` and its kin, which run where ``forward`` calls the functions.

    Parameters
    ----------
    dtype : str
        Keras's name of the type that the whole module computes in.
    layers : list of keras.layers.Layer
        Grows by those of each function that is met.
    work : Work
    """

    def __init__(self, dtype: str, layers: list[Any], work: Work) -> None:
        super().__init__()
        self.dtype, self.layers, self.work = dtype, layers, work
        self.leaves: dict[tuple[str, str], Leaf] = {}  # by name and settings
        self.met = False
        work.uncaught = self.uncaught

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Within the block, calls of the functions go through their layers, if one is watched."""
        if self.met and not any("call" in vars(layer) for layer in self.layers):
            yield
            return
        with self:
            yield
        self.met = True

    @contextmanager
    def uncaught(self) -> Iterator[None]:
        """Within the block, calls of the functions are not caught."""
        if overrides._get_current_function_mode() is self:
            with overrides._pop_mode_temporarily():
                yield
        else:
            yield

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Answer of a call, as its layer gives it."""
        given = kwargs or {}
        called = Called.of(func, args, given)
        if called is None:
            return func(*args, **given)
        leaf = self._leaf(called)
        if not called.in_place:
            return leaf(called.x)
        # What was noted of the values before stays true of them.
        made = leaf(Known.of(called.x).note(called.x.clone()))
        called.x.copy_(made)
        return Known.of(made).note(called.x)

    def _leaf(self, called: Called) -> Leaf:
        """Layer of a function with these settings."""
        own = {name: value for name, value in vars(called.module).items() if name[0] != "_"}
        key = called.name, f"{type(called.module).__name__} {own}"
        if key not in self.leaves:
            number = sum(name == called.name for name, _ in self.leaves)
            name = f"functional.{called.name}" + (f"_{number}" if number else "")
            face = face_of(called.module, name, self.dtype, ())
            self.leaves[key] = Leaf(called.module.forward, face, self.work)
            self.layers.extend(self.leaves[key].layers)
        return self.leaves[key]
