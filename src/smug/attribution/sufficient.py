"""Masks that are enough for the network itself: more nodes, then a larger share of their response.

SMUG keeps responses of the first layer, not the network's confidence; on what a mask keeps, the
network may say something else. Here the demand is raised until the network agrees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from smug.errors import SmugError
from smug.masks.minimal import MinimalMask
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
        """Output on each of some values of the tensor, shape (parts,)."""
        x = np.repeat(self.x, len(parts), axis=0)
        outputs = self.layer.outputs_on(x, np.stack(parts))
        return outputs[:, 0 if outputs.shape[1] == 1 else self.target].astype(np.float64)

    def scores(self, found: MinimalMask) -> tuple[float, float]:
        """Output on what a mask keeps, and on what it removes."""
        kept, removed = self.outputs(found.parts(self.entering))
        return float(kept), float(removed)

    def kept(self, found: MinimalMask) -> float:
        """Output on what a mask keeps, as a share of that on the whole input.

        Raises
        ------
        SmugError
            The output on the whole input is not above zero.
        """
        kept, whole = self.outputs([found.parts(self.entering)[0], self.entering])
        if not whole > 0:
            raise SmugError(
                f"sufficient asks for a share of the model's output, which is {whole:.4g} for "
                f"class {self.target}; it must be above 0: let the model answer probabilities, or "
                "leave sufficient out"
            )
        return float(kept / whole)


@dataclass(frozen=True)
class Trial:
    """A demand and the smallest mask that meets it."""

    top_k: int
    gamma: float
    found: MinimalMask


def sufficient_mask(
    solve: Callable[[int, float, np.ndarray | None], MinimalMask],
    kept: Callable[[MinimalMask], float],
    share: float,
    top_k: int,
    gamma: float,
    margin: float,
    most: int,
) -> Trial:
    """Smallest demand, as far as bisection finds it, whose mask is enough for the network.

    The number of nodes is halved while the network keeps its share, or doubled until it does; where
    all nodes are not enough, gamma is raised. Between the last demand that was too small and the
    first that was enough, the search halves the step. It starts each time from the mask before it
    where that is valid.

    Parameters
    ----------
    solve : callable
        ``(top_k, gamma, start)`` to the smallest mask.
    kept : callable
        Share of the network's output that a mask keeps.
    share : float
        Share to reach, in (0, 1].
    top_k, gamma
        Where the search starts.
    margin : float
        Of the mask problem; gamma stays below ``1 - margin``.
    most : int
        Number of nodes with a positive value: more nodes demand no more.

    Returns
    -------
    Trial
        The last one tried where none was enough: read its kept score.
    """

    def tried(k: int, gamma: float, before: Trial | None) -> tuple[Trial, bool]:
        start = before.found.mask if before is not None and before.found.found else None
        trial = Trial(k, gamma, solve(k, gamma, start))
        return trial, trial.found.found and kept(trial.found) >= share

    best, enough = tried(min(top_k, most), gamma, None)
    low = None if enough else best
    while low is None:
        if best.top_k == 1:
            return best
        fewer, enough = tried(best.top_k // 2, gamma, None)
        low, best = (None, fewer) if enough else (fewer, best)
    enough = best is not low
    while not enough and low.top_k < most:
        best, enough = tried(min(2 * low.top_k, most), gamma, low)
        low = low if enough else best
    while enough and best.top_k > max(FACTOR * low.top_k, low.top_k + 1):
        middle, fits = tried(round((low.top_k * best.top_k) ** 0.5), gamma, low)
        low, best = (low, middle) if fits else (middle, best)
    if enough:
        return best
    for larger in (share for share in GAMMAS if gamma < share < 1 - margin):
        best, enough = tried(most, larger, low)
        if enough:
            break
        low = best
    while enough and best.gamma - low.gamma > DIFFERENCE:
        middle, fits = tried(most, (low.gamma + best.gamma) / 2, low)
        low, best = (low, middle) if fits else (middle, best)
    return best
