"""Attribute the class probability to the first layer's nodes, once per input."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smug.datasets.load import load_shard
from smug.jobs.run import JobSettings, Summary, run
from smug.jobs.settings.datasets import DatasetSettings
from smug.jobs.settings.explanations import AttributionSettings
from smug.jobs.settings.models import ModelSettings


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: DatasetSettings
    model: ModelSettings
    attribution: AttributionSettings
    job: JobSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    data: Path
    model: Path
    arrays: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write a shard of inputs with their first-layer attributions."""
    from smug.pipeline.attribute import attribute_shard
    from smug.pipeline.networks import explained_network

    data = load_shard(files.data, config.job.shard, config.dataset.shard_size)
    model, known = explained_network(files.model, config.model)
    shard, most_steps = attribute_shard(model, data, known, config.attribution)
    shard.save(files.arrays)
    errors = shard.completeness_error[np.isfinite(shard.completeness_error)]
    return {
        "inputs": len(data),
        "failed": len(data) - len(errors),
        "correct": int((shard.target == data.labels).sum()),
        "most_steps": most_steps,
        "largest_completeness_error": float(np.abs(errors).max(initial=0.0)),
    }


if __name__ == "__main__":
    run(main)
