"""Show the network what each mask keeps, and measure every mask."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smug.io import load_json
from smug.jobs.run import Summary, run
from smug.jobs.settings.datasets import DatasetSettings
from smug.jobs.settings.models import ModelSettings
from smug.jobs.settings.workflow import WorkflowSettings
from smug.pipeline.results import as_table, dataset_label, problem_columns, save_results
from smug.pipeline.shards import AttributedShard, SolvedShard


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    workflow: WorkflowSettings
    dataset: DatasetSettings
    model: ModelSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    attribution: list[Path]
    masks: list[Path]
    settings: list[Path]
    model: Path
    scores: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write one result row per input, setting and metric."""
    from smug.masks.replacement import replaced_images
    from smug.models import rewire
    from smug.pipeline.confirm import Confirmer

    confirmer = Confirmer.load(files.model, config.model)
    shards = [AttributedShard.load(path) for path in files.attribution]
    inputs = {name: (shard, i) for shard in shards for i, name in enumerate(shard.ids.tolist())}
    rows, unconfirmed = [], 0
    for masks, record in zip(files.masks, files.settings, strict=True):
        settings = load_json(record)["config"]
        solved = SolvedShard.load(masks)
        shard, _ = inputs[solved.ids[0]]
        images = confirmer.network.preprocess(shard.images)
        kept = solved.masks.reshape(solved.masks.shape + (1,) * (images.ndim - solved.masks.ndim))
        removed = replaced_images(images, settings["method"]["replacement"])
        shown = np.where(kept, images, removed)
        probability = rewire.outputs_of(confirmer.model, shown)
        confirmed = confirmer.confirmed(shard, solved, settings["method"])
        unconfirmed += int(np.count_nonzero(solved.has_mask() & ~confirmed))
        common = {
            "run": config.workflow.run,
            "dataset": dataset_label(vars(config.dataset), generated=shard.generated),
            "method": "smug",
            **problem_columns(settings["method"], settings["solver"]["name"]),
        }
        for i, name in enumerate(solved.ids.tolist()):
            target = shard.target[i]
            values = {
                "mask_size": solved.objective[i],
                "sparsity": solved.masks[i].mean() if solved.has_mask()[i] else np.nan,
                "target": target,
                "full_confidence": shard.probability[i, target],
                "masked_class": probability[i].argmax(),
                "masked_confidence": probability[i].max(),
            }
            common |= {"image": name, **solved.solver_columns(i), "confirmed": confirmed[i]}
            rows += [{**common, "metric": key, "value": value} for key, value in values.items()]
    save_results(files.scores, as_table(rows))
    return {"rows": len(rows), "unconfirmed": unconfirmed}


if __name__ == "__main__":
    run(main)
