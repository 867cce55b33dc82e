"""Table of the minimal masks of digits."""

from smug.drawing import save_table
from smug.figures.mnist_masks import CAPTION, mnist_masks
from smug.jobs.run import Summary, run
from smug.pipeline.results import load_results
from smug.stages.families.results import Sections
from smug.stages.families.results import TableFiles as Files


def main(config: Sections, files: Files) -> Summary:
    """Write the table."""
    table = mnist_masks(load_results(*files.scores))
    save_table(table, files.csv, files.tex, caption=CAPTION)
    return {"rows": len(table)}


if __name__ == "__main__":
    run(main)
