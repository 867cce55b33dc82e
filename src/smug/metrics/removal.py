"""Faithfulness of a map: its scores against what the model loses with the positions removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import keras
import numpy as np

from smug.attribution.targets import check_target
from smug.errors import SmugError
from smug.limits import COUNT, check_range
from smug.metrics.maps import checked_maps
from smug.metrics.removed import answers, hidden_inputs, on_channels, scored_axes, without
from smug.models.inputs import as_batch
from smug.models.precision import computed_in_float32


@computed_in_float32
def faithfulness_correlation(
    model: keras.Model,
    x: Any,
    target: np.ndarray,
    saliency: Any,
    *,
    subset: int = 224,
    runs: int = 100,
    replacement: str | float | np.ndarray = "zero",
    seed: int = 0,
    batch_size: int | str = 32,
) -> np.ndarray:
    """Correlation of what a map says of random sets of positions with what they matter.

    Bhatt, Weller & Moura (2020): Pearson's correlation over `runs` random sets between the sum of
    their scores and the fall of the model's output when they are removed together.

    Parameters
    ----------
    model : keras.Model
        Its output of the target is what falls: a probability, or a logit where it answers those.
    x : array-like, shape (batch, ...)
        Preprocessed inputs, channels last.
    target : numpy.ndarray of int, shape (batch,)
    saliency : array-like, shape ``(batch, *positions)``
        Maps of any method: a score for each position, which is removed with all its channels, or
        for each value, shaped as `x`.
    subset : int
        Positions in a set, fewer than there are.
    runs : int
        Sets; 3 or more.
    replacement : {"zero", "mean", "blur"}, float or numpy.ndarray
        What a removed position becomes, see :func:`smug.masks.replacement.replacement_of`. Black is
        the smallest value of the image in Quantus 0.6; give it as a number.
    seed : int
        Draws the sets, the same for every input of a shape and every map.
    batch_size : int or "auto"
        Inputs a network call; memory does not grow with `runs`.

    Returns
    -------
    numpy.ndarray of float64, shape (batch,)
        In [-1, 1], higher is better; NaN where all sums or all falls are equal.

    Raises
    ------
    SmugError
        Shapes that do not fit, a target that the model does not have, a set of every position.
    """
    x, maps, hidden = _checked(model, x, target, saliency, replacement)
    positions = maps[0].size if len(maps) else 0
    if len(maps) and not 1 <= subset < positions:
        raise SmugError(f"subset={subset} of {positions} positions; give 1 to {positions - 1}")
    if runs < 3:
        raise SmugError(f"runs={runs}; give 3 or more, whose correlation says something")
    found = np.full(len(maps), np.nan)
    for i, one in enumerate(maps):
        # Drawn twice: a set is as large as the input, and there are many.
        sets, again = (random_sets(one.shape, subset, runs, seed) for _ in range(2))
        fell = falls(model, x[i], hidden[i], int(target[i]), sets, batch_size=batch_size)
        found[i] = removal_correlation(one, again, fell)
    return found


@computed_in_float32
def infidelity(
    model: keras.Model,
    x: Any,
    target: np.ndarray,
    saliency: Any,
    *,
    patch: int = 4,
    contributions: bool = False,
    scaled: bool = False,
    replacement: str | float | np.ndarray = "zero",
    batch_size: int | str = 32,
) -> np.ndarray:
    """Mean square error of a map as a linear model of what removing patches does.

    Yeh et al. (2019), square removal: over the patches of a grid, each removed alone, the mean of
    ``(sum of saliency * (x - x without the patch) - (f(x) - f(x without the patch)))²``. Quantus
    0.6 removes the patches one after the other without putting any back, and takes no image whose
    sides are no multiples of the patch; here patches at the edges are smaller.

    Parameters
    ----------
    model, x, target, replacement, batch_size
        See :func:`faithfulness_correlation`.
    saliency : array-like, shape ``(batch, *positions)``
        Maps in the unit of a gradient, output per input, of each position or each value. A
        position's score holds for all its channels.
    patch : int
        Side of a patch in positions.
    contributions : bool
        Whether the maps are in the unit of the output instead: gradient times input, Integrated
        Gradients, SHAP. A patch is then promised the sum of its scores, as in the authors' code.
    scaled : bool
        Whether the map is multiplied by the factor that fits best, as the paper's authors do in
        their code: maps of any unit can be compared then.

    Returns
    -------
    numpy.ndarray of float64, shape (batch,)
        In squared units of the output, lower is better.

    Raises
    ------
    SmugError
        Shapes that do not fit, a target that the model does not have, a patch of no position.
    """
    x, maps, hidden = _checked(model, x, target, saliency, replacement)
    check_range(patch, COUNT, "patch")
    found = np.full(len(maps), np.nan)
    for i, one in enumerate(maps):
        squares, again = (patches(one.shape, patch) for _ in range(2))
        fell = falls(model, x[i], hidden[i], int(target[i]), squares, batch_size=batch_size)
        said = one if contributions else contributions_of(one, x[i], hidden[i])
        found[i] = removal_error(said, again, fell, scaled=scaled)
    return found


def falls(
    model: keras.Model,
    one: np.ndarray,
    hidden: np.ndarray,
    target: int,
    removed: Iterable[np.ndarray],
    *,
    batch_size: int | str = 32,
) -> np.ndarray:
    """Fall of the model's output under each of some removals; the same for every map.

    Parameters
    ----------
    model : keras.Model
    one, hidden : numpy.ndarray
        The input, and the same of which every position is removed.
    target : int
    removed : iterable of numpy.ndarray of bool, shape ``(*positions,)``
        Positions of each removal; no more than a batch of them is held at a time.
    batch_size : int or "auto"
        Inputs a network call.

    Returns
    -------
    numpy.ndarray of float64, shape (removals,)
    """
    # The whole input goes first.
    masks = chain([np.zeros(one.shape, bool)], removed)
    score, _ = answers(model, without(one, hidden, masks), target, batch_size)
    return score[0] - score[1:]


def removal_correlation(
    scores: np.ndarray, removed: Iterable[np.ndarray], fell: np.ndarray
) -> float:
    """Faithfulness correlation of one map, see :func:`faithfulness_correlation`.

    Parameters
    ----------
    scores : numpy.ndarray, shape ``(*positions,)``
    removed : iterable of numpy.ndarray of bool, shape ``(*positions,)``
        Positions of each removal.
    fell : numpy.ndarray, shape (removals,)
        See :func:`falls`.
    """
    said = _said(scores, removed)
    if np.ptp(said) == 0 or np.ptp(fell) == 0:
        return float("nan")
    return float(np.corrcoef(said, fell)[0, 1])


def removal_error(
    scores: np.ndarray, removed: Iterable[np.ndarray], fell: np.ndarray, *, scaled: bool = False
) -> float:
    """Infidelity of one map of contributions, see :func:`infidelity`.

    Parameters
    ----------
    scores, removed, fell
        See :func:`removal_correlation`.
    scaled : bool
        See :func:`infidelity`.
    """
    said = _said(scores, removed)
    if scaled:
        square = said @ said
        said = said * (said @ fell / square if square > 0 else 0.0)
    return float(np.mean((said - fell) ** 2))


def contributions_of(scores: np.ndarray, one: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Scores in the unit of a gradient times what the removal of each position changes.

    Parameters
    ----------
    scores : numpy.ndarray, shape ``(*positions,)``
        Of a position they hold for all its channels.
    one, hidden : numpy.ndarray
        The input, and the same of which every position is removed.
    """
    change = on_channels(scores, one) * (one.astype(np.float64) - hidden)
    return change.reshape(*scores.shape, -1).sum(axis=-1)


