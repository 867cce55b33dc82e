"""Table of window, replacement, node ranking and scoring, one changed at a time."""

from dataclasses import dataclass
from pathlib import Path

from smug.drawing import save_table
from smug.figures.topk_gamma import ABLATIONS_CAPTION, ablations, sweep_table
from smug.jobs.run import Summary, run
from smug.pipeline.results import load_results
from smug.pipeline.sweeps import own_settings
from smug.stages.families.results import Sections, TableFiles


@dataclass(frozen=True)
class Files(TableFiles):
    """Inputs and outputs by their names in the rule."""

    settings: list[Path]


def main(config: Sections, files: Files) -> Summary:
    """Write the table."""
    own = own_settings(files.settings)
    table = ablations(sweep_table(load_results(*files.scores)), own)
    save_table(table, files.csv, files.tex, caption=ABLATIONS_CAPTION)
    return {"settings": len(table)}


if __name__ == "__main__":
    run(main)
