"""Score the kept inputs with the nodes' attributions."""

from dataclasses import dataclass
from pathlib import Path

from smug.io import save_arrays
from smug.jobs.run import Summary, run
from smug.jobs.settings.explanations import MethodSettings, SaliencySettings, SolverSettings
from smug.pipeline.saliency import shard_maps
from smug.pipeline.shards import AttributedShard, SolvedShard


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    method: MethodSettings
    saliency: SaliencySettings
    solver: SolverSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    attribution: Path
    masks: Path
    maps: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the maps of SMUG and SMUG_base and the positions they stand on."""
    shard = AttributedShard.load(files.attribution)
    solved = SolvedShard.load(files.masks)
    maps = shard_maps(
        shard,
        solved,
        window=config.method.window,
        scoring=config.saliency.scoring,
        ranking=config.method.ranking,
        seed=config.solver.seed,
    )
    save_arrays(files.maps, {"ids": solved.ids, **vars(maps)})
    return {"inputs": len(solved.ids)}


if __name__ == "__main__":
    run(main)
