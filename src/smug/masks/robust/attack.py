"""Points of a box that lower a lead: steps from corner to corner along the gradient."""

from __future__ import annotations

import numpy as np

from smug.masks.robust.problem import RobustProblem

#: Corners visited from one start; the gradient of a ReLU network has settled long before.
STEPS = 12


def gradients(
    problem: RobustProblem, points: np.ndarray, rival: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Lead over one rival a point, and its gradient by the input.

    Parameters
    ----------
    points : numpy.ndarray, shape (batch, inputs)
    rival : numpy.ndarray of int, shape (batch,)
        Position in ``problem.rivals``.

    Returns
    -------
    leads : numpy.ndarray, shape (batch,)
    gradients : numpy.ndarray, shape (batch, inputs)
    """
    network, on = problem.network, []
    a = points
    for W, b in zip(network.weights[:-1], network.biases[:-1], strict=True):
        h = a @ W + b
        on.append(h > 0)
        a = np.maximum(h, 0)
    W, b = problem.output
    leads = np.einsum("bn,nb->b", a, W[:, rival]) + b[rival]
    slope = W[:, rival].T
    for W, open_ in zip(network.weights[-2::-1], on[::-1], strict=True):
        slope = (slope * open_) @ W.T
    return leads, slope


def attack(
    problem: RobustProblem,
    low: np.ndarray,
    high: np.ndarray,
    starts: np.ndarray,
    rival: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Lower leads within boxes, from given points.

    Each step goes to the corner that lowers the network's linear piece at the point most.

    Parameters
    ----------
    low, high, starts : numpy.ndarray, shape (batch, inputs)
    rival : numpy.ndarray of int, shape (batch,)

    Returns
    -------
    points : numpy.ndarray, shape (batch, inputs)
        The point with the least lead that was visited from each start.
    leads : numpy.ndarray, shape (batch,)
    """
    point, best = starts, starts.copy()
    least = np.full(len(starts), np.inf)
    for _ in range(STEPS):
        lead, slope = gradients(problem, point, rival)
        better = lead < least - 1e-12
        best[better], least[better] = point[better], lead[better]
        if not better.any():
            break
        point = np.where(slope > 0, low, np.where(slope < 0, high, point))
    return best, least
