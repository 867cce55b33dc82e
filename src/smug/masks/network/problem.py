"""The full-network mask problem: a dense ReLU network, one image, one label."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from smug.errors import SmugError
from smug.limits import check_number

#: Slacks this close to zero are decided in rational arithmetic: far beyond the rounding of a
#: float64 forward pass.
NEAR = 1e-6


@dataclass(frozen=True)
class DenseNetwork:
    """Dense layers with ReLU between them; the last one gives the logits.

    Parameters
    ----------
    weights : tuple of numpy.ndarray, each of shape (inputs, outputs)
        One matrix per layer, in the orientation of a Keras ``Dense`` kernel.
    biases : tuple of numpy.ndarray, each of shape (outputs,)
        One vector per layer.

    Raises
    ------
    SmugError
        If there are fewer than two layers, shapes do not chain, or a value is not finite.
    """

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]

    def __post_init__(self) -> None:
        weights = tuple(np.asarray(W, np.float64) for W in self.weights)
        biases = tuple(np.asarray(b, np.float64) for b in self.biases)
        if len(weights) < 2 or len(weights) != len(biases):
            raise SmugError(
                f"got {len(weights)} weight matrices and {len(biases)} biases; the full-network "
                "encoding needs as many of each, and at least one hidden layer; pass every layer"
            )
        for i, (W, b) in enumerate(zip(weights, biases, strict=True)):
            inputs = weights[i - 1].shape[1] if i else None
            if W.ndim != 2 or b.shape != W.shape[1:] or inputs not in (None, W.shape[0]):
                raise SmugError(
                    f"layer {i} has weights {W.shape} and bias {b.shape}; expected "
                    f"({inputs or 'inputs'}, outputs) and (outputs,); pass Keras Dense kernels"
                )
            if not (np.isfinite(W).all() and np.isfinite(b).all()):
                raise SmugError(f"layer {i} holds NaN or infinite weights; retrain the network")
        if weights[-1].shape[1] < 2:
            raise SmugError("the network has a single logit; a class needs another to beat")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "biases", biases)

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Logits of inputs ``x``, shape (batch, inputs) → (batch, classes), float64."""
        a = np.asarray(x, np.float64)
        for W, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
            a = np.maximum(a @ W + b, 0)
        return a @ self.weights[-1] + self.biases[-1]


@dataclass(frozen=True)
class NetworkMaskProblem:
    """Find the fewest windows of an image that keep its class by the demanded margin.

    ``minimise sum(m)  subject to  logit_y(m) - logit_j(m) >= demand  for every j != y``
    (Sahoo et al. 2021, the full encoding). Windows without content can never matter, so only
    the ``active`` ones are variables.

    Parameters
    ----------
    contributions : numpy.ndarray, shape (active, hidden)
        What each active window adds to the first hidden layer's pre-activations.
    bias : numpy.ndarray, shape (hidden,)
        The pre-activations of the empty mask: the first layer's bias, and what replaces pixels.
    hidden : tuple of (W, b)
        The hidden layers after the first.
    output : numpy.ndarray, shape (last hidden, classes - 1)
        ``W_y - W_j`` of the last layer for every other class j.
    offset : numpy.ndarray, shape (classes - 1,)
        ``b_y - b_j`` of the last layer.
    demand : float
        ``delta + margin``, in logits.
    active : numpy.ndarray of int, shape (active,)
        Flat position of each variable in the window grid.
    grid : tuple of int
        Rows × columns of windows.
    """

    contributions: np.ndarray
    bias: np.ndarray
    hidden: tuple[tuple[np.ndarray, np.ndarray], ...]
    output: np.ndarray
    offset: np.ndarray
    demand: float
    active: np.ndarray
    grid: tuple[int, int]

    @property
    def size(self) -> int:
        """Number of active windows."""
        return len(self.contributions)

    @property
    def work(self) -> int:
        """Multiplications of one forward pass from the first pre-activations on."""
        return len(self.bias) + self.output.size + sum(W.size for W, _ in self.hidden)

    def slack(self, pre: np.ndarray) -> np.ndarray:
        """``min_j (logit_y - logit_j) - demand``, from first pre-activations (batch, hidden)."""
        a = np.maximum(pre, 0)
        for W, b in self.hidden:
            a = a @ W
            a += b
            np.maximum(a, 0, out=a)
        return (a @ self.output + self.offset).min(axis=1) - self.demand

    def pre_activations(self, chosen: np.ndarray) -> np.ndarray:
        """First-layer pre-activations, shape (hidden,), with these active windows kept."""
        return self.bias + self.contributions[chosen].sum(axis=0)

    def satisfied(self, chosen: np.ndarray) -> bool:
        """True if the windows meet the demand; rational arithmetic wherever floats are close."""
        slack = self.slack(self.pre_activations(chosen)[None])[0]
        if abs(slack) > NEAR:
            return bool(slack > 0)
        return self._exact_slack(chosen) >= 0

    def _exact_slack(self, chosen: np.ndarray) -> Fraction:
        rows = np.vstack([self.contributions[chosen], self.bias])
        pre = [sum(map(Fraction, column), Fraction(0)) for column in rows.T.tolist()]
        for W, b in self.hidden:
            pre = _affine([max(p, Fraction(0)) for p in pre], W, b)
        margins = _affine([max(p, Fraction(0)) for p in pre], self.output, self.offset)
        return min(margins) - Fraction(self.demand)

    def grid_mask(self, chosen: np.ndarray) -> np.ndarray:
        """Bool mask over all windows of the grid, flat, from indices of active windows."""
        mask = np.zeros(int(np.prod(self.grid)), bool)
        mask[self.active[chosen]] = True
        return mask


