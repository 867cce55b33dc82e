"""Run every method on changed networks and compare its maps, as rows of the result table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def randomisation_rows(
    model: keras.Model,
    inputs: tuple[np.ndarray, np.ndarray, np.ndarray],
    padding: np.ndarray,
    methods: dict[str, Explainer],
    trained: dict[str, SaliencyShard],
    *,
    network: str,
    orders: Sequence[str],
    at_most: int,
    seeds: Sequence[int],
) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """Compare each method's maps with those after layers are initialised anew.

    Parameters
    ----------
    model : keras.Model
    inputs : tuple of numpy.ndarray
        Inputs (n, ...), the classes explained (n,), ids (n,).
    padding : numpy.ndarray of bool, shape (n, *spatial)
        Positions left out of the comparison (words only).
    methods : dict of str to callable
        By name, see :data:`Explainer`.
    trained : dict of str to SaliencyShard
        Maps of the unchanged network, by method.
    network : str
        Name of the network, for the rows.
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
        found = levels(model, order=order, at_most=at_most)
        for level in found:
            for seed in seeds:
                print(f"{order} level {level.depth} ({level.name}), seed {seed}", flush=True)
                key = (level.layers, seed)
                if key not in known:
                    known[key] = _on_level(model, inputs, methods, level, seed)
                made = known[key] if level.depth == 1 else known.pop(key)
                about = {
                    "network": network,
                    "check": order,
                    "layer": level.name,
                    "level": level.depth,
                    "levels": len(found),
                    "seed": seed,
                }
                rows += [
                    row
                    for name, shard in made.items()
                    for row in compared(name, about, trained[name], shard, padding)
                ]
                if seed == seeds[0] and len(inputs[2]):
                    for name, shard in made.items():
                        examples.setdefault(f"{order}/{name}", []).append(shard.maps[0])
    return rows, {name: np.array(maps) for name, maps in examples.items()}


def perturbation_rows(
    model: keras.Model,
    inputs: tuple[np.ndarray, np.ndarray, np.ndarray],
    padding: np.ndarray,
    methods: dict[str, Explainer],
    trained: dict[str, SaliencyShard],
    *,
    network: str,
    noises: Sequence[float],
    seeds: Sequence[int],
) -> list[dict[str, Any]]:
    """Compare each method's maps with those under weight noise that keeps the prediction.

    Parameters as for :func:`randomisation_rows`; ``noises`` as of
    :func:`smug.metrics.sanity.perturbation`.

    Returns
    -------
    list of dict
        As there, with ``noise`` in place of layer and level. A third metric ``kept`` is 1 where the
        prediction was kept; where it is 0, there is no similarity.
    """
    x, target, ids = inputs
    rows: list[dict[str, Any]] = []
    for noise in noises:
        for seed in seeds:
            with perturbation(model, x, noise, seed=seed) as kept:
                print(f"noise {noise}, seed {seed}: {kept.sum()} of {len(x)} kept", flush=True)
                about = {
                    "network": network,
                    "check": "perturbation",
                    "noise": noise,
                    "seed": seed,
                }
                for name, explain in methods.items():
                    made = explain(x[kept], target[kept], ids[kept])
                    before = _rows_of(trained[name], kept)
                    rows += compared(name, about, before, made, padding[kept])
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


def _on_level(
    model: keras.Model,
    inputs: tuple[np.ndarray, np.ndarray, np.ndarray],
    methods: dict[str, Explainer],
    level: Level,
    seed: int,
) -> dict[str, SaliencyShard]:
    with randomised(model, level, seed=seed):
        return {name: explain(*inputs) for name, explain in methods.items()}


def _rows_of(shard: SaliencyShard, rows: np.ndarray) -> SaliencyShard:
    return SaliencyShard(**{name: values[rows] for name, values in vars(shard).items()})
