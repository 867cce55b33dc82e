"""Time one solver on real mask problems of a dataset."""

from dataclasses import dataclass, replace
from pathlib import Path

from smug.jobs.run import Summary, run
from smug.jobs.settings.datasets import DatasetSettings
from smug.jobs.settings.explanations import MethodSettings, SolverSettings
from smug.jobs.settings.workflow import TimingSettings, WorkflowSettings
from smug.pipeline.results import as_table, dataset_label, problem_columns, save_results
from smug.pipeline.shards import AttributedShard
from smug.pipeline.solve_masks import solve_shard


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    workflow: WorkflowSettings
    dataset: DatasetSettings
    method: MethodSettings
    solver: SolverSettings
    timing: TimingSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    attribution: Path
    scores: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write one result row per input, number of nodes and window."""
    shard = AttributedShard.load(files.attribution).first(config.timing.inputs)
    solver = replace(config.solver, timeout=config.timing.timeout)
    label = dataset_label(vars(config.dataset), generated=shard.generated)
    rows = []
    for window in config.timing.windows:
        for top_k in config.timing.top_k:
            method = replace(config.method, window=window, top_k=top_k)
            solved = solve_shard(shard, method, solver)
            rows += [
                {
                    "run": config.workflow.run,
                    "dataset": label,
                    "image": name,
                    "method": "smug",
                    **problem_columns(vars(method), solver.name),
                    "metric": "mask_size",
                    "value": solved.objective[i],
                    **solved.solver_columns(i),
                }
                for i, name in enumerate(solved.ids.tolist())
            ]
    save_results(files.scores, as_table(rows))
    return {"rows": len(rows)}


if __name__ == "__main__":
    run(main)
