"""Order of a tensor's axes: torch has channels first, the Keras layers that stand for it last."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch


class Known(NamedTuple):
    """Knowledge of a tensor that the module computes with.

    Parameters
    ----------
    last : bool or None
        Whether Keras layers see it with its channels last; None: nothing tells.
    value : torch.Tensor or None
        The tensor that Keras layers see, where somebody watches.
    answered : bool
        Whether layers answered it while nobody watched them.
    version : int
        Of the tensor when this was noted: what changes in place is another value.
    """

    last: bool | None
    value: Any = None
    answered: bool = False
    version: int = 0

    @classmethod
    def of(cls, tensor: torch.Tensor) -> Known:
        """Knowledge noted of a tensor, without the value if it has changed since."""
        known: Known = getattr(tensor, "_smug_known", cls(None))
        return known if known.version == tensor._version else cls(known.last)

    def seen(self, tensor: torch.Tensor) -> Any:
        """The tensor that Keras layers see; None for one that no layer answered."""
        if self.value is None and self.answered:
            return to_last(tensor) if self.last else tensor
        return self.value

    def note(self, tensor: torch.Tensor) -> torch.Tensor:
        """Note it of a tensor."""
        tensor._smug_known = self._replace(version=tensor._version)
        return tensor


def to_last(tensor: torch.Tensor) -> torch.Tensor:
    """Channels from the axis behind the batch to the last one; fewer than three axes stay."""
    return tensor.movedim(1, -1) if tensor.ndim > 2 else tensor


def to_first(tensor: torch.Tensor) -> torch.Tensor:
    """Channels from the last axis to the one behind the batch; fewer than three axes stay."""
    return tensor.movedim(-1, 1) if tensor.ndim > 2 else tensor


def handed(value: torch.Tensor, last: bool | None) -> torch.Tensor:
    """A tensor as the module goes on with it, its own copy: the module may change it in place."""
    made = to_first(value) if last else value
    # Laid out as the module's own answer, for a view() behind it.
    return Known(last, value).note(made.clone(memory_format=torch.contiguous_format))
