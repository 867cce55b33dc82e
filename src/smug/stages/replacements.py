"""Figure of what a removed pixel becomes: masks, their size, overlap and LSC by replacement."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smug.drawing import save_figure
from smug.drawing.explained import as_picture
from smug.figures.replacements import ReplacedInput, replacements
from smug.io import load_json
from smug.jobs.run import Summary, run
from smug.masks.replacement import replacement_of
from smug.pipeline.results import load_results
from smug.pipeline.shards import AttributedShard, SolvedShard
from smug.pipeline.sweeps import own_settings


@dataclass(frozen=True)
class Sections:
    """The stage reads no section of the configuration."""


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    scores: list[Path]
    grids: list[Path]
    attribution: list[Path]
    masks: list[Path]
    settings: list[Path]
    png: Path
    pdf: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Draw the first images of each dataset under every replacement."""
    made = [load_json(path) for path in files.settings]
    solved = list(zip(made, map(SolvedShard.load, files.masks), strict=True))
    inputs = {}
    for path, grid in zip(files.attribution, map(load_json, files.grids), strict=True):
        shard = AttributedShard.load(path).first(grid["config"]["grid"]["shown"])
        # Ids do not tell datasets apart: two networks explain the same images.
        masks = {
            record["config"]["method"]["replacement"]: found.masks
            for record, found in solved
            if str(path) in record["files"]
        }
        inputs[grid["summary"]["dataset"]] = [
            _replaced(shard, i, {name: found[i] for name, found in masks.items()})
            for i in range(len(shard.ids))
        ]
    own = own_settings(files.grids)
    figure = replacements(load_results(*files.scores), own, inputs)
    save_figure(figure, files.png, files.pdf)
    return {"datasets": len(inputs), "inputs": sum(map(len, inputs.values()))}


def _replaced(shard: AttributedShard, i: int, masks: dict[str, np.ndarray]) -> ReplacedInput:
    """The network's input as a picture, and what the masks leave of it."""
    layer, x = shard.layer, shard.inputs[i]
    grid = x.reshape(*layer.spatial, -1)
    kept = {}
    for name, mask in masks.items():
        instead = replacement_of(layer, x, shard.padding[i], name)
        removed = np.zeros_like(grid) if instead is None else instead.reshape(grid.shape)
        kept[name] = np.where(mask[..., np.newaxis], grid, removed)
    # All on the scale of the whole input.
    shown = as_picture(np.concatenate([grid, *kept.values()]))
    pictures = np.split(np.clip(shown, 0, 1), 1 + len(kept))
    share = {name: float(mask.mean()) for name, mask in masks.items()}
    return ReplacedInput(pictures[0], dict(zip(kept, pictures[1:], strict=True)), share)


if __name__ == "__main__":
    run(main)
