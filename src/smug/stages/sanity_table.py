"""Table of the sanity checks."""

from smug.drawing import save_table
from smug.figures.sanity import CAPTION, printed, sanity_table
from smug.jobs.run import run
from smug.pipeline.results import load_results


def main(config, paths):
    """Write the table."""
    table = sanity_table(load_results(*paths.all("scores")))
    save_table(table, paths.csv, paths.tex, caption=CAPTION, printed=printed(table))
    return {"rows": len(table), "caption": CAPTION}


if __name__ == "__main__":
    run(main)
