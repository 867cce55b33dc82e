"""Compare every method on a shard of reviews with the human rationale and with the network."""

from dataclasses import dataclass
from pathlib import Path

from smug.datasets.beer.reviews import Reviews
from smug.jobs.run import JobSettings, Summary, run
from smug.jobs.settings.comparisons import TextComparisonSettings
from smug.jobs.settings.datasets import DatasetSettings
from smug.jobs.settings.explanations import MethodSettings
from smug.jobs.settings.models import ModelSettings
from smug.jobs.settings.workflow import WorkflowSettings
from smug.pipeline.results import dataset_label, save_results
from smug.reviews import eraser
from smug.reviews.confidence import Confidence
from smug.reviews.explained import load_explained, smug_files


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
    eraser: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write one result row per review, method and metric."""
    from smug.models.networks import text_cnn
    from smug.models.registry import load_model, network
    from smug.pipeline.confirm import Confirmer
    from smug.reviews.networks import ScoreNetwork
    from smug.reviews.scored import scored_texts

    model, known = load_model(files.model), network(config.model.name)
    compared = config.comparison
    smug = smug_files(files.masks, files.smug_maps, compared.gamma)
    texts = load_explained(
        reviews=Reviews.load(files.data).shard(config.job.shard, config.dataset.shard_size),
        attribution=files.attribution,
        smug=smug,
        maps=files.maps,
        settings=files.settings,
        sets=files.sets,
    )
    asked = ScoreNetwork(text_cnn.on_embeddings(model), texts.attributed)
    confidence = Confidence(texts, asked.confidence, config.method.replacement)
    label = dataset_label(vars(config.dataset), generated=texts.reviews.generated)
    table, unconfirmed = scored_texts(
        confidence,
        asked.falls,
        smug,
        Confirmer(known.view(model), known),
        method=vars(config.method),
        comparison=vars(compared),
        common={"run": config.workflow.run, "dataset": label},
    )
    save_results(files.scores, table)
    eraser.save_lines(files.eraser, confidence, compared.share)
    unconfirmed += int((table["metric"].eq("confirmed") & table["value"].eq(0)).sum())
    of_reviews = {"generated": texts.reviews.generated, "aspect": texts.reviews.aspect}
    return {"rows": len(table), "unconfirmed": unconfirmed, **of_reviews}


if __name__ == "__main__":
    run(main)
