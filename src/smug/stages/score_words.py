"""Measure every method on a shard of texts of the user's own, word by word."""

from dataclasses import dataclass
from pathlib import Path

from smug.datasets.texts import PreparedTexts
from smug.jobs.run import JobSettings, Summary, run
from smug.jobs.settings.comparisons import TextComparisonSettings
from smug.jobs.settings.explanations import MethodSettings
from smug.jobs.settings.own import OwnTextsModelSettings, OwnTextsSettings
from smug.jobs.settings.workflow import WorkflowSettings
from smug.pipeline.results import dataset_label, save_results
from smug.reviews.confidence import Confidence
from smug.reviews.explained import load_explained, smug_files


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    workflow: WorkflowSettings
    dataset: OwnTextsSettings
    model: OwnTextsModelSettings
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
    """Write one result row per text, method and metric."""
    from smug.models.first_layer import find_first_layer
    from smug.pipeline.confirm import Confirmer
    from smug.reviews.networks import ClassNetwork
    from smug.reviews.scored import scored_texts

    compared = config.comparison
    smug = smug_files(files.masks, files.smug_maps, compared.gamma)
    data = PreparedTexts.load(files.data).shard(config.job.shard, config.dataset.shard_size)
    texts = load_explained(
        reviews=data,
        attribution=files.attribution,
        smug=smug,
        maps=files.maps,
        settings=files.settings,
        sets=files.sets,
    )
    confirmer = Confirmer.load(files.model, config.model)
    x = confirmer.network.preprocess(data.inputs)
    asked = ClassNetwork(find_first_layer(confirmer.model), x, texts.attributed)
    confidence = Confidence(texts, asked.confidence, config.method.replacement)
    label = dataset_label(vars(config.dataset), generated=data.generated)
    table, unconfirmed = scored_texts(
        confidence,
        asked.falls,
        smug,
        confirmer,
        method=vars(config.method),
        comparison=vars(compared),
        common={"run": config.workflow.run, "dataset": label},
    )
    save_results(files.scores, table)
    return {"texts": len(data), "rows": len(table), "unconfirmed": unconfirmed, "dataset": label}


if __name__ == "__main__":
    run(main)
