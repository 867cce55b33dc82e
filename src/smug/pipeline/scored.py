"""Maps of every method on one shard, put together from the jobs' files to be measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from smug.io import load_arrays, load_json
from smug.metrics.images import MethodMaps
from smug.pipeline.shards import AttributedShard, SaliencyShard, SolvedShard


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
