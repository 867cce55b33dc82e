"""Table 1: LSC, Win% and sparsity of every method on photographs."""

from dataclasses import dataclass
from pathlib import Path

from smug.drawing import save_table
from smug.figures.image_lsc import image_lsc, printed, table_caption
from smug.io import load_json
from smug.jobs.run import Summary, run
from smug.jobs.settings.comparisons import ImageComparisonSettings
from smug.jobs.settings.models import ModelSettings
from smug.pipeline.results import load_results


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    model: ModelSettings
    comparison: ImageComparisonSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    prepared: Path
    scores: list[Path]
    csv: Path
    tex: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the table."""
    table = image_lsc(load_results(*files.scores))
    prepared = load_json(files.prepared)["summary"]
    caption = table_caption(table, config.model.name, config.comparison.cells, prepared)
    save_table(table, files.csv, files.tex, caption=caption, printed=printed(table))
    return {"images": prepared["images"], "rows": len(table), "caption": caption}


if __name__ == "__main__":
    run(main)
