"""Train a network on the prepared digits and measure it on the test digits."""

from smug.datasets.mnist import Digits
from smug.io import atomic, save_json
from smug.jobs.run import run


def main(config, paths):
    """Write the trained network and its accuracies."""
    from smug.models import training

    digits = Digits.load(paths.digits)
    model = training.train_digits(config.model, digits.train_images, digits.train_labels)
    metrics = training.digit_metrics(model, digits)
    with atomic(paths.model) as temporary:
        model.save(temporary)
    save_json(paths.metrics, metrics)
    return metrics


if __name__ == "__main__":
    run(main)
