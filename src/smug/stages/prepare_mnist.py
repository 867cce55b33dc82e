"""Read the digits, split them, choose the explained ones."""

from dataclasses import dataclass
from pathlib import Path

from smug.datasets import mnist
from smug.jobs.run import Summary, run
from smug.jobs.settings.datasets import MnistSettings


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: MnistSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    digits: Path
    data: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the prepared digits."""
    data = config.dataset
    digits = mnist.prepare(
        data.source,
        path=data.path,
        test_size=data.test_size,
        explained=data.explained,
        seed=data.seed,
    )
    digits.save(files.digits)
    mnist.explained_images(digits).save(files.data)
    return {"train": len(digits.train_labels), "test": len(digits.test_labels)}


if __name__ == "__main__":
    run(main)
