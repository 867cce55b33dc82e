"""Modules of torch that do the same as calls of functions, such as ``functional.max_pool2d``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from smug.errors import SmugError


class Called(NamedTuple):
    """A call of a function, and the module that answers the same.

    Parameters
    ----------
    name : str
        Of the function, the same for all its forms: ``relu`` of ``torch.relu_`` and ``x.relu()``.
    module : torch.nn.Module
        Module that answers the same.
    x : torch.Tensor
        What the module is given.
    in_place : bool
        Whether the answer is written into `x`.
    """

    name: str
    module: nn.Module
    x: torch.Tensor
    in_place: bool

    @classmethod
    def of(cls, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Called | None:
        """Read a call; None for a function, or settings of one, that no module stands for.

        Raises
        ------
        SmugError
            Dropout as in training.
        """
        if function not in _KNOWN:
            return None
        name, in_place = _KNOWN[function]
        given = dict(kwargs)
        in_place |= bool(given.pop("inplace", False))
        x, *settings = args or (given.pop("input", None),)
        # What is made of weights is no step of its own.
        if not isinstance(x, torch.Tensor) or isinstance(x, nn.Parameter):
            return None
        try:
            module = _MODULES[name](x, *settings, **given)
        except TypeError:  # settings that the module does not have
            return None
        if module is None:
            return None
        return cls("flatten" if isinstance(module, nn.Flatten) else name, module, x, in_place)


Make = Callable[..., "nn.Module | None"]


def _same(kind: type[nn.Module]) -> Make:
    """Makes a module whose settings are those of its function."""
    return lambda x, *settings, **named: kind(*settings, **named)


def _maxima(kind: type[nn.Module]) -> Make:
    def make(
        x: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        *,
        return_indices: bool = False,
    ) -> nn.Module:
        return kind(kernel_size, stride or None, padding, dilation, return_indices, ceil_mode)

    return make


def _averages(kind: type[nn.Module]) -> Make:
    def make(x: Any, kernel_size: Any, stride: Any = None, *settings: Any, **named: Any) -> Any:
        return kind(kernel_size, stride or None, *settings, **named)

    return make


def _softmax(kind: type[nn.Module]) -> Make:
    def make(x: Any, dim: Any = None, *, dtype: Any = None, _stacklevel: int = 0) -> Any:
        return kind(dim) if dtype is None else None

    return make


_PADDINGS = {"reflect": "ReflectionPad", "replicate": "ReplicationPad", "circular": "CircularPad"}


def _padding(x: Any, pad: Any, mode: str = "constant", value: Any = None) -> nn.Module | None:
    axes, sides = x.ndim - 2, tuple(pad)
    if axes not in (1, 2, 3) or len(sides) > 2 * axes:
        return None
    if mode == "constant":
        whole = (*sides, *(0,) * (2 * axes - len(sides)))
        constant: nn.Module = getattr(nn, f"ConstantPad{axes}d")(whole, value or 0)
        return constant
    if mode not in _PADDINGS or len(sides) != 2 * axes:
        return None
    own: nn.Module = getattr(nn, f"{_PADDINGS[mode]}{axes}d")(sides)
    return own


def _dropout(x: Any, p: float = 0.5, training: bool = True) -> None:
    """Nothing at inference, where the function hands its input through."""
    if training and p > 0:
        raise SmugError(
            "the module's forward calls dropout with training=True, so that its answers are "
            "random; write training=self.training, or take nn.Dropout"
        )


def _flatten(reshape: Callable[..., torch.Tensor]) -> Make:
    def make(x: Any, *settings: Any, **named: Any) -> nn.Module | None:
        made = reshape(x, *settings, **named)
        to_rows = x.ndim > 2 and made.shape == (len(x), x[:1].numel())
        return nn.Flatten() if to_rows and made.dtype == x.dtype else None

    return make


_MODULES: dict[str, Make] = {
    "relu": _same(nn.ReLU),
    "relu6": _same(nn.ReLU6),
    "leaky_relu": _same(nn.LeakyReLU),
    "elu": _same(nn.ELU),
    "celu": _same(nn.CELU),
    "selu": _same(nn.SELU),
    "gelu": _same(nn.GELU),
    "silu": _same(nn.SiLU),
    "mish": _same(nn.Mish),
    "sigmoid": _same(nn.Sigmoid),
    "logsigmoid": _same(nn.LogSigmoid),
    "hardsigmoid": _same(nn.Hardsigmoid),
    "tanh": _same(nn.Tanh),
    "hardtanh": _same(nn.Hardtanh),
    "tanhshrink": _same(nn.Tanhshrink),
    "hardswish": _same(nn.Hardswish),
    "hardshrink": _same(nn.Hardshrink),
    "softshrink": _same(nn.Softshrink),
    "softplus": _same(nn.Softplus),
    "softsign": _same(nn.Softsign),
    "threshold": _same(nn.Threshold),
    "softmax": _softmax(nn.Softmax),
    "log_softmax": _softmax(nn.LogSoftmax),
    "max_pool1d": _maxima(nn.MaxPool1d),
    "max_pool2d": _maxima(nn.MaxPool2d),
    "max_pool3d": _maxima(nn.MaxPool3d),
    "avg_pool1d": _averages(nn.AvgPool1d),
    "avg_pool2d": _averages(nn.AvgPool2d),
    "avg_pool3d": _averages(nn.AvgPool3d),
    "adaptive_avg_pool1d": _same(nn.AdaptiveAvgPool1d),
    "adaptive_avg_pool2d": _same(nn.AdaptiveAvgPool2d),
    "adaptive_avg_pool3d": _same(nn.AdaptiveAvgPool3d),
    "adaptive_max_pool1d": _same(nn.AdaptiveMaxPool1d),
    "adaptive_max_pool2d": _same(nn.AdaptiveMaxPool2d),
    "adaptive_max_pool3d": _same(nn.AdaptiveMaxPool3d),
    "pad": _padding,
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "dropout3d"), _dropout),
    **dict.fromkeys(("alpha_dropout", "feature_alpha_dropout"), _dropout),
    "flatten": _flatten(torch.Tensor.flatten),
    "reshape": _flatten(torch.Tensor.reshape),
    "view": _flatten(torch.Tensor.view),
}

#: Name of each function that is read, and whether it changes what it is given: by convention
#: those with an underscore behind their name.
_KNOWN: dict[Any, tuple[str, bool]] = {
    getattr(owner, name + ending): (name, bool(ending))
    for name in _MODULES
    for ending in ("", "_")
    for owner in (functional, torch, torch.Tensor)
    if hasattr(owner, name + ending)
}
