"""Measure every saliency method on a shard of images."""

from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from smug.datasets.prepared import PreparedImages
from smug.jobs.run import JobSettings, Summary, run
from smug.jobs.settings.comparisons import ImageComparisonSettings
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
    comparison: ImageComparisonSettings
    job: JobSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    data: Path
    attribution: Path
    masks: Path
    smug_maps: Path
    maps: list[Path]
    settings: list[Path]
    model: Path
    scores: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write one result row per image, method and metric."""
    from smug.metrics.field import Removals, score_field
    from smug.metrics.images import ScoredImages, score_methods
    from smug.pipeline.confirm import Confirmer
    from smug.pipeline.scored import maps_by_method, result_rows

    shard, solved = AttributedShard.load(files.attribution), SolvedShard.load(files.masks)
    methods = maps_by_method(shard, solved, files.smug_maps, files.maps, files.settings)
    data = PreparedImages.load_shard(files.data, config.job.shard, config.dataset.shard_size)
    confirmer = Confirmer.load(files.model, config.model)
    images = ScoredImages(
        confirmer.model,
        confirmer.network.preprocess,
        data.images,
        shard.target,
        data.boxes,
    )
    comparison = config.comparison
    measured = score_methods(
        images,
        methods,
        cells=comparison.cells,
        thresholds=comparison.thresholds,
        curve_steps=comparison.curve_steps,
        replacement=config.method.replacement,
    )
    removals = Removals(
        comparison.measured,
        comparison.subsets,
        comparison.subset,
        comparison.patch,
        tuple(comparison.road_shares),
        config.method.replacement,
    )
    label = dataset_label(vars(config.dataset), generated=shard.generated)
    common = {"run": config.workflow.run, "dataset": label}
    confirmed = confirmer.confirmed(shard, solved, vars(config.method))
    rows = result_rows(
        chain(measured, score_field(images, methods, removals)), solved, confirmed, common
    )
    save_results(files.scores, as_table(rows))
    unconfirmed = int(np.count_nonzero(solved.has_mask() & ~confirmed))
    return {"images": len(data), "rows": len(rows), "unconfirmed": unconfirmed}


if __name__ == "__main__":
    run(main)
