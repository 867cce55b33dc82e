"""Stages that read the user's own inputs and choose those that are explained."""

from dataclasses import dataclass
from pathlib import Path

from smug.datasets.own.rows import ReadRows
from smug.jobs.run import Summary
from smug.jobs.settings.datasets import DatasetSettings
from smug.jobs.settings.own import OwnModelSettings, OwnRowsModelSettings, OwnSettings


@dataclass(frozen=True)
class NetworkSections:
    """Sections of the configuration that a stage reads which brings a network into the run."""

    dataset: DatasetSettings
    model: OwnModelSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    root: Path
    model: Path
    data: Path
    record: Path


def write_rows(
    rows: ReadRows, dataset: OwnSettings, network: OwnRowsModelSettings, files: Files
) -> Summary:
    """Write the chosen rows of a table or series, their classes and their names."""
    from smug.models import rewire
    from smug.pipeline.networks import explained_network
    from smug.pipeline.own import prepare_rows

    model, known = explained_network(files.model, network)
    prepared, counts = prepare_rows(
        rows,
        dataset,
        shape=tuple(model.inputs[0].shape[1:]),
        outputs=model.outputs[0].shape[-1],
        predict=lambda x: rewire.outputs_of(model, known.preprocess(x)).argmax(axis=1),
        standard=network.preprocessing == "standard",
    )
    prepared.save(files.data)
    return {"inputs": len(prepared), "features": prepared.features.tolist(), **counts}
