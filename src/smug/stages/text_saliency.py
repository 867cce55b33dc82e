"""Page of reviews highlighted by every method, and figure of the paper's methods on one."""

from dataclasses import dataclass
from pathlib import Path

from smug.datasets.beer.reviews import Reviews
from smug.drawing import save_figure
from smug.figures.text_html import render
from smug.figures.text_saliency import text_saliency
from smug.io import atomic
from smug.jobs.run import Summary, run
from smug.jobs.settings.comparisons import TextComparisonSettings
from smug.jobs.settings.datasets import BeerSettings
from smug.reviews.explained import (
    SMUG,
    SMUG_BASE,
    foreign_rationale,
    load_explained,
    smug_at,
    smug_files,
)
from smug.reviews.sufficient_words import SIS


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: BeerSettings
    comparison: TextComparisonSettings


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
    html: Path
    png: Path
    pdf: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the page with the first reviews, and the figure with the shortest of them."""
    data = config.dataset
    texts = load_explained(
        reviews=Reviews.load(files.data).shard(0, data.shard_size),
        attribution=files.attribution,
        smug=smug_files(files.masks, files.smug_maps, config.comparison.gamma),
        maps=files.maps,
        settings=files.settings,
        sets=files.sets,
    )
    rationale = foreign_rationale(data)
    shown = range(min(config.comparison.shown, len(texts)))
    reviews = [texts.highlighted(i, rationale=rationale) for i in shown]
    generated = texts.reviews.generated
    with atomic(files.html) as temporary:
        temporary.write_text(render(reviews, generated=generated), "utf-8")
    shortest = min(reviews, key=lambda review: len(review.words))
    methods = (SIS, SMUG, smug_at(config.comparison.gamma), SMUG_BASE, "IG")
    figure = text_saliency(shortest, generated=generated, methods=methods)
    save_figure(figure, files.png, files.pdf)
    return {"reviews": len(reviews), "generated": generated}


if __name__ == "__main__":
    run(main)
