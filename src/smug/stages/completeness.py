"""Table of the attributions' completeness errors."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smug.drawing import save_table
from smug.figures.completeness import CAPTION, completeness
from smug.io import load_json
from smug.jobs.run import Summary, run
from smug.pipeline.results import dataset_label
from smug.pipeline.shards import AttributedShard


@dataclass(frozen=True)
class Sections:
    """The stage reads no section of the configuration."""


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    arrays: list[Path]
    settings: list[Path]
    csv: Path
    tex: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the table."""
    errors: dict[str, np.ndarray] = {}
    steps: dict[str, int] = {}
    for arrays, record in zip(files.arrays, files.settings, strict=True):
        settings = load_json(record)["config"]
        shard = AttributedShard.load(arrays)
        dataset = dataset_label(settings["dataset"], generated=shard.generated)
        error = shard.completeness_error
        errors[dataset] = np.concatenate([errors.get(dataset, error[:0]), error])
        steps[dataset] = settings["attribution"]["steps"]
    table = completeness(errors, steps)
    save_table(table, files.csv, files.tex, caption=CAPTION, digits=5)
    return {"rows": len(table)}


if __name__ == "__main__":
    run(main)
