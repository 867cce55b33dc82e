"""Recover a linear layer's arrays from its answers, where its type does not describe them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy import sparse

from smug.errors import SmugError
from smug.masks.linear import LinearMap, receptive_fields
from smug.masks.origin import Origin
from smug.models.first_layer.answers import Answers, borders

# Elements of the input that are probed one by one, and weights of a layer kept in full.
_ELEMENTS, _WEIGHTS = 4096, 2**24
# Ways to pad with the input's own values, as NumPy names them.
_MODES = ("reflect", "symmetric", "edge", "wrap")
# Values of one batch of probes.
_BATCH = 2**22


def recovered(read: LinearMap, answers: Answers, entering: np.ndarray, type_name: str) -> LinearMap:
    """Arrays that agree with what the layer really answers.

    A convolution has one kernel in its middle, whatever its weights are made of, and may pad its
    input with the input's own values; a small layer has a kernel for each node.

    Parameters
    ----------
    read : LinearMap
        The layer as its type describes it; its answers differ.
    answers : Answers
    entering : numpy.ndarray, shape (n, ...)
        Values on which arrays and layer have to agree.
    type_name : str
        Name of the layer's class, for messages.

    Raises
    ------
    SmugError
        If the layer is not linear, or too large to be probed in full.
    """
    for made in _candidates(read, answers, entering.shape[1:]):
        if not answers.difference(made, entering):
            return made
    why = answers.difference(read, entering)
    reason = _not_linear(answers, entering) or (
        f"it is linear, but has no single kernel, and {np.prod(entering.shape[1:])} values times "
        f"{read.size} nodes are too many to probe one by one"
    )
    raise SmugError(
        f"layer {read.name!r} ({type_name}) does not answer what its weights say: {why}; {reason}. "
        "Explain a model whose first layer is a plain Dense or convolution, or use a method that "
        "asks nothing of the first layer, such as integrated_gradients or sis"
    )


def _candidates(read: LinearMap, answers: Answers, shape: tuple[int, ...]) -> Iterator[LinearMap]:
    """Arrays that the layer may stand for, the likeliest first."""
    one_kernel = read.origin is None  # a transposed convolution has several, by turns
    likely = [read.pads] if read.kind == "dense" else _likely_pads(read)
    for pads in likely if one_kernel else []:
        kernel = _effective_kernel(replace(read, pads=pads), answers, shape)
        if kernel is None:
            continue
        yield kernel
        if any(pads):
            yield from (_padded_with(mode, kernel) for mode in _MODES)
    each = _kernel_of_each_node(read, answers, shape)
    if each is not None:
        yield each


def _likely_pads(read: LinearMap) -> list[tuple[int, ...]]:
    """Pads as the type has them, and those that the size of the output asks for."""
    missing = [sum(border) for border in borders(replace(read, pads=(0,) * len(read.pads)))]
    halves = tuple(side // 2 for side in missing), tuple(-(-side // 2) for side in missing)
    return list(dict.fromkeys((read.pads, *halves)))


def _padded_with(mode: str, kernel: LinearMap) -> LinearMap:
    """The layer on an input whose border is padded with its own values."""
    positions = np.arange(int(np.prod(kernel.spatial))).reshape(kernel.spatial)
    padded = np.pad(positions, borders(kernel), mode=mode)  # type: ignore[call-overload]
    laid = kernel.elements_at(padded)
    if kernel.channels_first:
        laid = np.moveaxis(laid, -1, 0)
    position = np.empty(positions.size * kernel.channels, np.int64)
    position[kernel.elements_at(positions)] = positions[..., np.newaxis]
    mixing = sparse.csr_array(
        (np.ones(laid.size), (np.arange(laid.size), laid.ravel())),
        shape=(laid.size, position.size),
    )
    origin = Origin(padded.shape, position, np.zeros(laid.size), mixing)
    return replace(kernel, pads=(0,) * len(kernel.pads), origin=origin)


def _effective_kernel(
    read: LinearMap, answers: Answers, shape: tuple[int, ...]
) -> LinearMap | None:
    """Kernel of a node that sees no padding, taken for all nodes."""
    filters = read.kernel.shape[-1]
    if read.kind == "dense":
        places, place = np.arange(int(np.prod(read.spatial))), 0
    else:
        every = np.arange(read.size // filters)
        firsts = read.nodes_at(every, np.zeros_like(every))
        inside = np.flatnonzero((receptive_fields(read, firsts) >= 0).all(axis=1))
        if not inside.size:
            return None
        place = int(inside[len(inside) // 2])
        places = receptive_fields(read, firsts[place : place + 1])[0]
    elements = read.elements_at(places).ravel()
    if len(elements) > _ELEMENTS:
        return None
    nodes = read.nodes_at(np.array(place), np.arange(filters))
    bias, rows = _probed(answers, shape, elements, nodes)
    return replace(read, kernel=rows.reshape(read.kernel.shape), bias=bias)


def _kernel_of_each_node(
    read: LinearMap, answers: Answers, shape: tuple[int, ...]
) -> LinearMap | None:
    """Weights between every element of the input and every node."""
    elements = int(np.prod(shape))
    if read.kind == "dense" or elements > _ELEMENTS or elements * read.size > _WEIGHTS:
        return None
    bias, rows = _probed(answers, shape, np.arange(elements), np.arange(read.size))
    # Rounding of the pass shows as weights between nodes and elements that they do not see.
    rows[np.abs(rows) <= answers.roundoff * 16 * (np.abs(rows).max(axis=0) + np.abs(bias))] = 0
    ones = (1,) * len(read.spatial)
    own = replace(read, origin=None)
    laid = own.elements_at(np.arange(int(np.prod(read.spatial))))
    return replace(
        own,
        kind="dense",
        kernel=rows[laid].reshape(*read.spatial, read.channels, read.size),
        bias=bias,
        strides=ones,
        dilation=ones,
        pads=(0,) * len(ones),
    )


def _probed(
    answers: Answers, shape: tuple[int, ...], elements: np.ndarray, nodes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Responses of nodes to nothing, (nodes,), and what each element adds, (elements, nodes)."""
    none = answers(np.zeros((1, *shape), np.float32)).reshape(-1).astype(np.float64)
    rows = np.empty((len(elements), len(nodes)))
    size = max(1, _BATCH // max(int(np.prod(shape)), none.size))
    for first in range(0, len(elements), size):
        chunk = elements[first : first + size]
        probes = np.zeros((len(chunk), int(np.prod(shape))), np.float32)
        probes[np.arange(len(chunk)), chunk] = 1
        answered = answers(probes.reshape(-1, *shape)).reshape(len(chunk), -1)
        rows[first : first + size] = answered[:, nodes] - none[nodes]
    return none[nodes], rows


def _not_linear(answers: Answers, entering: np.ndarray) -> str:
    """Say how far the layer is from ``f(a + b) = f(a) + f(b) - f(0)``; empty if it holds."""
    a, b = entering[0], entering[-1]
    of_a, of_b, of_sum, of_none = answers(np.stack([a, b, a + b, a * 0])).astype(np.float64)
    error = np.abs(of_sum + of_none - of_a - of_b)
    size = np.abs(of_a) + np.abs(of_b) + np.abs(of_none)
    if (error <= 1e3 * answers.roundoff * size.max()).all():
        return ""
    return f"it is not linear: f(a + b) differs from f(a) + f(b) - f(0) by {error.max():.3g}"
