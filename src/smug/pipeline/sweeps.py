"""Sweeps over settings of the mask problem: result rows of each input."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smug.io import load_json
from smug.masks.saliency import jaccard, sparsity
from smug.pipeline.saliency import SmugMaps
from smug.pipeline.shards import AttributedShard, SolvedShard

if TYPE_CHECKING:
    import keras

#: Settings that sweeps vary.
VARIED = ("top_k", "gamma", "window", "replacement", "ranking", "scoring")


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


def overlap_with_zero(
    methods: Sequence[Mapping[str, Any]], solved: Sequence[SolvedShard], own: Mapping[str, Any]
) -> list[np.ndarray | None]:
    """Overlap of each replacement's masks with those of the replacement ``zero``.

    Parameters
    ----------
    methods : sequence of mapping
        Sections ``method``.
    solved : sequence of SolvedShard
        Masks of the same inputs by each of them.
    own : mapping
        The dataset's own section ``method``: only masks that differ from it in nothing but the
        replacement are compared.

    Returns
    -------
    list of numpy.ndarray of float64, shape (n,), or None
        :func:`smug.masks.saliency.jaccard`, NaN where one of the masks was not found; None for
        masks that are not compared, all where there are none of ``zero``.
    """
    alike = [{**method, "replacement": own["replacement"]} == own for method in methods]
    zero = next(
        (
            masks
            for method, masks, same in zip(methods, solved, alike, strict=True)
            if same and method["replacement"] == "zero"
        ),
        None,
    )

    def overlap(masks: SolvedShard, zero: SolvedShard) -> np.ndarray:
        both = zero.has_mask() & masks.has_mask()
        return np.where(both, jaccard(zero.masks, masks.masks), np.nan)

    return [
        overlap(masks, zero) if same and zero is not None else None
        for masks, same in zip(solved, alike, strict=True)
    ]


def lsc_of(
    model: keras.Model, x: np.ndarray, target: np.ndarray, thresholds: int
) -> Callable[[np.ndarray], np.ndarray]:
    """Function from maps, shape (n, height, width), to their LSC, shape (n,).

    The arguments are those of :func:`smug.metrics.lsc.map_lsc`.
    """
    from smug.metrics.lsc import map_lsc

    # SMUG_base does not know gamma: its maps come again with every one.
    known: dict[bytes, np.ndarray] = {}

    def lsc(maps: np.ndarray) -> np.ndarray:
        key = maps.tobytes()
        if key not in known:
            known[key] = map_lsc(model, x, target, maps, thresholds=thresholds).lsc
        return known[key]

    return lsc


def mask_rows(
    shard: AttributedShard,
    solved: SolvedShard,
    maps: SmugMaps,
    setting: Mapping[str, Any],
    values: Mapping[str, np.ndarray],
    confirmed: np.ndarray,
) -> Iterator[dict[str, Any]]:
    """Result rows of one setting: mask size, sparsity with and without minimisation, ``values``.

    Parameters
    ----------
    shard, solved, maps
        The same inputs, in the same order.
    setting : mapping
        Columns of the setting, see :func:`smug.pipeline.results.problem_columns`.
    values : mapping of str to numpy.ndarray, shape (n,)
        Further measures, such as LSC.
    confirmed : numpy.ndarray of bool, shape (n,)
        See :meth:`smug.pipeline.confirm.Confirmer.confirmed`.

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
        common = {"image": image, "method": "smug", **setting, **solved.solver_columns(i)}
        common["confirmed"] = bool(confirmed[i])
        for metric, of_inputs in metrics.items():
            yield {**common, "metric": metric, "value": float(of_inputs[i])}
