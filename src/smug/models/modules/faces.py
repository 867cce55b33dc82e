"""Keras layers that stand for torch's modules, by their types, settings and weights."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import keras
import torch
from torch import nn

from smug.models.modules.face import Face, answering, built, other, share

layers = keras.layers


def face_of(module: nn.Module, name: str, dtype: str, taken: Collection[int]) -> Face:
    """Layers of a module; one that Keras has no layer for answers by itself.

    Parameters
    ----------
    module : torch.nn.Module
    name : str
    dtype : str
        Keras's name of the type that the whole module computes in.
    taken : collection of int
        Identities of parameters that are weights of other layers already.
    """
    settings = {"name": name, "dtype": dtype}
    free = not any(id(one) in taken for one in module.parameters())
    for kind, face in _FACES.items():
        if isinstance(module, kind):
            exact = type(module) is kind and free and _plain(module)
            found = face(module, exact, settings)
            if found is not None:
                return found
    return other(module, settings)


def _plain(module: nn.Module) -> bool:
    """True if the weights of a module are parameters, not computed of others at every pass."""
    named = ("weight", "bias")
    return all(n in module._parameters for n in named if hasattr(module, n)) and not hasattr(
        module, "parametrizations"
    )


def _weighted(
    kind: type, module: Any, exact: bool, shape: tuple[int | None, ...], **settings: Any
) -> Any:
    """A dense layer or a convolution with the module's weights."""
    layer = (kind if exact else answering(kind))(
        **settings, use_bias=module.bias is not None, kernel_initializer="zeros"
    )
    built(layer, shape)
    weight, bias = module.weight, module.bias
    if not exact:  # weights of the moment, of which only the type is read
        weight, bias = weight.clone(), None if bias is None else bias.clone()
    share(layer.kernel, weight.permute(*range(2, weight.ndim), 1, 0))
    if bias is not None:
        share(layer.bias, bias)
    return layer


def _tensors(module: nn.Module, exact: bool) -> list[torch.Tensor]:
    return [*module.parameters(), *module.buffers()] if exact else []


def _dense(module: Any, exact: bool, settings: dict[str, Any]) -> Face:
    shape = (None, module.in_features)
    layer = _weighted(layers.Dense, module, exact, shape, units=module.out_features, **settings)
    return Face([layer], "plain", (2, 3, 4, 5), tensors=_tensors(module, exact))


_CONVOLUTIONS = {
    nn.Conv1d: (layers.Conv1D, layers.ZeroPadding1D),
    nn.Conv2d: (layers.Conv2D, layers.ZeroPadding2D),
    nn.Conv3d: (layers.Conv3D, layers.ZeroPadding3D),
}


def _convolution(module: Any, exact: bool, settings: dict[str, Any]) -> Face:
    kind, padding = _CONVOLUTIONS[next(k for k in _CONVOLUTIONS if isinstance(module, k))]
    axes = len(module.kernel_size)
    # Keras makes no layer with both.
    both = max(module.stride) > 1 and max(module.dilation) > 1
    exact = exact and not both and module.padding_mode == "zeros"
    shape = (*(None,) * (axes + 1), module.in_channels)
    layer = _weighted(
        kind,
        module,
        exact,
        shape,
        filters=module.out_channels,
        kernel_size=module.kernel_size,
        strides=module.stride,
        dilation_rate=1 if both else module.dilation,
        groups=module.groups,
        padding="valid",
        data_format="channels_last",
        **settings,
    )
    if both:
        layer.dilation_rate = tuple(module.dilation)
    chain = [layer]
    borders = _borders(module)
    if exact and any(map(any, borders)):
        chain.insert(0, built(padding(_as_keras(borders), **_named(settings, "padding"))))
    return Face(chain, "last", (axes + 2,), tensors=_tensors(module, exact))


