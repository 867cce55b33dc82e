"""Bring trained weights into a Keras model, batch normalisation folded."""

from dataclasses import dataclass
from pathlib import Path

from smug.io import atomic
from smug.jobs.run import Summary, run
from smug.jobs.settings.models import ImportedModelSettings


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    model: ImportedModelSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    model: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the network as one ``.keras`` file."""
    from smug.models.fold import fold_batch_norm
    from smug.models.imports import import_model

    model = fold_batch_norm(import_model(config.model.name, config.model.weights))
    with atomic(files.model) as temporary:
        model.save(temporary)
    return {"parameters": model.count_params()}


if __name__ == "__main__":
    run(main)
