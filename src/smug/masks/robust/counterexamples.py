"""Counterexamples: why no feature of a robust set can go alone, as inputs to be replayed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from smug.masks.robust.problem import RobustProblem
    from smug.masks.robust.search import RobustSet


@dataclass(frozen=True)
class Counterexamples:
    """Inputs that lose the class, each with one feature of a robust set moving beside the rest.

    Each equals its explained input on the set, but for the one variable that it frees.

    Parameters
    ----------
    points : numpy.ndarray of float64, shape (n, ...)
        The inputs, shaped like those explained.
    explained : numpy.ndarray of int64, shape (n,)
        Position of the explained input in its batch.
    frees : numpy.ndarray of int64, shape (n,)
        The variable of the set that moves: its number among the windows (pixels, columns) of the
        input, row by row from 0.
    becomes : numpy.ndarray of int64, shape (n,)
        The class that is no longer beaten.
    lead : numpy.ndarray of float64, shape (n,)
        Logits by which the explained class still leads that class: less than the margin, and
        negative where the class changes.
    """

    points: np.ndarray
    explained: np.ndarray
    frees: np.ndarray
    becomes: np.ndarray
    lead: np.ndarray

    def __len__(self) -> int:
        return len(self.points)

    def of(self, i: int) -> Counterexamples:
        """Those of input ``i`` of the batch."""
        own = self.explained == i
        return Counterexamples(**{name: values[own] for name, values in vars(self).items()})


def counterexamples(
    sets: Sequence[tuple[RobustProblem, RobustSet]], shape: tuple[int, ...]
) -> Counterexamples:
    """Counterexamples of a batch, one for each kept variable that the search has refuted.

    Parameters
    ----------
    sets : sequence of (RobustProblem, RobustSet)
        One for each input.
    shape : tuple of int
        Of one input.
    """
    points, where, leads = [np.zeros((0, *shape))], [], []
    for i, (problem, found) in enumerate(sets):
        for variable in np.flatnonzero(found.kept & (found.against >= 0)).tolist():
            point = found.counterexample(problem, variable)
            lead = problem.leads(point[None])[0]
            points.append(point.reshape(1, *shape))
            where.append((i, variable, problem.rivals[lead.argmin()]))
            leads.append(lead.min())
    explained, frees, becomes = np.array(where, np.int64).reshape(-1, 3).T
    return Counterexamples(
        np.concatenate(points), explained, frees, becomes, np.array(leads, np.float64)
    )


def faults(problem: RobustProblem, kept: np.ndarray, given: Counterexamples) -> Iterator[str]:
    """Replay counterexamples of one set by forward passes; a sentence for each that does not hold.

    Parameters
    ----------
    problem : RobustProblem
    kept : numpy.ndarray of bool, shape (size,)
        The set.
    given : Counterexamples
        Of this input only.
    """
    for point, variable, rival in zip(given.points, given.frees, given.becomes, strict=True):
        fault = _fault(problem, kept, point.reshape(-1), int(variable), int(rival))
        if fault is not None:
            yield f"the counterexample that frees {variable} does not hold: {fault}"


def _fault(
    problem: RobustProblem, kept: np.ndarray, point: np.ndarray, variable: int, rival: int
) -> str | None:
    if not (0 <= variable < problem.size and kept[variable]):
        return f"{variable} is not in the set"
    if rival not in problem.rivals:
        return f"it names class {rival}, which is no rival of class {problem.label}"
    moving = ~kept
    moving[variable] = True
    low, high = problem.box(moving)
    # A kept feature has its own value as both ends; NaN lies in no range.
    outside = np.flatnonzero(~((low <= point) & (point <= high)))
    if len(outside):
        i = outside[0]
        return f"feature {i} is {point[i]:g}, outside [{low[i]:g}, {high[i]:g}]"
    lead = problem.leads(point[None])[0, list(problem.rivals).index(rival)]
    if lead >= problem.margin:
        return f"class {problem.label} leads class {rival} by {lead:.3g} logits"
    return None
