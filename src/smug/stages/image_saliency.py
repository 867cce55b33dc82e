"""Figure of photographs and the saliency maps of every method."""

from dataclasses import dataclass
from pathlib import Path

from smug.drawing import save_figure
from smug.figures.image_saliency import image_saliency
from smug.jobs.run import Summary, run
from smug.stages.families.photographs import FigureFiles, Sections, first_images


@dataclass(frozen=True)
class Files(FigureFiles):
    """Inputs and outputs by their names in the rule."""

    masks: list[Path]
    smug_maps: list[Path]
    maps: list[Path]
    settings: list[Path]
    scores: list[Path]


def main(config: Sections, files: Files) -> Summary:
    """Draw the figure from the first images."""
    images = first_images(config, files)
    save_figure(
        image_saliency(images, ["smug", "smug_base", *config.comparison.explainers]),
        files.png,
        files.pdf,
    )
    return {"images": len(images)}


if __name__ == "__main__":
    run(main)
