"""Table 1: LSC, Win% and sparsity of every method on photographs."""

from smug.figures.image_lsc import CAPTION, image_lsc, printed
from smug.figures.style import save_table
from smug.job import run
from smug.results import load_results


def main(config, paths):
    """Write the table."""
    scores = load_results(*paths.all("scores"))
    table = image_lsc(scores)
    caption = CAPTION.format(n=scores["image"].nunique(), model=config.model.name)
    save_table(table, paths.csv, paths.tex, caption=caption, printed=printed(table))
    return {"images": int(scores["image"].nunique()), "rows": len(table)}


if __name__ == "__main__":
    run(main)
