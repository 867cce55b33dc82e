"""Maps of SMUG and SMUG_base for a shard of solved masks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from smug.masks.minimal import ChosenNodes
from smug.pipeline.shards import AttributedShard, SolvedShard


@dataclass(frozen=True)
class SmugMaps:
    """Maps of SMUG and SMUG_base for a shard, shape (n, *spatial) each; zero without a mask.

    ``seen`` is SMUG_base's mask, see :func:`smug.masks.saliency.base_mask`.
    """

    smug: np.ndarray
    smug_base: np.ndarray
    seen: np.ndarray


def shard_maps(
    shard: AttributedShard,
    solved: SolvedShard,
    *,
    window: int,
    scoring: str,
    ranking: str,
    seed: int,
) -> SmugMaps:
    """Score every input of a shard.

    ``window`` is that of the masks; the other settings are those of
    :func:`smug.masks.saliency.smug_saliency` and ``node_values``.
    """
    shape = solved.masks.shape
    maps = SmugMaps(np.zeros(shape), np.zeros(shape), np.zeros(shape, bool))
    for i, nodes in enumerate(solved.nodes):
        nodes = nodes[nodes >= 0]
        if not nodes.size:
            continue
        values = shard.node_values(i, ranking, seed)
        chosen = ChosenNodes.of(shard.layer, values, shard.padding[i], nodes)
        maps.seen[i] = chosen.base_mask(window)
        maps.smug_base[i] = chosen.scores(maps.seen[i], scoring=scoring)
        maps.smug[i] = chosen.scores(solved.masks[i], scoring=scoring)
    return maps
