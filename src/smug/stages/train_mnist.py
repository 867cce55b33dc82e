"""Train a network on the prepared digits and measure it on the test digits."""

from dataclasses import dataclass
from pathlib import Path

from smug.datasets.mnist import Digits
from smug.io import atomic, save_json
from smug.jobs.run import Summary, run
from smug.jobs.settings.models import DigitNetworkSettings


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    model: DigitNetworkSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    digits: Path
    model: Path
    metrics: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the trained network and its accuracies."""
    from smug.models import training

    digits = Digits.load(files.digits)
    model = training.train_digits(
        digits.train_images, digits.train_labels, **config.model.training()
    )
    named = {"model": config.model.name, "dataset": config.model.datasets[0]}
    metrics = named | training.digit_metrics(model, digits)
    with atomic(files.model) as temporary:
        model.save(temporary)
    save_json(files.metrics, metrics)
    return metrics


if __name__ == "__main__":
    run(main)
