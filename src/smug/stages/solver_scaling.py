"""Figure of the solver comparison."""

from smug.figures.solvers import solver_scaling
from smug.figures.style import save_figure
from smug.job import run
from smug.results import load_results


def main(config, paths):
    """Draw the figure."""
    save_figure(solver_scaling(load_results(*paths.all("scores"))), paths.png, paths.pdf)


if __name__ == "__main__":
    run(main)