def _affine(a: list[Fraction], W: np.ndarray, b: np.ndarray) -> list[Fraction]:
    used = [(i, value) for i, value in enumerate(a) if value]
    return [
        Fraction(b_j) + sum((value * Fraction(column[i]) for i, value in used), Fraction(0))
        for column, b_j in zip(W.T.tolist(), b.tolist(), strict=True)
    ]


def network_problem(
    network: DenseNetwork,
    x: np.ndarray,
    label: int,
    *,
    window: int,
    delta: float = 0.0,
    margin: float = 1e-4,
    replacement: np.ndarray | None = None,
    image_shape: tuple[int, ...] = (28, 28),
) -> NetworkMaskProblem:
    """Encode "the masked image keeps its class" over windows of the image.

    Parameters
    ----------
    network : DenseNetwork
        The whole network, without its softmax.
    x : numpy.ndarray, shape image_shape or (inputs,)
        One input, as the network takes it.
    label : int
        The class to keep (the network's own prediction, as a rule).
    window : int
        Side of a window in pixels; windows at the right and lower edge may be cut off.
    delta : float
        How far, in logits, the label must lead every other class; at least 0.
    margin : float
        What strictness (``>``) means in floating point: the lead must reach ``delta + margin``.
    replacement : numpy.ndarray, shaped like `x`, optional
        What removed pixels hold; zeros by default.
    image_shape : tuple of int
        (rows, columns) or (rows, columns, channels) of the image.

    Raises
    ------
    SmugError
        If a shape, the label, the window, delta, margin or a pixel is not usable.
    """
    flat = np.asarray(x, np.float64).reshape(-1)
    inputs, classes = network.weights[0].shape[0], network.weights[-1].shape[1]
    if len(image_shape) not in (2, 3) or flat.size != inputs or np.prod(image_shape) != inputs:
        raise SmugError(
            f"the network takes {inputs} inputs, x has {flat.size} values and image_shape="
            f"{image_shape}; pass one image and its (rows, columns[, channels])"
        )
    if not np.isfinite(flat).all():
        raise SmugError("x holds NaN or infinite pixels; check the input")
    if label != int(label) or not 0 <= label < classes:
        raise SmugError(f"label={label} is outside 0 … {classes - 1}; pass a class of the network")
    rows, columns = image_shape[:2]
    if window != int(window) or not 1 <= window <= min(rows, columns):
        raise SmugError(
            f"window={window} is outside 1 … {min(rows, columns)} for a {rows}×{columns} image; "
            "lower the window"
        )
    for name, value in (("delta", delta), ("margin", margin)):
        check_number(name, value)
    bias = network.biases[0]
    if replacement is not None:
        instead = np.asarray(replacement, np.float64).reshape(flat.shape)
        flat, bias = flat - instead, bias + instead @ network.weights[0]
    grid = (-(-rows // window), -(-columns // window))
    pixel = np.arange(inputs) // (inputs // (rows * columns))
    group = pixel // columns // window * grid[1] + pixel % columns // window
    contributions = np.zeros((grid[0] * grid[1], network.weights[0].shape[1]))
    np.add.at(contributions, group, flat[:, None] * network.weights[0])
    active = np.flatnonzero(contributions.any(axis=1))
    others = np.arange(classes) != label
    W, b = network.weights[-1], network.biases[-1]
    return NetworkMaskProblem(
        contributions=contributions[active],
        bias=bias,
        hidden=tuple(zip(network.weights[1:-1], network.biases[1:-1], strict=True)),
        output=W[:, [label]] - W[:, others],
        offset=b[label] - b[others],
        demand=float(delta + margin),
        active=active,
        grid=grid,
    )
