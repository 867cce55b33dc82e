"""Table 1 and its figure: LSC, Win% and sparsity of every method on photographs."""

from dataclasses import dataclass
from pathlib import Path

from smug.drawing import save_figure, save_table
from smug.figures.image_lsc import image_lsc_of_networks, printed
from smug.figures.table_one import table_one
from smug.io import load_json
from smug.jobs.run import Summary, run
from smug.jobs.settings.comparisons import ImageComparisonSettings
from smug.pipeline.results import load_results


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    comparison: ImageComparisonSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    prepared: list[Path]
    scores: list[Path]
    png: Path
    pdf: Path
    csv: Path
    tex: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the table and the figure."""
    prepared = [load_json(path) for path in files.prepared]
    scores = load_results(*files.scores)
    table, caption = image_lsc_of_networks(scores, prepared, config.comparison.cells)
    save_table(table, files.csv, files.tex, caption=caption, printed=printed(table))
    save_figure(table_one(table), files.png, files.pdf)
    return {
        "images": sum(one["summary"]["images"] for one in prepared),
        "rows": len(table),
        "caption": caption,
    }


if __name__ == "__main__":
    run(main)
