"""Table 1: LSC, Win% and sparsity of every method on photographs."""

from smug.drawing import save_table
from smug.figures.image_lsc import image_lsc, printed, table_caption
from smug.io import load_json
from smug.jobs.run import run
from smug.pipeline.results import load_results


def main(config, paths):
    """Write the table."""
    table = image_lsc(load_results(*paths.all("scores")))
    prepared = load_json(paths.prepared)["summary"]
    caption = table_caption(table, config.model.name, config.comparison.cells, prepared)
    save_table(table, paths.csv, paths.tex, caption=caption, printed=printed(table))
    return {"images": prepared["images"], "rows": len(table), "caption": caption}


if __name__ == "__main__":
    run(main)
