"""Figure of the solver comparison."""

from dataclasses import dataclass
from pathlib import Path

from smug.drawing import save_figure
from smug.figures.solvers import solver_scaling
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
    scores = load_results(*files.scores)
    save_figure(solver_scaling(scores), files.png, files.pdf)
    return {"rows": len(scores)}


if __name__ == "__main__":
    run(main)
