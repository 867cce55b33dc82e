"""Measure every method on a shard of rows of a table, or of series."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smug.jobs.run import Summary, run
from smug.jobs.settings.comparisons import RowsComparisonSettings
from smug.jobs.settings.datasets import DatasetSettings
from smug.jobs.settings.explanations import MethodSettings
from smug.jobs.settings.models import ModelSettings
from smug.jobs.settings.workflow import WorkflowSettings
from smug.pipeline.results import as_table, dataset_label, save_results
from smug.pipeline.shards import AttributedShard, SolvedShard


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    workflow: WorkflowSettings
    dataset: DatasetSettings
    model: ModelSettings
    method: MethodSettings
    comparison: RowsComparisonSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    attribution: Path
    masks: Path
    smug_maps: Path
    maps: list[Path]
    settings: list[Path]
    model: Path
    scores: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write one result row per input, method and metric."""
    from smug.metrics.rows import as_pictures, score_rows
    from smug.pipeline.confirm import Confirmer
    from smug.pipeline.scored import maps_by_method, result_rows

    shard, solved = AttributedShard.load(files.attribution), SolvedShard.load(files.masks)
    confirmer = Confirmer.load(files.model, config.model)
    confirmed = confirmer.confirmed(shard, solved, vars(config.method))
    model, x = as_pictures(confirmer.model), confirmer.network.preprocess(shard.images)
    label = dataset_label(vars(config.dataset), generated=shard.generated)
    common = {"run": config.workflow.run, "dataset": label}
    methods = maps_by_method(shard, solved, files.smug_maps, files.maps, files.settings)
    measured = (
        (name, *row)
        for name, method in methods.items()
        for row in score_rows(
            model,
            x,
            shard.target,
            method,
            curve_steps=config.comparison.curve_steps,
            replacement=config.method.replacement,
        )
    )
    rows = result_rows(measured, solved, confirmed, common)
    save_results(files.scores, as_table(rows))
    unconfirmed = int(np.count_nonzero(solved.has_mask() & ~confirmed))
    return {"inputs": len(shard.ids), "rows": len(rows), "unconfirmed": unconfirmed}


if __name__ == "__main__":
    run(main)
