"""Table of the trained networks."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from smug.drawing import save_table
from smug.io import load_json
from smug.jobs.run import Summary, run

CAPTION = (
    "Networks trained in this run, on all inputs of each split. The loss is the cross-entropy of "
    "classes and the mean squared error of review scores; the accuracy of scores is that at 0.5, "
    "the balanced one the mean of it among low and among high scores."
)


@dataclass(frozen=True)
class Sections:
    """The stage reads no section of the configuration."""


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    metrics: list[Path]
    csv: Path
    tex: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the table."""
    table = pd.DataFrame([load_json(path) for path in files.metrics])
    save_table(table, files.csv, files.tex, caption=CAPTION)
    return {"rows": len(table)}


if __name__ == "__main__":
    run(main)
