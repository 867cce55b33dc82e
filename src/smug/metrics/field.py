"""The field's measures of every method's maps on a shard of images, as rows of the result table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from smug.metrics import concentration, localisation
from smug.metrics.images import MethodMaps, ScoredImages
from smug.metrics.imputation import road
from smug.metrics.removal import (
    falls,
    patches,
    random_sets,
    removal_correlation,
    removal_error,
)
from smug.metrics.removed import hidden_inputs

#: Seed of the random sets, the same for every input and method.
SEED = 0


@dataclass(frozen=True)
class Removals:
    """Pixels that the measures of faithfulness remove.

    Parameters
    ----------
    inputs : int
        Images that they are taken on, the first ones.
    subsets : int
        Random sets of the faithfulness correlation.
    subset : float
        Share of the pixels in each.
    patch : int
        Side of the patches of the infidelity.
    shares : tuple of float
        Shares of the pixels that ROAD removes.
    replacement : {"zero", "mean", "blur"}
        What a pixel of those sets and patches becomes.
    """

    inputs: int
    subsets: int
    subset: float
    patch: int
    shares: tuple[float, ...]
    replacement: str = "zero"

    def sets(self, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
        """Masks of the random sets."""
        return random_sets(shape, set_size(shape, self.subset), self.subsets, SEED)


def set_size(shape: tuple[int, ...], share: float) -> int:
    """Positions in a random set: a share of all, one at least and not all of them."""
    count = int(np.prod(shape))
    return min(max(1, round(share * count)), count - 1)


def score_field(
    images: ScoredImages, methods: Mapping[str, MethodMaps], removals: Removals
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Measure every method's maps; a measure is missing where it is not defined.

    What the network loses by a removal is asked once and held against the maps of all methods.
    Infidelity takes the maps as contributions, each scaled as fits best: they have many units.

    Yields
    ------
    method, metric : str
    values : numpy.ndarray of float64, shape (n,)
    """
    if not len(images.pixels):
        return
    x = images.preprocess(images.pixels[: removals.inputs])
    shape = x.shape[1:3]
    hidden = hidden_inputs(x, removals.replacement)
    fell = [
        tuple(
            falls(images.model, one, empty, int(target), removed)
            for removed in (removals.sets(shape), patches(shape, removals.patch))
        )
        for one, empty, target in zip(tqdm(x, desc="removals"), hidden, images.target, strict=False)
    ]
    for name, method in methods.items():
        for metric, values in located_and_concentrated(method.maps, images.boxes).items():
            yield name, metric, np.where(method.made, values, np.nan)
        found = np.full((2, len(method.maps)), np.nan)
        for i, (sets, squares) in enumerate(fell):
            if method.made[i]:
                one = method.maps[i]
                found[0, i] = removal_correlation(one, removals.sets(shape), sets)
                squared = patches(shape, removals.patch)
                found[1, i] = removal_error(one, squared, squares, scaled=True)
        yield name, "faithfulness_correlation", found[0]
        yield name, "infidelity", found[1]
        made = np.flatnonzero(method.made[: len(x)])
        for least_first, metric in ((False, "road_most_first"), (True, "road_least_first")):
            values = np.full(len(method.maps), np.nan)
            score, _ = road(
                *(images.model, x[made], images.target[made], method.maps[made]),
                shares=removals.shares,
                least_first=least_first,
            )
            values[made] = score.y.mean(axis=1)
            yield name, metric, values


def located_and_concentrated(maps: np.ndarray, where: np.ndarray) -> dict[str, np.ndarray]:
    """Measures that need no network, by the name of their metric.

    Parameters
    ----------
    maps : numpy.ndarray, shape ``(n, *positions)``
    where : numpy.ndarray
        See :func:`smug.metrics.maps.regions`.
    """
    return {
        "pointing_game": localisation.pointing_game(maps, where),
        "pointing_game_strict": localisation.pointing_game(maps, where, tolerance=0),
        "relevance_mass_accuracy": localisation.relevance_mass_accuracy(maps, where),
        "relevance_rank_accuracy": localisation.relevance_rank_accuracy(maps, where),
        "sparseness": concentration.sparseness(maps),
        "complexity": concentration.complexity(maps),
    }
