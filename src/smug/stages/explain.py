"""Explain a shard of inputs with one method that needs the model alone."""

import numpy as np

from smug.datasets.load import load_shard
from smug.jobs.run import run


def main(config, paths):
    """Write the maps of the method."""
    from smug.models import rewire
    from smug.models.registry import load_model, network
    from smug.pipeline.explain import explain_shard, method_of

    data = load_shard(paths.data, config.job.shard, config.dataset.shard_size)
    known = network(config.model.name)
    model, x = known.view(load_model(paths.model)), known.preprocess(data.inputs)
    method, settings = method_of(vars(config.explainer), known.input_range)
    target = rewire.outputs_of(model, x).argmax(axis=1)
    shard = explain_shard(model, x, target, data.ids, method, settings)
    shard.save(paths.maps)
    failed = int(np.count_nonzero(shard.message != ""))
    return {"inputs": len(data), "failed": failed}


if __name__ == "__main__":
    run(main)
