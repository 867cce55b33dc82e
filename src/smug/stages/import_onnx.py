"""Bring a network of the user's own that is an ONNX file into the run."""

from dataclasses import dataclass
from pathlib import Path

from smug.io import atomic
from smug.jobs.run import Summary, run
from smug.stages.families.own import NetworkSections as Sections


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    source: Path
    model: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the network as one ``.onnx`` file with its weights; the record says what it is."""
    from smug.models.modules.onnx import save_whole
    from smug.models.own import read_own, told

    model = read_own(str(files.source))
    with atomic(files.model) as temporary:
        save_whole(files.source, temporary)
    return told(model, str(files.source))


if __name__ == "__main__":
    run(main)
