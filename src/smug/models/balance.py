"""Training on as many low scores as high ones, where the data hold far more of one of them."""

from __future__ import annotations

import numpy as np

from smug.errors import SmugError
from smug.limits import check_name

#: Scores from here on are high.
MIDDLE = 0.5


def balanced(scores: np.ndarray, way: str, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Choose and weigh the reviews to train on.

    Parameters
    ----------
    scores : numpy.ndarray, shape (n,)
        In [0, 1]; one of :data:`MIDDLE` or above is high, the others are low.
    way : {"none", "weights", "subset"}
        ``none``: every review, weight 1. ``weights``: every review; both halves weigh the same in
        sum, n in all. ``subset``: as many reviews of the larger half as the smaller one has, drawn
        by the seed, weight 1.
    seed : int
        Of the draw.

    Returns
    -------
    rows : numpy.ndarray of int, shape (m,)
        Reviews to train on, in their order.
    weights : numpy.ndarray of float32, shape (m,)

    Raises
    ------
    SmugError
        An unknown way, or one half without a review.
    """
    check_name("balance", way)
    high = np.asarray(scores) >= MIDDLE
    rows, counts = np.arange(len(high)), np.array([np.sum(~high), np.sum(high)])
    if way == "none":
        return rows, np.ones(len(rows), np.float32)
    if not counts.all():
        raise SmugError(
            f"balance={way!r} needs scores below and from {MIDDLE}; there are {counts[0]} and "
            f"{counts[1]}. Set balance='none' or give other reviews"
        )
    if way == "weights":
        return rows, (len(high) / (2 * counts))[high.astype(int)].astype(np.float32)
    draw = np.random.default_rng(seed)
    halves = [draw.permutation(rows[half])[: counts.min()] for half in (~high, high)]
    chosen = np.sort(np.concatenate(halves))
    return chosen, np.ones(len(chosen), np.float32)
