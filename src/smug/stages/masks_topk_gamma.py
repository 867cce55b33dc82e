"""Figure of masks and maps of the first inputs over top_k and gamma."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smug.datasets.beer.reviews import Reviews
from smug.datasets.load import load_shard
from smug.datasets.rows import PreparedRows
from smug.drawing import save_figure
from smug.figures.rows import answered, answered_rows
from smug.figures.text_saliency import text_saliency
from smug.figures.topk_gamma import SweptInput, masks_topk_gamma
from smug.io import load_json
from smug.jobs.run import Summary, run
from smug.jobs.settings.explanations import SaliencySettings
from smug.jobs.settings.workflow import GridSettings
from smug.pipeline.saliency import shard_maps
from smug.pipeline.shards import AttributedShard, SolvedShard
from smug.reviews.highlighted import Answer, highlight


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    saliency: SaliencySettings
    grid: GridSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    data: Path
    attribution: Path
    masks: list[Path]
    settings: list[Path]
    png: Path
    pdf: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Draw the first images, or the first review."""
    data = load_shard(files.data, 0, config.grid.shown)
    shard = AttributedShard.load(files.attribution).first(config.grid.shown)
    masks, maps = _of_settings(config, files, shard)
    settings = {f"top {k}, gamma {gamma:g}": (k, gamma) for k, gamma in sorted(masks)}
    if isinstance(data, Reviews):
        answers = {name: Answer(maps[key][0], masks[key][0]) for name, key in settings.items()}
        subject, value = data.explained_as(shard.probability[0], shard.target[0])
        review = highlight(data, 0, answers, prediction=value, aspect=subject)
        figure = text_saliency(review, generated=data.generated)
    elif isinstance(data, PreparedRows):
        figure = answered_rows(
            [
                answered(data, i, {n: (maps[key][i], masks[key][i]) for n, key in settings.items()})
                for i in range(len(data))
            ]
        )
    else:
        figure = masks_topk_gamma(
            [
                SweptInput(
                    data.images[i], *({k: v[i] for k, v in of.items()} for of in (masks, maps))
                )
                for i in range(len(data))
            ]
        )
    save_figure(figure, files.png, files.pdf)
    return {"settings": len(masks), "inputs": len(data)}


def _of_settings(
    config: Sections, files: Files, shard: AttributedShard
) -> tuple[dict[tuple[int, float], np.ndarray], dict[tuple[int, float], np.ndarray]]:
    """Masks and SMUG maps of the inputs, by (top_k, gamma)."""
    masks, maps = {}, {}
    for path, record in zip(files.masks, files.settings, strict=True):
        settings = load_json(record)["config"]
        method, solved = settings["method"], SolvedShard.load(path).first(len(shard.ids))
        made = shard_maps(
            shard,
            solved,
            window=method["window"],
            scoring=config.saliency.scoring,
            ranking=method["ranking"],
            seed=settings["solver"]["seed"],
        )
        masks[method["top_k"], method["gamma"]] = solved.masks
        maps[method["top_k"], method["gamma"]] = made.smug
    return masks, maps


if __name__ == "__main__":
    run(main)
