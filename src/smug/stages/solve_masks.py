"""Find the smallest mask of every input of a shard."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from smug.jobs.run import Summary, run
from smug.jobs.settings.explanations import MethodSettings, SolverSettings
from smug.pipeline.shards import AttributedShard, SolvedShard
from smug.pipeline.solve_masks import solve_shard


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    method: MethodSettings
    solver: SolverSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    attribution: Path
    masks: Path
    record: Path
    start: list[Path] = field(default_factory=list)


def main(config: Sections, files: Files) -> Summary:
    """Write a shard of solved masks."""
    shard = AttributedShard.load(files.attribution)
    start = [SolvedShard.load(path) for path in files.start]
    solved = solve_shard(shard, config.method, config.solver, *start)
    solved.save(files.masks)
    return {"status": dict(Counter(solved.status.tolist()))}


if __name__ == "__main__":
    run(main)
