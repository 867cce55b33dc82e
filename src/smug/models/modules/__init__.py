"""Torch modules as Keras models: what a method asks of a model is asked of the module itself.

Each submodule shows itself as Keras layers (:mod:`smug.models.modules.faces`), whose weights are
the module's own; the pass is the module's, whatever Python it is made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from smug.errors import SmugError


def is_module(model: Any) -> bool:
    """True for a ``torch.nn.Module`` that is no Keras model; torch need not be installed."""
    bases = {f"{base.__module__}.{base.__qualname__}" for base in type(model).__mro__}
    # On its torch backend, a layer of Keras is a module, too.
    return "torch.nn.modules.module.Module" in bases and not isinstance(model, keras.Layer)


@contextmanager
def as_model(model: Any) -> Iterator[Any]:
    """Within the block, a torch module as a Keras model; whatever is none comes back as it is.

    The module runs as at inference; afterwards its training flags, gradients and the state of
    random numbers are what they were.

    Raises
    ------
    SmugError
        Keras does not run on torch, or the module has no weights yet.
    """
    if not is_module(model):
        yield model
        return
    if keras.config.backend() != "torch":
        raise SmugError(
            f"model={type(model).__name__} is a torch.nn.Module, and Keras runs on "
            f"{keras.config.backend()!r}; set KERAS_BACKEND=torch before keras is imported"
        )
    from smug.models.modules.model import ModuleModel

    made = ModuleModel(model)
    with made.at_work():
        yield made
