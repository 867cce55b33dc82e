"""A module as at inference, for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch


@contextmanager
def at_inference(
    module: torch.nn.Module, forwards: Mapping[torch.nn.Module, Callable[..., Any]]
) -> Iterator[None]:
    """Within the block, the module runs as at inference, and some submodules run functions.

    Afterwards the flags of training of every submodule, which parameters ask for gradients, and
    the state of random numbers are what they were.
    """
    with ExitStack() as restored:
        restored.enter_context(torch.inference_mode(False))
        devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
        restored.enter_context(torch.random.fork_rng(devices))
        for one in module.modules():
            # By itself: a module's own train() may do more, such as merging weights.
            restored.enter_context(_replaced(one, "training", False))
            if getattr(one, "inplace", False) is True:
                # What is watched must not change behind its observer's back.
                restored.enter_context(_replaced(one, "inplace", False))
        for parameter in module.parameters():
            if parameter.requires_grad:
                parameter.requires_grad_(False)
                restored.callback(parameter.requires_grad_, True)
        for one, forward in forwards.items():
            restored.enter_context(_replaced(one, "forward", forward))
        yield


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    own = vars(owner)
    had, before = name in own, own.get(name)
    own[name] = value
    try:
        yield
    finally:
        if had:
            own[name] = before
        else:
            del own[name]
