"""Figure of the solver comparison."""

from smug.drawing import save_figure
from smug.figures.solvers import solver_scaling
from smug.jobs.run import Summary, run
from smug.pipeline.results import load_results
from smug.stages.families.results import FigureFiles as Files
from smug.stages.families.results import Sections


def main(config: Sections, files: Files) -> Summary:
    """Draw the figure."""
    scores = load_results(*files.scores)
    save_figure(solver_scaling(scores), files.png, files.pdf)
    return {"rows": len(scores)}


if __name__ == "__main__":
    run(main)
