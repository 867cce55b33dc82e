"""Masks that are enough for the network itself: more nodes, then a larger share of their response.

SMUG keeps responses of the first layer, not the network's confidence; on what a mask keeps, the
network may say something else. Here the demand is raised until the network agrees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from smug.attribution.scores import class_scores, goal
from smug.errors import SmugError
from smug.masks.minimal import MinimalMask, masked
from smug.models.first_layer import FirstLayer

#: Shares of the response that are tried once all nodes are asked.
GAMMAS = (0.25, 0.5, 0.75, 0.9, 0.95, 0.98)
#: The number of nodes is found up to this factor, and gamma up to this difference.
FACTOR, DIFFERENCE = 1.15, 0.03


class Judge:
    """The network's output for one class of one input, on parts of the input.

    Parameters
    ----------
    layer : FirstLayer
    x : numpy.ndarray, shape (1, ...)
    target : int

    Attributes
    ----------
    entering : numpy.ndarray
        The tensor that masks act on.
    """

    def __init__(self, layer: FirstLayer, x: np.ndarray, target: int) -> None:
        self.layer, self.x, self.target = layer, x, target
        self.entering = layer.linear_input(x)[0]

    def outputs(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """Outputs on each of some values of the tensor, shape (parts, classes)."""
        x = np.repeat(self.x, len(parts), axis=0)
        return self.layer.outputs_on(x, np.stack(parts)).astype(np.float64)

    def scores(self, parts: Sequence[np.ndarray]) -> list[float]:
        """Output for the class on each of some values of the tensor."""
        return class_scores(self.outputs(parts), np.repeat(self.target, len(parts))).tolist()

    def enough(self, found: MinimalMask, keep: float) -> bool:
        """True if the network keeps a share of its score on a mask.

        The rule is that of :func:`~smug.attribution.scores.goal`; the score of nothing is that of
        everything replaced as in `found`.
        """
        nowhere = np.zeros_like(found.mask)
        nothing, _ = masked(found.chosen, nowhere, self.entering, found.replacement)
        kept, _ = found.parts(self.entering)
        outputs = self.outputs([self.entering, nothing, kept])
        score = class_scores(outputs[2:], self.target)[0]
        return goal(outputs[0], outputs[1], self.target, keep).reached(float(score))


@dataclass(frozen=True)
class Trial:
    """A demand, and the smallest mask that meets it.

    Parameters
    ----------
    top_k, gamma
        The demand.
    found : MinimalMask, optional
        None where so few nodes ask for nothing: none of them has a positive response.
    enough : bool
        True if the network keeps its score on the mask.
    """

    top_k: int
    gamma: float
    found: MinimalMask | None
    enough: bool


def sufficient_mask(
    solve: Callable[[int, float, np.ndarray | None], MinimalMask],
    enough: Callable[[MinimalMask], bool],
    top_k: int,
    gamma: float,
    margin: float,
    most: int,
) -> tuple[MinimalMask, int, float]:
    """Smallest demand, as far as bisection finds it, whose mask is enough for the network.

    The number of nodes is halved while the mask is enough, or doubled until it is; where all nodes
    are not enough, gamma is raised. Between the last demand that was too small and the
    first that was enough, the search halves the step. It starts each time from the mask before it
    where that is valid.

    Parameters
    ----------
    solve : callable
        ``(top_k, gamma, start)`` to the smallest mask.
    enough : callable
        True if the network keeps its score on a mask.
    top_k, gamma
        Where the search starts.
    margin : float
        Of the mask problem; gamma stays below ``1 - margin``.
    most : int
        Number of nodes with a positive value: more nodes demand no more.

    Returns
    -------
    found : MinimalMask
        The last one tried where none was enough: read its kept score.
    top_k, gamma
        The demand that it meets.
    """
    top_k = min(top_k, most)

    def tried(k: int, gamma: float, before: Trial | None = None) -> Trial:
        start = before.found.mask if before and before.found and before.found.found else None
        try:
            found = solve(k, gamma, start)
        except SmugError:
            # What was asked for has to work; fewer nodes than that may be too few for a mask.
            if k >= top_k:
                raise
            return Trial(k, gamma, None, False)
        return Trial(k, gamma, found, found.found and enough(found))

    def narrowed(
        low: Trial, best: Trial, middle: Callable[[Trial, Trial], tuple[int, float] | None]
    ) -> Trial:
        while (demand := middle(low, best)) is not None:
            trial = tried(*demand, low)
            low, best = (low, trial) if trial.enough else (trial, best)
        return best

    def least() -> Trial:
        best = tried(top_k, gamma)
        if best.enough:
            while best.top_k > 1:
                fewer = tried(best.top_k // 2, gamma)
                if not fewer.enough:
                    return narrowed(fewer, best, _nodes_between)
                best = fewer
            return best
        while best.top_k < most:
            low, best = best, tried(min(2 * best.top_k, most), gamma, best)
            if best.enough:
                return narrowed(low, best, _nodes_between)
        for larger in GAMMAS:
            if gamma < larger < 1 - margin:
                low, best = best, tried(most, larger, best)
                if best.enough:
                    return narrowed(low, best, _gamma_between)
        return best

    made = least()
    assert made.found is not None  # only fewer nodes than were asked for may have none
    return made.found, made.top_k, made.gamma


def _nodes_between(low: Trial, best: Trial) -> tuple[int, float] | None:
    if best.top_k <= max(FACTOR * low.top_k, low.top_k + 1):
        return None
    return round((low.top_k * best.top_k) ** 0.5), best.gamma


def _gamma_between(low: Trial, best: Trial) -> tuple[int, float] | None:
    if best.gamma - low.gamma <= DIFFERENCE:
        return None
    return best.top_k, (low.gamma + best.gamma) / 2
