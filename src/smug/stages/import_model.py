"""Bring trained weights into a Keras model, batch normalisation folded."""

from smug.io import atomic
from smug.jobs.run import run


def main(config, paths):
    """Write the network as one ``.keras`` file."""
    from smug.models.fold import fold_batch_norm
    from smug.models.imports import import_model

    model = fold_batch_norm(import_model(config.model.name, config.model.weights))
    with atomic(paths.model) as temporary:
        model.save(temporary)
    return {"parameters": model.count_params()}


if __name__ == "__main__":
    run(main)
