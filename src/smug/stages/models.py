"""Table of the trained networks."""

import pandas as pd

from smug.drawing import save_table
from smug.io import load_json
from smug.jobs.run import run

CAPTION = (
    "Networks trained in this run, on all inputs of each split. The loss is the cross-entropy of "
    "classes and the mean squared error of review scores; the accuracy of scores is that at 0.5."
)


def main(config, paths):
    """Write the table."""
    table = pd.DataFrame([load_json(path) for path in paths.all("metrics")])
    save_table(table, paths.csv, paths.tex, caption=CAPTION)
    return {"rows": len(table)}


if __name__ == "__main__":
    run(main)
