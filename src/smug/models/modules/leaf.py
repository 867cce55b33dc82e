"""A submodule that runs as itself, or as its Keras layers where one of them is watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import keras
import torch

from smug.models.modules.face import Answering, Face
from smug.models.modules.layout import Known, handed, to_first, to_last


class Work:
    """State that the leaves of a module share.

    Attributes
    ----------
    on, inside : bool
        Whether the module is at work, and inside one of them.
    ranks : set of int
        Axes of the tensors that its convolutions and poolings read.
    uncaught : callable
        Makes a context in which functions that are called are not caught.
    """

    def __init__(self) -> None:
        self.on = False
        self.inside = False
        self.ranks: set[int] = set()
        self.uncaught: Callable[[], AbstractContextManager[Any]] = nullcontext

    @contextmanager
    def in_leaf(self) -> Iterator[None]:
        """Within the block, a submodule runs, by torch's fast ways, which catching calls bars."""
        self.inside = True
        try:
            with self.uncaught():
                yield
        finally:
            self.inside = False


class Leaf:
    """Takes the place of what a submodule runs.

    As long as nobody substitutes the call of one of its layers
    (:func:`smug.models.rewire.substituted`), the submodule runs as it is.

    Parameters
    ----------
    original : callable
        What it runs: ``forward`` of a module.
    face : Face
    work : Work
    """

    def __init__(self, original: Callable[..., Any], face: Face, work: Work) -> None:
        self.original, self.face, self.work = original, face, work
        self._last = False
        last = face.form == "last"
        if last:
            work.ranks.update(face.ranks)
        order = "to_last" if last else "to_first"
        self.turns = {
            rank: keras.layers.Permute(_dims(rank, order), name=f"{face.name}.{order}")
            for rank in (face.ranks if last or face.flattens else ())
            if rank > 2
        }
        for layer in self.turns.values():
            layer.built = True
        if isinstance(face.layers[-1], Answering):
            vars(face.layers[-1])["answer"] = self._answer
        self.layers = [*self.turns.values(), *face.layers]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Answer of the submodule."""
        if self.work.inside or not self.face.fits(args, kwargs):
            return self.original(*args, **kwargs)
        with self.work.in_leaf():
            self._last = self._has_channels_last(args, kwargs)
            if any("call" in vars(layer) for layer in self.layers):
                return self._watched(args, kwargs)
            made = self.original(*args, **kwargs)
        if isinstance(made, torch.Tensor):
            Known(self._still_last(made, args), answered=True).note(made)
        return made

    def _has_channels_last(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """True if the layers see channels last, which the module has behind the batch."""
        given = [one for one in (*args, *kwargs.values()) if isinstance(one, torch.Tensor)]
        tensors = [one for one in given if one.ndim > 2] or given  # a slice's places have no axes
        if self.face.form != "same" or len(tensors) != 1 or kwargs:
            return self.face.form == "last"
        known = Known.of(tensors[0])
        if known.last is not None or known.value is not None:
            return bool(known.last)
        # Between the modules somebody computed: torch's own order, by the number of axes.
        # Series are (batch, channels, steps), words (batch, words, features).
        return tensors[0].ndim > 3 or (tensors[0].ndim == 3 and 3 in self.work.ranks)

    def _still_last(self, made: torch.Tensor, args: tuple[Any, ...]) -> bool:
        return self._last and made.ndim == args[0].ndim

    def _watched(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the layers; what they see is what those before have answered."""
        values = [self._entering(one) for one in args]
        named = {name: self._entering(one) for name, one in kwargs.items()}
        for layer in self.face.layers[:-1]:
            values = [layer.call(*values)]
        made = self.face.layers[-1].call(*values, **named)

        def handed_on(one: Any) -> Any:
            if not isinstance(one, torch.Tensor):
                return one
            return handed(one, self._still_last(one, args))

        return keras.tree.map_structure(handed_on, made)

    def _entering(self, one: Any) -> Any:
        if not isinstance(one, torch.Tensor):
            return one
        known = Known.of(one)
        seen = known.seen(one)
        if seen is not None:
            if bool(known.last) == self._last or one.ndim < 3:
                return seen
            if one.ndim in self.turns:
                return self.turns[one.ndim].call(seen)
        return to_last(one) if self._last else one

    def _answer(self, *args: Any, **kwargs: Any) -> Any:
        """Answer of the submodule, in the order of axes that the layers see."""
        last = self._last
        given = [
            to_first(one).contiguous() if last and isinstance(one, torch.Tensor) else one
            for one in args
        ]
        made = self.original(*given, **kwargs)
        if isinstance(made, torch.Tensor) and last and self._still_last(made, args):
            return to_last(made)
        return made


def _dims(rank: int, order: str) -> tuple[int, ...]:
    """Order of the axes behind the batch, from 1, as Permute takes it."""
    rest = range(1, rank)
    return (*rest[1:], 1) if order == "to_last" else (rank - 1, *rest[:-1])
