"""Linear bounds of a ReLU network over boxes of inputs, propagated backward (CROWN).

Zhang et al. 2018 (arXiv 1811.00866): on ``[l, u]`` with ``l < 0 < u``, ``relu(h)`` lies between
``slope * h`` (slope 0 or 1) and the chord ``u (h - l) / (u - l)``. A linear function of one layer's
activations is so bounded by a linear function of the layer before it, down to the input, where a
box gives the number. All boxes of a batch are bounded at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from smug.masks.network.problem import DenseNetwork


class LayerBounds(NamedTuple):
    """Bounds of the pre-activations of one hidden layer, each of shape (batch, neurons)."""

    lower: np.ndarray
    upper: np.ndarray


class LinearBound(NamedTuple):
    """``coefficients @ input + constant``, below a function on a box; the least value there.

    Parameters
    ----------
    coefficients : numpy.ndarray, shape (batch, functions, inputs)
    constant, least : numpy.ndarray, shape (batch, functions)
    """

    coefficients: np.ndarray
    constant: np.ndarray
    least: np.ndarray


def hidden_bounds(network: DenseNetwork, low: np.ndarray, high: np.ndarray) -> list[LayerBounds]:
    """Bounds of every hidden layer's pre-activations on boxes.

    Parameters
    ----------
    network : DenseNetwork
    low, high : numpy.ndarray, shape (batch, inputs)

    Returns
    -------
    list of LayerBounds
    """
    layers: list[LayerBounds] = []
    floor, roof = low, high
    for W, b in zip(network.weights[:-1], network.biases[:-1], strict=True):
        plus, minus = np.maximum(W, 0), np.minimum(W, 0)
        below, above = floor @ plus + roof @ minus + b, roof @ plus + floor @ minus + b
        open_ = (below < 0) & (above > 0)
        some = np.flatnonzero(open_.any(axis=0))
        if layers and len(some):
            # Where intervals tell the sign, nothing tighter is needed; else neither of the two
            # is always the better one.
            W, b, open_ = W[:, some], b[some], open_[:, some]
            least = linear_bound(network, layers, W, b, low, high).least
            most = -linear_bound(network, layers, -W, -b, low, high).least
            below[:, some] = np.where(open_, np.maximum(below[:, some], least), below[:, some])
            above[:, some] = np.where(open_, np.minimum(above[:, some], most), above[:, some])
        layers.append(LayerBounds(below, above))
        floor, roof = np.maximum(below, 0), np.maximum(above, 0)
    return layers


def linear_bound(
    network: DenseNetwork,
    layers: list[LayerBounds],
    W: np.ndarray,
    b: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
) -> LinearBound:
    """Bound ``relu(h) @ W + b`` from below, h the pre-activations of the last of ``layers``.

    Parameters
    ----------
    network : DenseNetwork
    layers : list of LayerBounds
        Of the hidden layers below ``W``; none: ``W`` works on the input itself.
    W, b : numpy.ndarray, shape (neurons, functions) and (functions,)
    low, high : numpy.ndarray, shape (batch, inputs)

    Returns
    -------
    LinearBound
    """
    A = np.broadcast_to(W.T, (len(low), *W.T.shape))
    constant = np.broadcast_to(b, (len(low), len(b)))
    for number in range(len(layers) - 1, -1, -1):
        below, chord, shift = relu_lines(layers[number])
        plus, minus = np.maximum(A, 0), np.minimum(A, 0)
        constant = constant + np.einsum("bfn,bn->bf", minus, shift)
        A = plus * below[:, None] + minus * chord[:, None]
        constant = constant + A @ network.biases[number]
        A = A @ network.weights[number].T
    least = np.einsum("bfn,bn->bf", np.maximum(A, 0), low)
    least += np.einsum("bfn,bn->bf", np.minimum(A, 0), high)
    return LinearBound(A, constant, least + constant)


def relu_lines(layer: LayerBounds) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slope of the line below ``relu``, slope and constant of the one above, on ``[l, u]``."""
    lower, upper = layer
    open_ = (lower < 0) & (upper > 0)
    chord = np.where(open_, upper / np.where(open_, upper - lower, 1.0), (lower >= 0) * 1.0)
    below = np.where(open_, (upper > -lower) * 1.0, chord)
    return below, chord, np.where(open_, -chord * lower, 0.0)
