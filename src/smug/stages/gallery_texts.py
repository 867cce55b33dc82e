"""Explained texts as plain data for the gallery page."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smug.datasets.beer.reviews import Reviews
from smug.datasets.load import load_prepared
from smug.figures.gallery.inputs import page_data, plain_review
from smug.io import save_json
from smug.jobs.run import Summary, run
from smug.jobs.settings.datasets import DatasetSettings
from smug.jobs.settings.workflow import GallerySettings
from smug.pipeline.results import dataset_label, load_results
from smug.reviews.explained import SMUG, ExplainedReviews, foreign_rationale, load_explained
from smug.stages.families.gallery import GalleryFiles


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: DatasetSettings
    gallery: GallerySettings


@dataclass(frozen=True)
class Files(GalleryFiles):
    """Inputs and outputs by their names in the rule."""

    sets: list[Path]


def main(config: Sections, files: Files) -> Summary:
    """Write the first texts with every method's scores, measures, files and records."""
    data, reviews = config.dataset, load_prepared(files.data)
    assert isinstance(reviews, Reviews)
    by_shard = files.by_shard(sets=files.sets)
    inputs: list[dict[str, Any]] = []
    for number in range(len(by_shard)):
        texts = _explained(files, number, reviews.shard(number, data.shard_size))
        scores = load_results(files.scores[number])
        for i, name in enumerate(texts.reviews.ids.tolist()):
            review = texts.highlighted(i, rationale=foreign_rationale(data))
            shown = plain_review(review, scores[scores["image"].eq(name)])
            inputs.append({**shown, "files": by_shard[number], "shard": number, "row": i})
    content = page_data(
        [*files.records, *files.settings],
        inputs[: config.gallery.inputs],
        kind="words",
        dataset=dataset_label(vars(data), generated=reviews.generated),
        generated=reviews.generated,
        explained=len(reviews),
        name_of=str,
    )
    save_json(files.inputs, content)
    return {"texts": len(content["inputs"])}


def _explained(files: Files, number: int, reviews: Reviews) -> ExplainedReviews:
    """Answers of all methods for one shard; every method lists its shards in order."""
    shards = len(files.attribution)
    return load_explained(
        reviews=reviews,
        attribution=files.attribution[number],
        smug={SMUG: (files.masks[number], files.smug_maps[number])},
        maps=files.maps[number::shards],
        settings=files.settings[number::shards],
        sets=files.sets[number],
    )


if __name__ == "__main__":
    run(main)
