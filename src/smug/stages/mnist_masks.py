"""Table of the minimal masks of digits."""

from smug.drawing import save_table
from smug.figures.mnist_masks import CAPTION, mnist_masks
from smug.jobs.run import run
from smug.pipeline.results import load_results


def main(config, paths):
    """Write the table."""
    table = mnist_masks(load_results(*paths.all("scores")))
    save_table(table, paths.csv, paths.tex, caption=CAPTION)
    return {"rows": len(table)}


if __name__ == "__main__":
    run(main)
