"""The robust sufficiency problem: a ReLU network, one input, and how far its features may move."""

from __future__ import annotations

from dataclasses import dataclass
from reprlib import repr as shortened

import numpy as np
from scipy import sparse

from smug.errors import SmugError
from smug.limits import check_number
from smug.masks.network.problem import DenseNetwork

#: Part of the margin that rounding may use up: a lead proven is one of ``margin * (1 - SLACK)``.
SLACK = 0.01


@dataclass(frozen=True)
class RobustProblem:
    """Find the fewest mask variables that keep a class whatever all other features become.

    A set of variables is *sufficient* if ``logit_y(z) - logit_j(z) >= margin`` for every class
    ``j != y`` and every ``z`` that equals ``x`` on the features of the set and lies between
    ``low`` and ``high`` on all others. Supersets of sufficient sets are sufficient.

    Parameters
    ----------
    network : DenseNetwork
        Dense layers with ReLU between them, without the softmax.
    x : numpy.ndarray of float64, shape (inputs,)
    label : int
        The class y to keep.
    low, high : numpy.ndarray of float64, shape (inputs,)
        Range of every feature while it is free; ``low <= x <= high``.
    groups : numpy.ndarray of int, shape (inputs,)
        Mask variable of every feature.
    margin : float
        What "keeps its class" means in floating point: the lead, in logits, that is asked for.
    """

    network: DenseNetwork
    x: np.ndarray
    label: int
    low: np.ndarray
    high: np.ndarray
    groups: np.ndarray
    margin: float

    @property
    def size(self) -> int:
        """Number of mask variables."""
        return int(self.groups.max()) + 1

    @property
    def rivals(self) -> np.ndarray:
        """Every class but the label, shape (classes - 1,)."""
        return np.delete(np.arange(self.network.weights[-1].shape[1]), self.label)

    @property
    def output(self) -> tuple[np.ndarray, np.ndarray]:
        """Leads as a last layer: ``W_y - W_j``, (last hidden, classes - 1), and ``b_y - b_j``."""
        W, b = self.network.weights[-1], self.network.biases[-1]
        return W[:, [self.label]] - W[:, self.rivals], b[self.label] - b[self.rivals]

    @property
    def work(self) -> int:
        """Multiplications of one forward pass from the first pre-activations on."""
        return sum(W.size for W in self.network.weights[1:])

    def leads_after(self, pre: np.ndarray) -> np.ndarray:
        """Leads from the first layer's pre-activations (..., hidden): (..., classes - 1)."""
        network, a = self.network, np.maximum(pre, 0)
        for W, b in zip(network.weights[1:-1], network.biases[1:-1], strict=True):
            a = np.maximum(a @ W + b, 0)
        W, b = self.output
        return a @ W + b

    def leads(self, points: np.ndarray) -> np.ndarray:
        """Lead over every rival at inputs of shape (batch, inputs): (batch, classes - 1)."""
        return self.leads_after(points @ self.network.weights[0] + self.network.biases[0])

    def box(self, free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Range of every feature while variables are free.

        Parameters
        ----------
        free : numpy.ndarray of bool, shape (..., size)

        Returns
        -------
        low, high : numpy.ndarray, shape (..., inputs)
        """
        moving = np.asarray(free)[..., self.groups]
        return np.where(moving, self.low, self.x), np.where(moving, self.high, self.x)

    def by_variable(self, values: np.ndarray) -> np.ndarray:
        """Sum values of the features, shape (inputs, ...), over each variable: (size, ...)."""
        features = np.arange(len(self.groups))
        sums = sparse.csr_array(
            (np.ones(len(features)), (self.groups, features)), shape=(self.size, len(features))
        )
        return sums @ values


def robust_problem(
    network: DenseNetwork,
    x: np.ndarray,
    label: int,
    *,
    epsilon: float | None = 0.05,
    input_range: tuple[float | np.ndarray, float | np.ndarray] = (0.0, 1.0),
    groups: np.ndarray | None = None,
    margin: float = 1e-4,
) -> RobustProblem:
    """Pose the question for one input.

    Parameters
    ----------
    network : DenseNetwork
    x : numpy.ndarray
        One input, of as many values as the network takes.
    label : int
        The class to keep.
    epsilon : float, optional
        How far a free feature may move from its value; None: over the whole input range.
    input_range : (low, high)
        Least and largest value of a feature, one number or one per feature.
    groups : numpy.ndarray of int, shape (inputs,), optional
        Mask variable of every feature, counted from 0; each feature its own by default.
    margin : float
        See :class:`RobustProblem`.

    Raises
    ------
    SmugError
        Values or shapes that do not fit, an ``x`` outside the range, or an ``x`` that does not
        lead by the margin itself: then not even all features together are sufficient.
    """
    flat = np.asarray(x, np.float64).reshape(-1)
    inputs, classes = network.weights[0].shape[0], network.weights[-1].shape[1]
    if flat.size != inputs:
        raise SmugError(f"x has {flat.size} values, the network takes {inputs}; pass one input")
    if not np.isfinite(flat).all():
        raise SmugError("x holds NaN or infinite values; check the input")
    if label != int(label) or not 0 <= label < classes:
        raise SmugError(f"label={label} is outside 0 … {classes - 1}; pass a class of the network")
    check_number("margin", margin)
    if epsilon is not None:
        check_number("epsilon", epsilon)
    least, most = _range(input_range, inputs)
    outside = np.flatnonzero((flat < least) | (flat > most))
    if len(outside):
        i = outside[0]
        raise SmugError(
            f"feature {i} of x is {flat[i]:g}, outside its input range [{least[i]:g}, "
            f"{most[i]:g}]; widen input_range or scale x as the network takes it"
        )
    reach = np.inf if epsilon is None else epsilon
    problem = RobustProblem(
        network,
        flat,
        int(label),
        np.maximum(least, flat - reach),
        np.minimum(most, flat + reach),
        _groups(groups, inputs),
        margin,
    )
    lead = problem.leads(flat[None])[0].min()
    if lead < margin:
        raise SmugError(
            f"class {label} leads by {lead:.3g} logits at x itself, less than margin={margin:g}; "
            "no set of features is sufficient: explain the predicted class, or lower the margin"
        )
    return problem


def _range(
    input_range: tuple[float | np.ndarray, float | np.ndarray], inputs: int
) -> tuple[np.ndarray, np.ndarray]:
    try:
        least, most = (
            np.broadcast_to(np.asarray(end, np.float64).reshape(-1), inputs) for end in input_range
        )
    except (TypeError, ValueError):
        raise SmugError(
            f"input_range={shortened(input_range)} is no (low, high) of numbers, or of {inputs} "
            "numbers each; pass (0, 1) for pixels divided by 255"
        ) from None
    if not (np.isfinite(least).all() and np.isfinite(most).all() and (least <= most).all()):
        raise SmugError(
            f"input_range={shortened(input_range)} has an infinite end, or a low above its high; "
            "pass finite (low, high)"
        )
    return least, most


def _groups(groups: np.ndarray | None, inputs: int) -> np.ndarray:
    if groups is None:
        return np.arange(inputs)
    groups = np.asarray(groups, np.int64).reshape(-1)
    if groups.shape != (inputs,) or set(groups) != set(range(int(groups.max()) + 1)):
        raise SmugError(
            f"groups of shape {groups.shape} do not give each of {inputs} features a variable "
            "0 … n - 1 without holes"
        )
    return groups
