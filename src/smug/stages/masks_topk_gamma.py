"""Figure of masks and maps of the first inputs over top_k and gamma."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smug.datasets.beer.reviews import ASPECTS, Reviews
from smug.datasets.load import load_shard
from smug.drawing import save_figure
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
    if isinstance(data, Reviews):
        answers = {
            f"top {k}, gamma {gamma:g}": Answer(maps[k, gamma][0], masks[k, gamma][0])
            for k, gamma in sorted(masks)
        }
        prediction = shard.probability[0, 1]
        review = highlight(data, 0, answers, prediction=prediction, aspect=ASPECTS[data.aspect])
        figure = text_saliency(review, generated=data.generated)
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
