"""Read the digits, split them, choose the explained ones."""

from smug.datasets import mnist
from smug.jobs.run import run


def main(config, paths):
    """Write the prepared digits."""
    data = config.dataset
    digits = mnist.prepare(
        data.source,
        path=data.path,
        test_size=data.test_size,
        explained=data.explained,
        seed=data.seed,
    )
    digits.save(paths.digits)
    mnist.explained_images(digits).save(paths.data)
    return {"train": len(digits.train_labels), "test": len(digits.test_labels)}


if __name__ == "__main__":
    run(main)
