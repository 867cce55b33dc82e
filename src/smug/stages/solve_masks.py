"""Find the smallest mask of every input of a shard."""

from collections import Counter

from smug.jobs.run import run
from smug.pipeline.shards import AttributedShard, SolvedShard
from smug.pipeline.solve_masks import solve_shard


def main(config, paths):
    """Write a shard of solved masks."""
    shard = AttributedShard.load(paths.attribution)
    start = [SolvedShard.load(path) for path in paths.all("start")]
    solved = solve_shard(shard, config.method, config.solver, *start)
    solved.save(paths.masks)
    return {"status": dict(Counter(solved.status.tolist()))}


if __name__ == "__main__":
    run(main)
