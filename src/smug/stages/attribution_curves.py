"""Table of insertion, deletion and information curves of every method."""

from smug.drawing import save_table
from smug.figures.attribution_curves import CAPTION, attribution_curves, printed
from smug.jobs.run import run
from smug.pipeline.results import load_results


def main(config, paths):
    """Write the table."""
    table = attribution_curves(load_results(*paths.all("scores")))
    save_table(table, paths.csv, paths.tex, caption=CAPTION, printed=printed(table))
    return {"rows": len(table), "caption": CAPTION}


if __name__ == "__main__":
    run(main)
