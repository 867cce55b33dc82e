"""Robust sets: the fewest features that keep the class whatever all others become in a range."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from smug.attribution.inputs import checked
from smug.errors import SmugError
from smug.masks.encode import expand_mask, mask_grid
from smug.masks.network import DenseNetwork
from smug.masks.robust.counterexamples import Counterexamples, counterexamples
from smug.masks.robust.problem import RobustProblem, robust_problem
from smug.masks.robust.search import RobustSet, smallest_set
from smug.models.axes import channels_first
from smug.models.unroll import unroll

#: Values, mask, what the solver says, and counterexamples.
Answer = tuple[np.ndarray, np.ndarray, dict[str, np.ndarray], Counterexamples]


@checked
def robust(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    *,
    epsilon: float | None = 0.05,
    input_range: tuple[float, float] = (0.0, 1.0),
    window: int = 1,
    margin: float = 1e-4,
    time_limit: float = 60.0,
    return_details: bool = False,
) -> Answer | tuple[Answer, list[tuple[RobustProblem, RobustSet]]]:
    """Smallest sets of features or pixels that keep the class of each input.

    With the set's features at their values, the class leads by ``margin`` for *every* value of
    all other features within ``epsilon`` of theirs (abductive explanations; Wu et al. 2023,
    VeriX). The proof rests on linear programs whose bounds are computed anew from their
    multipliers in float64; ``margin`` covers the rounding.

    Parameters
    ----------
    model : keras.Model
        A chain of dense, convolution, pooling, batch normalisation and ReLU layers
        (:func:`smug.models.unroll.unroll`) that ends in softmax, sigmoid of one output, or logits.
    x : numpy.ndarray, shape (batch, ...)
    target : numpy.ndarray of int, shape (batch,)
        The class to keep; it has to be the predicted one, :func:`predicted`. A single output has
        two classes, 0 where its logit is negative and 1 where it is positive.
    epsilon : float, optional
        How far other features may move from their values; None: over the whole input range.
    input_range : (low, high)
        Least and largest value of a feature.
    window : int
        Side of the windows of pixels (voxels) that are kept or not as a whole; 1 for other inputs.
    margin : float
        Lead, in logits, that counts as keeping the class.
    time_limit : float
        Seconds for each input; after them the best set so far and its bound are the answer.
    return_details : bool
        Return the problem and the :class:`~smug.masks.robust.search.RobustSet` of every input too.

    Returns
    -------
    values : numpy.ndarray of float64, shape (batch, *spatial)
        1 in the set, 0 outside.
    mask : numpy.ndarray of bool, shape (batch, *spatial)
        The set.
    solver : dict of str to numpy.ndarray, shape (batch,)
        ``status`` (``optimal``: no smaller set is sufficient), ``objective`` (size), ``bound``
        (proven: no set is smaller), ``seconds``, ``minimal``: whether no single feature can be
        left out, and ``class``, the one that is kept.
    counterexamples : Counterexamples
        For each feature of the set an input that loses the class once this feature moves too.

    Raises
    ------
    SmugError
        Another kind of network, settings out of range, an input outside ``input_range``, or a
        target that does not lead at the input itself.
    """
    first = channels_first(model)
    spatial = _positions(x.shape[1:], first)
    _, grid = _windows(x.shape[1:], window, first)
    details = []
    for problem in problems(
        model, x, target, epsilon=epsilon, input_range=input_range, window=window, margin=margin
    ):
        details.append((problem, smallest_set(problem, time_limit=time_limit)))
    sets = [found for _, found in details]
    masks = np.array(
        [expand_mask(found.kept.reshape(grid), spatial, window) for found in sets], bool
    )
    solver = {
        "status": np.array([str(found.status) for found in sets], np.str_),
        "objective": np.array([found.objective for found in sets], float),
        "bound": np.array([found.bound for found in sets], float),
        "seconds": np.array([found.seconds for found in sets], float),
        "minimal": np.array([found.minimal for found in sets], bool),
        "class": np.array([problem.label for problem, _ in details], np.int64),
    }
    found = counterexamples(details, x.shape[1:])
    answer = masks.astype(float), masks, solver, found
    return (answer, details) if return_details else answer


def problems(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    *,
    epsilon: float | None,
    input_range: tuple[float | np.ndarray, float | np.ndarray],
    window: int,
    margin: float,
) -> Iterator[RobustProblem]:
    """The question that each input poses, one after the other.

    Arguments are those of :func:`robust`; the ends of the range may differ from feature to feature,
    arrays of shape (inputs,).
    """
    network = _network(model, x)
    groups, _ = _windows(x.shape[1:], window, channels_first(model))
    for one, label in zip(np.asarray(x, np.float64), target, strict=True):
        yield robust_problem(
            network,
            one,
            int(label),
            epsilon=epsilon,
            input_range=input_range,
            groups=groups,
            margin=margin,
        )


def predicted(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Class that the network answers for each input; of a single output, the side of its logit.

    Parameters
    ----------
    model, x
        As for :func:`robust`.

    Returns
    -------
    numpy.ndarray of int64, shape (batch,)
    """
    return _network(model, x).logits(x.reshape(len(x), -1)).argmax(axis=1)


def _network(model: keras.Model, x: np.ndarray) -> DenseNetwork:
    """Layers of the model, with the logits of two classes at least."""
    *hidden, (W, b) = unroll(model, x)
    if W.shape[1] == 1:
        # The logit of class 1, over a class 0 that stays at 0.
        W, b = np.pad(W, ((0, 0), (1, 0))), np.pad(b, (1, 0))
    return DenseNetwork(*zip(*hidden, (W, b), strict=True))


def _positions(shape: tuple[int, ...], first: bool) -> tuple[int, ...]:
    """Positions of an input: those of an image or a volume, without channels, or every value.

    Channels are the last axis, or the `first`.
    """
    if len(shape) not in (3, 4):
        return shape
    return shape[1:] if first else shape[:-1]


def _windows(
    shape: tuple[int, ...], window: int, first: bool
) -> tuple[np.ndarray, tuple[int, ...]]:
    """Window of every value of an input, flat, and the grid of windows."""
    spatial = _positions(shape, first)
    if len(spatial) not in (2, 3):
        if window != 1:
            raise SmugError(f"window={window} is for images; inputs of shape {shape} take window=1")
        return np.arange(int(np.prod(shape))), shape
    grid = mask_grid(spatial, window)
    places = np.indices(spatial).reshape(len(spatial), -1) // window
    position = np.ravel_multi_index(tuple(places), grid)
    channels = int(np.prod(shape)) // position.size
    return np.tile(position, channels) if first else np.repeat(position, channels), grid
