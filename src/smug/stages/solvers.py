"""Table of the solver comparison."""

from smug.drawing import save_table
from smug.figures.solvers import CAPTION, solvers_table
from smug.jobs.run import run
from smug.pipeline.results import load_results


def main(config, paths):
    """Write the table."""
    table = solvers_table(load_results(*paths.all("scores")))
    save_table(table, paths.csv, paths.tex, caption=CAPTION)
    return {"rows": len(table)}


if __name__ == "__main__":
    run(main)
