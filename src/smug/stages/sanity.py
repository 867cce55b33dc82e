"""Table of the sanity checks."""

from dataclasses import dataclass
from pathlib import Path

from smug.drawing import save_table
from smug.figures.sanity import CAPTION, printed, sanity_table
from smug.jobs.run import Summary, run
from smug.pipeline.results import load_results


@dataclass(frozen=True)
class Sections:
    """The stage reads no section of the configuration."""


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    scores: list[Path]
    csv: Path
    tex: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the table."""
    table = sanity_table(load_results(*files.scores))
    save_table(table, files.csv, files.tex, caption=CAPTION, printed=printed(table))
    return {"rows": len(table), "caption": CAPTION}


if __name__ == "__main__":
    run(main)
