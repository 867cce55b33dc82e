"""Run every method on changed networks and compare its maps, as rows of the result table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from smug.metrics.sanity import Level, levels, perturbation, randomised, similarity
from smug.pipeline.shards import SaliencyShard

#: Explains inputs (n, ...) with the classes (n,) by one method, on the network as it stands.
Explainer = Callable[[np.ndarray, np.ndarray, np.ndarray], SaliencyShard]

#: Reasons for a missing similarity: the map is the same everywhere (as is an empty one), or the
#: method refused the input.
CONSTANT, CONSTANT_BEFORE, FAILED = "constant", "constant before", "failed"


@dataclass(frozen=True)
class Checked:
    """A network, some of its inputs, and the methods whose maps of them are checked.

    Parameters
    ----------
    network : str
        Name of the network, for the rows.
    model : keras.Model
    x, target, ids : numpy.ndarray
        Inputs (n, ...), the classes explained (n,), ids (n,).
    padding : numpy.ndarray of bool, shape (n, *spatial)
        Positions left out of the comparison (words only).
    methods : dict of str to callable
        By name, see :data:`Explainer`.
    trained : dict of str to SaliencyShard
        Maps of the unchanged network, by method.
    """

    network: str
    model: keras.Model
    x: np.ndarray
    target: np.ndarray
    ids: np.ndarray
    padding: np.ndarray
    methods: dict[str, Explainer]
    trained: dict[str, SaliencyShard]

    def untrained(self, level: Level, seed: int) -> dict[str, SaliencyShard]:
        """Maps of every method after the layers of a level are initialised anew."""
        with randomised(self.model, level, seed=seed):
            return {
                name: explain(self.x, self.target, self.ids)
                for name, explain in self.methods.items()
            }


def randomisation_rows(
    checked: Checked, *, orders: Sequence[str], at_most: int, seeds: Sequence[int]
) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """Compare each method's maps with those after layers are initialised anew.

    Parameters
    ----------
    checked : Checked
    orders, at_most
        See :func:`smug.metrics.sanity.levels`.
    seeds : sequence of int
        Draws of new weights at every level.

    Returns
    -------
    rows : list of dict
        Columns ``image``, ``method``, ``network``, ``check``, ``layer``, ``level``, ``levels``,
        ``seed``, ``metric`` (ssim, spearman), ``value``, ``status``.
    examples : dict of str to numpy.ndarray
        ``<order>/<method>``: maps of the first input with the first seed, shape (levels, ...).
    """
    rows: list[dict[str, Any]] = []
    examples: dict[str, list[np.ndarray]] = {}
    # The level next to the output is the same in both orders.
    known: dict[tuple, dict[str, SaliencyShard]] = {}
    for order in orders:
        found = levels(checked.model, order=order, at_most=at_most)
        for level in found:
            for seed in seeds:
                print(f"{order} level {level.depth} ({level.name}), seed {seed}", flush=True)
                key = (level.layers, seed)
                if key not in known:
                    known[key] = checked.untrained(level, seed)
                made = known[key] if level.depth == 1 else known.pop(key)
                about = {
                    "network": checked.network,
                    "check": order,
                    "layer": level.name,
                    "level": level.depth,
                    "levels": len(found),
                    "seed": seed,
                }
                rows += [
                    row
                    for name, shard in made.items()
                    for row in compared(name, about, checked.trained[name], shard, checked.padding)
                ]
                if seed == seeds[0] and len(checked.ids):
                    for name, shard in made.items():
                        examples.setdefault(f"{order}/{name}", []).append(shard.maps[0])
    return rows, {name: np.array(maps) for name, maps in examples.items()}


def perturbation_rows(
    checked: Checked, *, noises: Sequence[float], seeds: Sequence[int]
) -> list[dict[str, Any]]:
    """Compare each method's maps with those under weight noise that keeps the prediction.

    Parameters
    ----------
    checked : Checked
    noises : sequence of float
        See :func:`smug.metrics.sanity.perturbation`.
    seeds : sequence of int
        Draws of the noise.

    Returns
    -------
    list of dict
        As of :func:`randomisation_rows`, with ``noise`` in place of layer and level. A third
        metric ``kept`` is 1 where the prediction was kept; where it is 0, there is no similarity.
    """
    x, target, ids = checked.x, checked.target, checked.ids
    rows: list[dict[str, Any]] = []
    for noise in noises:
        for seed in seeds:
            with perturbation(checked.model, x, noise, seed=seed) as kept:
                print(f"noise {noise}, seed {seed}: {kept.sum()} of {len(x)} kept", flush=True)
                about = {
                    "network": checked.network,
                    "check": "perturbation",
                    "noise": noise,
                    "seed": seed,
                }
                for name, explain in checked.methods.items():
                    made = explain(x[kept], target[kept], ids[kept])
                    before = _rows_of(checked.trained[name], kept)
                    rows += compared(name, about, before, made, checked.padding[kept])
                    common = {"method": name, **about, "metric": "kept"}
                    rows += [
                        {**common, "image": i, "value": float(k)}
                        for i, k in zip(ids.tolist(), kept, strict=True)
                    ]
    return rows


def compared(
    name: str,
    about: dict[str, Any],
    before: SaliencyShard,
    after: SaliencyShard,
    padding: np.ndarray,
) -> list[dict[str, Any]]:
    """Rows of the similarity of two shards of maps; ``status`` says why one is missing."""
    rows = []
    for i, image in enumerate(after.ids.tolist()):
        status, values = "", (np.nan, np.nan)
        first, second = (shown(shard.maps[i], padding[i]) for shard in (before, after))
        if before.message[i] or after.message[i]:
            status = FAILED
        elif np.ptp(first) == 0:
            status = CONSTANT_BEFORE
        elif np.ptp(second) == 0:
            status = CONSTANT
        else:
            values = similarity(first, second)
        common = {"image": image, "method": name, **about, "status": status}
        rows += [
            {**common, "metric": metric, "value": value}
            for metric, value in zip(("ssim", "spearman"), values, strict=True)
        ]
    return rows


def shown(scores: np.ndarray, padding: np.ndarray) -> np.ndarray:
    """Map of one input without its padding, whose zeros all maps share."""
    return scores[~padding] if padding.any() else scores


def _rows_of(shard: SaliencyShard, rows: np.ndarray) -> SaliencyShard:
    return SaliencyShard(**{name: values[rows] for name, values in vars(shard).items()})
