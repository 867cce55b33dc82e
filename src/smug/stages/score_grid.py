"""Measure the masks and maps of a shard under every setting of a dataset's sweeps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from smug.io import load_json
from smug.jobs.run import JobSettings, Summary, run
from smug.jobs.settings.comparisons import ComparisonSettings
from smug.jobs.settings.datasets import DatasetSettings
from smug.jobs.settings.explanations import MethodSettings, SaliencySettings
from smug.jobs.settings.models import ModelSettings
from smug.jobs.settings.workflow import GridSettings, WorkflowSettings
from smug.pipeline.results import as_table, dataset_label, problem_columns, save_results
from smug.pipeline.saliency import shard_maps
from smug.pipeline.shards import AttributedShard, SolvedShard
from smug.pipeline.sweeps import lsc_of, mask_rows, overlap_with_zero


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    workflow: WorkflowSettings
    dataset: DatasetSettings
    model: ModelSettings
    method: MethodSettings
    saliency: SaliencySettings
    comparison: ComparisonSettings
    grid: GridSettings
    job: JobSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    model: Path
    attribution: Path
    masks: list[Path]
    settings: list[Path]
    scores: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write one result row per input, setting and metric; LSC for photographs."""
    from smug.pipeline.confirm import Confirmer

    count = max(config.grid.inputs - config.job.shard * config.dataset.shard_size, 0)
    shard = AttributedShard.load(files.attribution).first(count)
    confirmer = Confirmer.load(files.model, config.model)
    # Crops of digits say nothing: LSC is a measure of photographs.
    lsc = None
    if shard.images.ndim == 4:
        x = confirmer.network.preprocess(shard.images)
        lsc = lsc_of(confirmer.model, x, shard.target, config.comparison.thresholds)
    records = [load_json(record)["config"] for record in files.settings]
    shards = [SolvedShard.load(masks).first(count) for masks in files.masks]
    methods = [settings["method"] for settings in records]
    overlaps = overlap_with_zero(methods, shards, vars(config.method))
    rows: list[dict[str, Any]] = []
    unconfirmed = 0
    for settings, solved, overlap in zip(records, shards, overlaps, strict=True):
        method, solver = settings["method"], settings["solver"]
        chosen = {"window": method["window"], "ranking": method["ranking"], "seed": solver["seed"]}
        confirmed = confirmer.confirmed(shard, solved, method)
        unconfirmed += int(np.count_nonzero(solved.has_mask() & ~confirmed))
        for scoring in dict.fromkeys([config.saliency.scoring, *config.grid.scorings]):
            maps = shard_maps(shard, solved, scoring=scoring, **chosen)
            values = {} if lsc is None else {"lsc": lsc(maps.smug), "base_lsc": lsc(maps.smug_base)}
            if overlap is not None and scoring == config.saliency.scoring:
                values["overlap"] = overlap
            setting = {**problem_columns(method, solver["name"]), "scoring": scoring}
            rows += mask_rows(shard, solved, maps, setting, values, confirmed)
    label = dataset_label(vars(config.dataset), generated=shard.generated)
    common = {"run": config.workflow.run, "dataset": label}
    save_results(files.scores, as_table([common | row for row in rows]))
    return {"rows": len(rows), "dataset": label, "unconfirmed": unconfirmed}


if __name__ == "__main__":
    run(main)
