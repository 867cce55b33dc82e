"""Figure of the boxes that SMUG and OptBox choose."""

from dataclasses import dataclass
from pathlib import Path

from smug.drawing import save_figure
from smug.figures.optbox import optbox
from smug.jobs.run import Summary, run
from smug.jobs.settings.comparisons import ComparisonSettings
from smug.jobs.settings.datasets import DatasetSettings
from smug.pipeline.explained_images import collect_images


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: DatasetSettings
    comparison: ComparisonSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    data: Path
    attribution: list[Path]
    masks: list[Path]
    smug_maps: list[Path]
    scores: list[Path]
    png: Path
    pdf: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Draw the figure from the first images."""
    images = collect_images(
        data=files.data,
        attribution=files.attribution,
        masks=files.masks,
        smug_maps=files.smug_maps,
        scores=files.scores,
        shard_size=config.dataset.shard_size,
        shown=config.comparison.shown,
    )
    save_figure(optbox(images), files.png, files.pdf)
    return {"images": len(images)}


if __name__ == "__main__":
    run(main)
