"""Table of window, node ranking and scoring, one changed at a time."""

from smug.drawing import save_table
from smug.figures.topk_gamma import ABLATIONS_CAPTION, ablations, sweep_table
from smug.jobs.run import run
from smug.pipeline.results import load_results
from smug.pipeline.sweeps import own_settings


def main(config, paths):
    """Write the table."""
    own = own_settings(paths.all("settings"))
    table = ablations(sweep_table(load_results(*paths.all("scores"))), own)
    save_table(table, paths.csv, paths.tex, caption=ABLATIONS_CAPTION)
    return {"settings": len(table)}


if __name__ == "__main__":
    run(main)
