"""Attribute the class probability to the first layer's nodes, once per input."""

import numpy as np

from smug.datasets.load import load_shard
from smug.jobs.run import run


def main(config, paths):
    """Write a shard of inputs with their first-layer attributions."""
    from smug.models.registry import load_model, network
    from smug.pipeline.attribute import attribute_shard

    data = load_shard(paths.data, config.job.shard, config.dataset.shard_size)
    known = network(config.model.name)
    model = known.view(load_model(paths.model))
    shard, most_steps = attribute_shard(model, data, known, config.attribution)
    shard.save(paths.arrays)
    errors = shard.completeness_error[np.isfinite(shard.completeness_error)]
    return {
        "inputs": len(data),
        "failed": len(data) - len(errors),
        "correct": int((shard.target == data.labels).sum()),
        "most_steps": most_steps,
        "largest_completeness_error": float(np.abs(errors).max(initial=0.0)),
    }


if __name__ == "__main__":
    run(main)
