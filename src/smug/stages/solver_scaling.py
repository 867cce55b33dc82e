"""Figure of the solver comparison."""

from smug.drawing import save_figure
from smug.figures.solvers import solver_scaling
from smug.jobs.run import run
from smug.pipeline.results import load_results


def main(config, paths):
    """Draw the figure."""
    save_figure(solver_scaling(load_results(*paths.all("scores"))), paths.png, paths.pdf)


if __name__ == "__main__":
    run(main)
