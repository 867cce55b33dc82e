"""Stages that hold every method against the field's measures: a table, and a map of its ranks."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from smug.drawing import save_figure, save_table
from smug.figures.measures import CAPTION, FIGURE_CAPTION, measured, printed, rank_map
from smug.io import load_json
from smug.jobs.run import Summary
from smug.pipeline.results import load_results


@dataclass(frozen=True)
class Sections:
    """The stages read no section of the configuration."""


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule; the records say the network of each scores."""

    scores: list[Path]
    settings: list[Path]
    csv: Path
    tex: Path
    png: Path
    pdf: Path
    record: Path


def tabulate_and_draw(files: Files) -> Summary:
    """Write table and figure of the result rows of any datasets."""
    tables = [
        load_results(path).assign(network=load_json(record)["config"]["model"]["name"])
        for path, record in zip(files.scores, files.settings, strict=True)
    ]
    table = measured(pd.concat(tables, ignore_index=True))
    save_table(table, files.csv, files.tex, caption=CAPTION, printed=printed(table))
    save_figure(rank_map(table), files.png, files.pdf)
    return {"rows": len(table), "caption": FIGURE_CAPTION}
