"""Train the dense network on the prepared digits and measure it on the test digits."""

from smug.datasets.mnist import Digits
from smug.io import atomic, save_json
from smug.job import run


def main(config, paths):
    """Write the trained network and its accuracies."""
    from smug.models import mnist_mlp

    digits = Digits.load(paths.digits)
    settings = config.model
    model = mnist_mlp.train(
        digits.train_images,
        digits.train_labels,
        hidden=settings.hidden,
        learning_rate=settings.learning_rate,
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        seed=settings.seed,
    )
    metrics = {"model": "mnist_mlp", "dataset": "mnist"}
    for split, images, labels in (
        ("train", digits.train_images, digits.train_labels),
        ("test", digits.test_images, digits.test_labels),
    ):
        loss, accuracy = model.evaluate(mnist_mlp.scale(images), labels, verbose=0)
        metrics |= {
            f"{split}_images": len(labels),
            f"{split}_loss": loss,
            f"{split}_accuracy": accuracy,
        }
    with atomic(paths.model) as temporary:
        model.save(temporary)
    save_json(paths.metrics, metrics)
    return metrics


if __name__ == "__main__":
    run(main)
