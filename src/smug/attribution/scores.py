"""The score of a class, and how much of it a part of the input has to keep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# How far the sum of a row of probabilities may lie from 1.
_ROUNDING = 1e-3


def class_scores(outputs: np.ndarray, target: int | np.ndarray) -> np.ndarray:
    """Outputs of the explained class, ``(batch, classes)`` to ``(batch,)``.

    A model with one output has that score only, whatever the class.
    """
    if outputs.shape[1] == 1:
        return outputs[:, 0]
    return outputs[np.arange(len(outputs)), target]


@dataclass(frozen=True)
class Goal:
    """Score that a part of the input has to keep alone.

    Parameters
    ----------
    level : float
        The score itself.
    side : float
        1: the score has to be at least `level`; -1: at most.
    """

    level: float
    side: float

    def reached(self, score: float) -> bool:
        """True where a score keeps it."""
        return bool(self.side * score >= self.side * self.level)


def goal(whole: np.ndarray, empty: np.ndarray, target: int, keep: float) -> Goal:
    """Score that has to be kept, for scores of any kind and sign.

    A part of the input has to keep the share `keep` of the way from the score of nothing to the
    score of the whole input: ``level = nothing + keep * (whole - nothing)``. A score above that of
    nothing has to stay at least as high as `level`, one below it at most as high. The score of
    nothing is 0 for the probability of one of several classes (the outputs are not negative and
    sum to 1), so that ``level = keep * whole``; for every other score (logit, log-probability,
    regression, a single sigmoid) it is the score of the input with every position masked.

    Parameters
    ----------
    whole, empty : numpy.ndarray, shape (classes,)
        Outputs for the whole input, and with every position masked.
    target : int
        The class explained.
    keep : float
        In (0, 1].
    """
    both = np.stack([whole, empty]).astype(np.float64)
    score, nothing = class_scores(both, target)
    sums = both.sum(axis=1)
    if both.shape[1] > 1 and both.min() >= 0 and np.abs(sums - 1).max() <= _ROUNDING:
        nothing = 0.0
    side = 1.0 if score >= nothing else -1.0
    level = nothing + keep * (score - nothing)
    # The whole input keeps its own score, whatever the last digit says.
    return Goal(float(min(level, score) if side > 0 else max(level, score)), side)
