"""Figure and table of the top_k x gamma sweep."""

from smug.drawing import save_figure, save_table
from smug.figures.topk_gamma import CAPTION, on_grid, sweep_table, topk_gamma
from smug.jobs.run import run
from smug.pipeline.results import load_results
from smug.pipeline.sweeps import own_settings


def main(config, paths):
    """Draw the heat maps, write the table."""
    own = own_settings(paths.all("settings"))
    table = on_grid(sweep_table(load_results(*paths.all("scores"))), own)
    save_figure(topk_gamma(table), paths.png, paths.pdf)
    save_table(table, paths.csv, paths.tex, caption=CAPTION)
    return {"settings": len(table)}


if __name__ == "__main__":
    run(main)
