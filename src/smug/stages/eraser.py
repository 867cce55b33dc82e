"""Archive of the reviews' rationales and every method's answers for ERASER's own scorer."""

from dataclasses import dataclass
from pathlib import Path

from smug.io import load_json
from smug.jobs.run import Summary, run
from smug.reviews.eraser import pack
from smug.stages.families.results import Sections


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    lines: list[Path]
    settings: list[Path]
    archive: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Pack the lines of all shards."""
    generated = any(load_json(path)["summary"]["generated"] for path in files.settings)
    return {
        "reviews": pack(files.lines, files.archive, generated=generated),
        "generated": generated,
    }


if __name__ == "__main__":
    run(main)
