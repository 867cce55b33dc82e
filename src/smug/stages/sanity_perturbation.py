"""Figure of maps under weight noise that keeps the prediction."""

from dataclasses import dataclass
from pathlib import Path

from smug.drawing import save_figure
from smug.figures.sanity import PERTURBATION_CAPTION, sanity_perturbation
from smug.jobs.run import Summary, run
from smug.pipeline.results import load_results


@dataclass(frozen=True)
class Sections:
    """The stage reads no section of the configuration."""


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    scores: list[Path]
    png: Path
    pdf: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Draw the figure."""
    save_figure(sanity_perturbation(load_results(*files.scores)), files.png, files.pdf)
    return {"caption": PERTURBATION_CAPTION}


if __name__ == "__main__":
    run(main)