def _borders(module: Any) -> list[tuple[int, int]]:
    """Zeros before and behind each axis of a convolution's or a pooling's input."""
    axes, padding = len(module.kernel_size), module.padding
    if padding == "same":
        reach = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        return [(side // 2, side - side // 2) for side in reach]
    if padding == "valid":
        return [(0, 0)] * axes
    return [(side, side) for side in _each(padding, axes)]


def _as_keras(borders: list[tuple[int, int]]) -> Any:
    return borders[0] if len(borders) == 1 else tuple(borders)


def _each(value: Any, axes: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,) * axes


def _named(settings: dict[str, Any], part: str) -> dict[str, Any]:
    return settings | {"name": f"{settings['name']}.{part}"}


def _norm(module: Any, exact: bool, settings: dict[str, Any]) -> Face | None:
    if not exact or module.running_mean is None:
        return None  # it uses the statistics of the batch, or somebody changed what it does
    affine = module.weight is not None
    layer = layers.BatchNormalization(
        axis=-1, epsilon=module.eps, center=affine, scale=affine, **settings
    )
    built(layer, (None, module.num_features))
    layer.input_spec = None
    share(layer.moving_mean, module.running_mean)
    share(layer.moving_variance, module.running_var)
    if affine:
        share(layer.gamma, module.weight)
        share(layer.beta, module.bias)
    return Face([layer], "last", _NORMED[type(module)], tensors=_tensors(module, exact))


_NORMED = {nn.BatchNorm1d: (2, 3), nn.BatchNorm2d: (4,), nn.BatchNorm3d: (5,)}


def _embedding(module: Any, exact: bool, settings: dict[str, Any]) -> Face | None:
    if not exact or module.max_norm is not None:
        return None
    layer = layers.Embedding(
        module.num_embeddings, module.embedding_dim, embeddings_initializer="zeros", **settings
    )
    share(built(layer, (None,)).embeddings, module.weight)
    return Face([layer], "plain", (2,), tensors=_tensors(module, exact))


def _pooling(kinds: Sequence[Any], *, average: bool) -> Callable[..., Face]:
    def face(module: Any, exact: bool, settings: dict[str, Any]) -> Face:
        axes = 1 + next(i for i, kind in enumerate(kinds) if isinstance(module, kind[0]))
        size = _each(module.kernel_size, axes)
        borders = [(side, side) for side in _each(module.padding, axes)]
        padded = any(map(any, borders))
        plain = exact and not module.ceil_mode
        if average:
            plain = plain and (module.count_include_pad or not padded)
            plain = plain and getattr(module, "divisor_override", None) is None
        else:
            # What a maximum sees behind the border is no zero.
            plain = plain and not padded and not module.return_indices
            plain = plain and set(_each(module.dilation, axes)) == {1}
        _, kind, padding = kinds[axes - 1]
        layer = (kind if plain else answering(kind))(
            size, _each(module.stride, axes), "valid", data_format="channels_last", **settings
        )
        chain = [built(layer)]
        if plain and padded:
            chain.insert(0, built(padding(_as_keras(borders), **_named(settings, "padding"))))
        return Face(chain, "last", (axes + 2,))

    return face


_AVERAGES = (
    (nn.AvgPool1d, layers.AveragePooling1D, layers.ZeroPadding1D),
    (nn.AvgPool2d, layers.AveragePooling2D, layers.ZeroPadding2D),
    (nn.AvgPool3d, layers.AveragePooling3D, layers.ZeroPadding3D),
)
_MAXIMA = (
    (nn.MaxPool1d, layers.MaxPooling1D, layers.ZeroPadding1D),
    (nn.MaxPool2d, layers.MaxPooling2D, layers.ZeroPadding2D),
    (nn.MaxPool3d, layers.MaxPooling3D, layers.ZeroPadding3D),
)
_GLOBAL = {
    nn.AdaptiveAvgPool1d: layers.GlobalAveragePooling1D,
    nn.AdaptiveAvgPool2d: layers.GlobalAveragePooling2D,
    nn.AdaptiveAvgPool3d: layers.GlobalAveragePooling3D,
    nn.AdaptiveMaxPool1d: layers.GlobalMaxPooling1D,
    nn.AdaptiveMaxPool2d: layers.GlobalMaxPooling2D,
    nn.AdaptiveMaxPool3d: layers.GlobalMaxPooling3D,
}


def _whole(module: Any, exact: bool, settings: dict[str, Any]) -> Face | None:
    kind, size = _GLOBAL.get(type(module)), module.output_size
    axes = next(1 + i % 3 for i, k in enumerate(_GLOBAL) if isinstance(module, k))
    if kind is None or set(_each(size, axes)) != {1} or getattr(module, "return_indices", False):
        return None
    layer = kind(keepdims=True, data_format="channels_last", **settings)
    return Face([built(layer)], "last", (axes + 2,))


def _activation(make: Callable[[Any, dict[str, Any]], Any]) -> Callable[..., Face]:
    """Face of a function of each element; None by `make` where Keras has no such one."""

    def face(module: Any, exact: bool, settings: dict[str, Any]) -> Face:
        layer = make(module, settings) if exact else None
        if layer is None:
            layer = answering(layers.Activation)("linear", **settings)
        return Face([built(layer)], "same", (2, 3, 4, 5))

    return face


def _named_activation(name: str) -> Callable[..., Face]:
    return _activation(lambda module, settings: layers.Activation(name, **settings))


def _nothing(module: Any, exact: bool, settings: dict[str, Any]) -> Face:
    return Face([built(layers.Identity(**settings))], "same", (1, 2, 3, 4, 5))


def _flatten(module: Any, exact: bool, settings: dict[str, Any]) -> Face | None:
    if (module.start_dim, module.end_dim) != (1, -1):
        return None
    layer = built(layers.Flatten(data_format="channels_last", **settings))
    return Face([layer], "plain", (2, 3, 4, 5), flattens=True)


def _softmax(module: Any, exact: bool, settings: dict[str, Any]) -> Face | None:
    if not exact or module.dim not in (None, 1, -1):
        return None
    return Face([built(layers.Softmax(axis=-1, **settings))], "plain", (2,))


def _zeros(module: Any, exact: bool, settings: dict[str, Any]) -> Face | None:
    sides = tuple(module.padding)
    if module.value != 0 or min(sides) < 0:
        return None
    kind = (layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D)[len(sides) // 2 - 1]
    # Torch tells the last axis first.
    borders = [sides[i : i + 2] for i in range(len(sides) - 2, -1, -2)]
    return Face([built(kind(_as_keras(borders), **settings))], "last", (len(borders) + 2,))


def _features_last(module: Any, exact: bool, settings: dict[str, Any]) -> Face | None:
    """Face of recurrent and attention modules, which read features from the last axis."""
    if not getattr(module, "batch_first", True):
        return None
    face = other(module, settings)
    face.layers[-1].data_format = "channels_last"
    return Face(face.layers, "plain", tensors=face.tensors)


#: By type of the module; of a subclass, which may do otherwise, the layers answer by the module.
_FACES: dict[type, Callable[[Any, bool, dict[str, Any]], Face | None]] = {
    nn.Linear: _dense,
    **dict.fromkeys(_CONVOLUTIONS, _convolution),
    **dict.fromkeys(_NORMED, _norm),
    nn.Embedding: _embedding,
    **dict.fromkeys([kind[0] for kind in _AVERAGES], _pooling(_AVERAGES, average=True)),
    **dict.fromkeys([kind[0] for kind in _MAXIMA], _pooling(_MAXIMA, average=False)),
    **dict.fromkeys(_GLOBAL, _whole),
    nn.ReLU6: _activation(lambda m, s: layers.ReLU(max_value=6, **s)),
    nn.ReLU: _activation(lambda m, s: layers.ReLU(**s)),
    nn.LeakyReLU: _activation(lambda m, s: layers.LeakyReLU(m.negative_slope, **s)),
    nn.ELU: _activation(lambda m, s: layers.ELU(m.alpha, **s)),
    nn.GELU: _activation(
        lambda m, s: layers.Activation("gelu", **s) if m.approximate == "none" else None
    ),
    nn.Sigmoid: _named_activation("sigmoid"),
    nn.Tanh: _named_activation("tanh"),
    nn.SiLU: _named_activation("silu"),
    nn.Hardswish: _named_activation("hard_swish"),
    **dict.fromkeys(
        (
            *(nn.Mish, nn.SELU, nn.CELU, nn.Hardtanh, nn.Hardsigmoid, nn.LogSigmoid, nn.Softplus),
            *(nn.Softsign, nn.Softshrink, nn.Hardshrink, nn.Tanhshrink, nn.Threshold),
        ),
        _activation(lambda m, s: None),
    ),
    **dict.fromkeys((nn.Identity, nn.modules.dropout._DropoutNd), _nothing),
    nn.Flatten: _flatten,
    nn.Softmax: _softmax,
    **dict.fromkeys((nn.ConstantPad1d, nn.ConstantPad2d, nn.ConstantPad3d), _zeros),
    **dict.fromkeys((nn.RNNBase, nn.MultiheadAttention), _features_last),
    **dict.fromkeys((nn.LayerNorm, nn.TransformerEncoderLayer), _features_last),
}
