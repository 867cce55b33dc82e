"""Explain a shard of inputs with one method that needs the model alone."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smug.datasets.load import load_shard
from smug.jobs.run import JobSettings, Summary, run
from smug.jobs.settings.datasets import DatasetSettings
from smug.jobs.settings.explainers import ExplainerSettings
from smug.jobs.settings.models import ModelSettings


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: DatasetSettings
    model: ModelSettings
    explainer: ExplainerSettings
    job: JobSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    data: Path
    model: Path
    maps: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the maps of the method."""
    from smug.models import rewire
    from smug.pipeline.explain import explain_shard, method_of
    from smug.pipeline.networks import explained_network

    data = load_shard(files.data, config.job.shard, config.dataset.shard_size)
    model, known = explained_network(files.model, config.model)
    x = known.preprocess(data.inputs)
    method, settings = method_of(vars(config.explainer), known.input_range)
    target = rewire.outputs_of(model, x).argmax(axis=1)
    shard = explain_shard(model, x, target, data.ids, method, settings)
    shard.save(files.maps)
    failed = int(np.count_nonzero(shard.message != ""))
    return {"inputs": len(data), "failed": failed}


if __name__ == "__main__":
    run(main)
