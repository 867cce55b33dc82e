"""Score the kept inputs with the nodes' attributions."""

import numpy as np

from smug.io import save_arrays
from smug.job import run
from smug.saliency import seen_positions, smug_saliency
from smug.shards import AttributedShard, SolvedShard


def main(config, paths):
    """Write the maps of SMUG and SMUG_base and the masks they stand on; zero without a mask."""
    shard = AttributedShard.load(paths.attribution)
    solved = SolvedShard.load(paths.masks)
    scoring = config.saliency.scoring
    shape = solved.masks.shape
    smug, base, seen = np.zeros(shape), np.zeros(shape), np.zeros(shape, bool)
    for i, nodes in enumerate(solved.nodes):
        nodes = nodes[nodes >= 0]
        if not nodes.size:
            continue
        alpha = shard.attribution[i]
        seen[i] = seen_positions(shard.layer, nodes) & ~shard.padding[i]
        base[i] = smug_saliency(shard.layer, alpha, nodes, seen[i], scoring=scoring)
        smug[i] = smug_saliency(shard.layer, alpha, nodes, solved.masks[i], scoring=scoring)
    save_arrays(paths.maps, {"ids": solved.ids, "smug": smug, "smug_base": base, "seen": seen})
    return {"inputs": len(smug)}


if __name__ == "__main__":
    run(main)
