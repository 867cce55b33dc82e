"""Figure of SMUG's steps on a few images."""

from dataclasses import dataclass
from pathlib import Path

from smug.drawing import save_figure
from smug.figures.smug_steps import smug_steps
from smug.jobs.run import Summary, run
from smug.stages.families.photographs import FigureFiles, Sections, first_images


@dataclass(frozen=True)
class Files(FigureFiles):
    """Inputs and outputs by their names in the rule."""

    masks: list[Path]
    smug_maps: list[Path]


def main(config: Sections, files: Files) -> Summary:
    """Draw the figure from the first images."""
    images = first_images(config, files)
    save_figure(smug_steps(images), files.png, files.pdf)
    return {"images": len(images)}


if __name__ == "__main__":
    run(main)
