"""Bring a network of the user's own into the run, with an output a class."""

from dataclasses import dataclass, field
from pathlib import Path

from smug.errors import SmugError
from smug.io import atomic
from smug.jobs.run import Summary, run
from smug.stages.families.own import NetworkSections as Sections


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule; a function of the user's own is no file."""

    model: Path
    record: Path
    source: list[Path] = field(default_factory=list)


def main(config: Sections, files: Files) -> Summary:
    """Write the network as one ``.keras`` file; the record says what it is."""
    from smug.models.own import read_own, told
    from smug.models.registry import load_model

    file = str(config.model.file)
    model = read_own(file)
    with atomic(files.model) as temporary:
        model.save(temporary)
    try:
        load_model(files.model)
    except SmugError as error:
        raise SmugError(
            f"{file} needs code of its own to be read again ({error}); build it of Keras's layers, "
            "or register its classes with keras.saving.register_keras_serializable"
        ) from error
    return told(model, file)


if __name__ == "__main__":
    run(main)
