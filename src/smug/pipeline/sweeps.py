"""What a sweep over settings of the mask problem says of each input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from smug.io import load_json
from smug.masks.saliency import sparsity
from smug.pipeline.saliency import SmugMaps
from smug.pipeline.shards import AttributedShard, SolvedShard

#: Settings that sweeps vary; the name of a row's method holds all of them.
VARIED = ("top_k", "gamma", "window", "ranking", "scoring")


def setting_name(method: Mapping[str, Any], scoring: str) -> str:
    """Name of a setting, ``top_k=3000,gamma=0.0,window=4,ranking=...,scoring=sum``."""
    values = {**method, "scoring": scoring}
    return ",".join(f"{key}={values[key]}" for key in VARIED)


def own_settings(records: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """Settings that each dataset is explained with outside the sweeps, by its shown name.

    Parameters
    ----------
    records : iterable of path
        Records of the stage ``score_grid``.
    """
    found = {}
    for record in map(load_json, records):
        scoring = record["config"]["saliency"]["scoring"]
        found[record["summary"]["dataset"]] = {**record["config"]["method"], "scoring": scoring}
    return found


def mask_rows(
    shard: AttributedShard,
    solved: SolvedShard,
    maps: SmugMaps,
    method: Mapping[str, Any],
    scoring: str,
    values: Mapping[str, np.ndarray],
) -> Iterator[dict[str, Any]]:
    """Result rows of one setting: mask size, sparsity with and without minimisation, ``values``.

    Parameters
    ----------
    shard, solved, maps
        The same inputs, in the same order.
    method : mapping
        The configuration section of this name.
    scoring : str
    values : mapping of str to numpy.ndarray, shape (n,)
        Further measures, such as LSC.

    Yields
    ------
    dict
        A row of the result table, its run and dataset left open.
    """
    countable = ~shard.padding
    found = solved.has_mask()
    metrics = {
        "mask_size": np.where(found, solved.objective, np.nan),
        "sparsity": np.where(found, sparsity(solved.masks, countable), np.nan),
        "base_sparsity": sparsity(maps.seen, countable),
        **values,
    }
    for i, image in enumerate(solved.ids.tolist()):
        common = {
            "image": image,
            "method": setting_name(method, scoring),
            **solved.solver_columns(i),
        }
        for metric, of_inputs in metrics.items():
            yield {**common, "metric": metric, "value": float(of_inputs[i])}
