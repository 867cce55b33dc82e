"""Figure of out-of-distribution masks of digits."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smug.drawing import save_figure
from smug.figures.mnist_masks import per_digit
from smug.figures.mnist_ood import ExplainedDigit, mnist_ood
from smug.io import load_arrays
from smug.jobs.run import Summary, run
from smug.jobs.settings.explanations import MethodSettings
from smug.jobs.settings.workflow import MaskSweepSettings
from smug.masks.replacement import replaced_images
from smug.pipeline.results import load_results
from smug.pipeline.shards import AttributedShard, SolvedShard


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    method: MethodSettings
    sweep: MaskSweepSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    attribution: Path
    network_masks: Path
    smug_masks: Path
    maps: Path
    scores: Path
    png: Path
    pdf: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Draw the figure from the first shard."""
    shard = AttributedShard.load(files.attribution)
    network, first_layer = (
        SolvedShard.load(path) for path in (files.network_masks, files.smug_masks)
    )
    maps = load_arrays(files.maps)["smug"]
    scores = per_digit(load_results(files.scores))
    chosen = scores[
        scores["encoding"].eq("network")
        & scores["window"].eq(config.sweep.figure_window)
        & scores["solver"].eq(config.sweep.network_solvers[0])
    ].set_index("image")
    removed = replaced_images(shard.images.astype(np.float32), config.method.replacement)
    digits = []
    for i, name in enumerate(shard.ids.tolist()):
        if not (network.has_mask()[i] and first_layer.has_mask()[i]):
            print(f"{name}: left out, no mask ({network.status[i]}, {first_layer.status[i]})")
            continue
        score = chosen.loc[name]
        digits.append(
            ExplainedDigit(
                image=shard.images[i],
                target=int(shard.target[i]),
                confidence=float(score["full_confidence"]),
                network_mask=network.masks[i],
                masked_image=np.where(network.masks[i], shard.images[i], removed[i]),
                masked_class=int(score["masked_class"]),
                masked_confidence=float(score["masked_confidence"]),
                smug_mask=first_layer.masks[i],
                saliency=maps[i],
            )
        )
    save_figure(mnist_ood(digits), files.png, files.pdf)
    return {"digits": len(digits)}


if __name__ == "__main__":
    run(main)