def random_sets(shape: tuple[int, ...], subset: int, runs: int, seed: int) -> Iterator[np.ndarray]:
    """Masks of so many random sets of positions, the same for the same seed."""
    rng = np.random.default_rng(seed)
    for _ in range(runs):
        mask = np.zeros(int(np.prod(shape)), bool)
        mask[rng.choice(len(mask), subset, replace=False)] = True
        yield mask.reshape(shape)


def patches(shape: tuple[int, ...], side: int) -> Iterator[np.ndarray]:
    """Masks of the patches of a grid over positions, first to last; smaller ones at the ends."""
    for corner in np.ndindex(*(-(-size // side) for size in shape)):
        mask = np.zeros(shape, bool)
        mask[tuple(slice(place * side, (place + 1) * side) for place in corner)] = True
        yield mask


def _checked(
    model: keras.Model,
    x: Any,
    target: np.ndarray,
    saliency: Any,
    replacement: str | float | np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, maps in float64, and the inputs without any position."""
    x, maps = as_batch(model, x), checked_maps(saliency)
    hidden = hidden_inputs(x, replacement, axes=scored_axes(x, maps))
    check_target(model, target, len(x))
    return x, maps.astype(np.float64), hidden


def _said(scores: np.ndarray, removed: Iterable[np.ndarray]) -> np.ndarray:
    """Sum of the scores that each removal takes."""
    return np.array([scores[mask].sum() for mask in removed], np.float64)
