"""Figure and table of the top_k x gamma sweep."""

from dataclasses import dataclass
from pathlib import Path

from smug.drawing import save_figure, save_table
from smug.figures.topk_gamma import CAPTION, on_grid, sweep_table, topk_gamma
from smug.jobs.run import Summary, run
from smug.pipeline.results import load_results
from smug.pipeline.sweeps import own_settings


@dataclass(frozen=True)
class Sections:
    """The stage reads no section of the configuration."""


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    scores: list[Path]
    settings: list[Path]
    png: Path
    pdf: Path
    csv: Path
    tex: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Draw the heat maps, write the table."""
    own = own_settings(files.settings)
    table = on_grid(sweep_table(load_results(*files.scores)), own)
    save_figure(topk_gamma(table), files.png, files.pdf)
    save_table(table, files.csv, files.tex, caption=CAPTION)
    return {"settings": len(table)}


if __name__ == "__main__":
    run(main)
