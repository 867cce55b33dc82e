"""Measures of every method on one shard: its maps from the jobs' files, and the result rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smug.io import load_arrays, load_json
from smug.metrics.images import MethodMaps
from smug.pipeline.shards import AttributedShard, SaliencyShard, SolvedShard


def result_rows(
    measured: Iterable[tuple[str, str, np.ndarray]],
    solved: SolvedShard,
    confirmed: np.ndarray,
    common: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """One result row per input, method and metric; those of SMUG say how its mask was found.

    Parameters
    ----------
    measured : iterable of (method, metric, values)
        Values of shape (n,).
    solved : SolvedShard
        Masks of SMUG, and the names of the inputs.
    confirmed : numpy.ndarray of bool, shape (n,)
        Masks that the network itself confirms.
    common : mapping
        Columns that all rows share.
    """
    ids = solved.ids.tolist()
    solver = [solved.solver_columns(i) | {"confirmed": confirmed[i]} for i in range(len(ids))]
    return [
        {**common, "image": one, "method": name, "metric": metric, "value": value}
        | (solver[i] if name == "smug" else {})
        for name, metric, values in measured
        for i, (one, value) in enumerate(zip(ids, values, strict=True))
    ]


def maps_by_method(
    shard: AttributedShard,
    solved: SolvedShard,
    smug_maps: Path,
    maps: Sequence[Path],
    settings: Sequence[Path],
) -> dict[str, MethodMaps]:
    """Maps of SMUG, SMUG_base and the other methods on the same inputs, in the same order.

    Parameters
    ----------
    shard, solved
        The inputs and their masks.
    smug_maps : path
        Maps of SMUG and SMUG_base.
    maps, settings : sequence of path
        Maps of the other methods and their records.
    """
    own = load_arrays(smug_maps)
    seconds = shard.seconds + solved.encode_seconds + solved.solve_seconds
    found = {
        "smug": MethodMaps(own["smug"], solved.masks, seconds, solved.has_mask()),
        "smug_base": MethodMaps(own["smug_base"], own["seen"], shard.seconds, solved.has_nodes()),
    }
    for path, record in zip(maps, settings, strict=True):
        made = SaliencyShard.load(path)
        masks = made.masks if made.masks.any() else None
        name = load_json(record)["config"]["explainer"]["name"]
        found[name] = MethodMaps(made.maps, masks, made.seconds, made.message == "")
    return found
