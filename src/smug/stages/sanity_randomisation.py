"""Figure of maps after layers were initialised anew."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smug.drawing import save_figure
from smug.figures.sanity import RANDOMISATION_CAPTION, sanity_randomisation
from smug.io import load_arrays, load_json
from smug.jobs.run import Summary, run
from smug.pipeline.results import load_results


@dataclass(frozen=True)
class Sections:
    """The stage reads no section of the configuration."""


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    scores: list[Path]
    maps: list[Path]
    settings: list[Path]
    png: Path
    pdf: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Draw the figure; example maps are those of each network's first shard."""
    examples: dict[str, dict[str, np.ndarray]] = {}
    for maps, record in zip(files.maps, files.settings, strict=True):
        made = load_json(record)
        title = f"{made['summary']['dataset']}, {made['config']['model']['name']}"
        examples.setdefault(title, load_arrays(maps))
    scores = load_results(*files.scores)
    save_figure(sanity_randomisation(scores, examples), files.png, files.pdf)
    return {"caption": RANDOMISATION_CAPTION}


if __name__ == "__main__":
    run(main)
