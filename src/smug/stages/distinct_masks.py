"""Figure and table: how much distinct smallest masks of one input overlap."""

from dataclasses import dataclass
from pathlib import Path

from smug.datasets.beer.reviews import Reviews
from smug.datasets.load import load_shard
from smug.datasets.rows import PreparedRows
from smug.drawing import save_figure, save_table
from smug.figures.distinct_masks import CAPTION, distinct_masks, distinct_masks_table
from smug.figures.rows import answered, answered_rows
from smug.figures.text_saliency import text_saliency
from smug.jobs.run import Summary, run
from smug.jobs.settings.datasets import DatasetSettings
from smug.jobs.settings.explanations import MethodSettings, SolverSettings
from smug.jobs.settings.workflow import GridSettings
from smug.pipeline.results import dataset_label
from smug.pipeline.shards import AttributedShard
from smug.pipeline.solve_masks import several_masks
from smug.reviews.highlighted import Answer, highlight


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: DatasetSettings
    method: MethodSettings
    solver: SolverSettings
    grid: GridSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    data: Path
    attribution: Path
    png: Path
    pdf: Path
    csv: Path
    tex: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Look for several smallest masks of each input; draw those of the images, or of one review."""
    data = load_shard(files.data, 0, config.grid.inputs)
    shard = AttributedShard.load(files.attribution).first(config.grid.inputs)
    masks, solutions = several_masks(shard, config.method, config.solver, config.grid.solutions)
    if isinstance(data, Reviews):
        # A review that has one mask only would show no difference.
        most = max(range(len(masks)), key=lambda i: len(masks[i]))
        answers = {
            f"mask {n}": Answer(mask.astype(float), mask) for n, mask in enumerate(masks[most], 1)
        }
        subject, value = data.explained_as(shard.probability[most], shard.target[most])
        review = highlight(data, most, answers, prediction=value, aspect=subject)
        figure = text_saliency(review, generated=data.generated)
    elif isinstance(data, PreparedRows):
        figure = answered_rows(
            [
                answered(data, i, {f"mask {n}": (m, m) for n, m in enumerate(found, 1)})
                for i, found in enumerate(masks)
                if len(found)
            ]
        )
    else:
        figure = distinct_masks(data.images, masks)
    save_figure(figure, files.png, files.pdf)
    label = dataset_label(vars(config.dataset), generated=shard.generated)
    table = distinct_masks_table(shard, masks, solutions)
    table.insert(0, "dataset", label)
    save_table(table, files.csv, files.tex, caption=CAPTION)
    return {"inputs": len(masks), "masks": sum(map(len, masks))}


if __name__ == "__main__":
    run(main)
