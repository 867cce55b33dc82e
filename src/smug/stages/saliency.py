"""Score the kept inputs with the nodes' attributions."""

from smug.io import save_arrays
from smug.jobs.run import run
from smug.pipeline.saliency import shard_maps
from smug.pipeline.shards import AttributedShard, SolvedShard


def main(config, paths):
    """Write the maps of SMUG and SMUG_base and the positions they stand on."""
    shard = AttributedShard.load(paths.attribution)
    solved = SolvedShard.load(paths.masks)
    maps = shard_maps(
        shard,
        solved,
        window=config.method.window,
        scoring=config.saliency.scoring,
        ranking=config.method.ranking,
        seed=config.solver.seed,
    )
    save_arrays(paths.maps, {"ids": solved.ids, **vars(maps)})
    return {"inputs": len(solved.ids)}


if __name__ == "__main__":
    run(main)
