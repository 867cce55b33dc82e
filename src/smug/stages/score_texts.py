"""Compare every method on a shard of reviews with the human rationale and with the network."""

from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from smug.datasets.beer.reviews import Reviews
from smug.jobs.run import JobSettings, Summary, run
from smug.jobs.settings.comparisons import TextComparisonSettings
from smug.jobs.settings.datasets import DatasetSettings
from smug.jobs.settings.explanations import MethodSettings
from smug.jobs.settings.models import ModelSettings
from smug.jobs.settings.workflow import WorkflowSettings
from smug.pipeline.results import as_table, dataset_label, save_results
from smug.pipeline.shards import SolvedShard
from smug.reviews.explained import load_explained, smug_files
from smug.reviews.score_rows import score_rows


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    workflow: WorkflowSettings
    dataset: DatasetSettings
    model: ModelSettings
    method: MethodSettings
    comparison: TextComparisonSettings
    job: JobSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    data: Path
    attribution: Path
    masks: list[Path]
    smug_maps: list[Path]
    maps: list[Path]
    settings: list[Path]
    sets: Path
    model: Path
    scores: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write one result row per review, method and metric."""
    from smug.models.networks import text_cnn
    from smug.models.registry import load_model, network
    from smug.pipeline.confirm import Confirmer
    from smug.reviews.measures import measure_rows

    model, known = load_model(files.model), network(config.model.name)
    from_embeddings = text_cnn.on_embeddings(model)
    smug = smug_files(files.masks, files.smug_maps, config.comparison.gamma)
    texts = load_explained(
        reviews=Reviews.load(files.data).shard(config.job.shard, config.dataset.shard_size),
        attribution=files.attribution,
        smug=smug,
        maps=files.maps,
        settings=files.settings,
        sets=files.sets,
    )
    rows = score_rows(
        texts,
        lambda embedded: float(from_embeddings(embedded[np.newaxis], training=False)[0, 0]),
        thresholds=config.comparison.thresholds,
        share=config.comparison.share,
        replacement=config.method.replacement,
    )
    drawn = config.comparison.subsets, config.comparison.subset
    measures = measure_rows(texts, from_embeddings, *drawn, config.method.replacement)
    label = dataset_label(vars(config.dataset), generated=texts.reviews.generated)
    common = {"run": config.workflow.run, "dataset": label}
    table = as_table([{**common, **row} for row in chain(rows, measures)])
    confirmer, unconfirmed = Confirmer(known.view(model), known), 0
    gammas = (config.method.gamma, config.comparison.gamma)
    for (name, (masks, _)), gamma in zip(smug.items(), gammas, strict=True):
        solved, method = SolvedShard.load(masks), vars(config.method) | {"gamma": gamma}
        confirmed = confirmer.confirmed(texts.attributed, solved, method)
        own = table["method"].eq(name)
        by_review = dict(zip(solved.ids.tolist(), confirmed.tolist(), strict=True))
        table.loc[own, "confirmed"] = table.loc[own, "image"].map(by_review).astype("boolean")
        unconfirmed += int(np.count_nonzero(solved.has_mask() & ~confirmed))
    save_results(files.scores, table)
    unconfirmed += int((table["metric"].eq("confirmed") & table["value"].eq(0)).sum())
    return {
        "rows": len(table),
        "unconfirmed": unconfirmed,
        "generated": texts.reviews.generated,
        "aspect": texts.reviews.aspect,
    }


if __name__ == "__main__":
    run(main)
