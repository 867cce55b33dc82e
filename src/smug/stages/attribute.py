"""Attribute the class probability to the first layer's nodes, once per input."""

import numpy as np
from tqdm import tqdm

from smug.datasets.prepared import PreparedImages
from smug.job import run
from smug.shards import AttributedShard


def main(config, paths):
    """Write a shard of inputs with their first-layer attributions."""
    from smug.attribution.integrated_gradients import first_layer_integrated_gradients
    from smug.models import rewire
    from smug.models.dense import dense_layers
    from smug.models.first_layer import find_first_layer
    from smug.models.registry import load_model, network

    size = config.dataset.shard_size
    data = PreparedImages.load(paths.data)
    data = data.take(np.arange(len(data))[config.job.shard * size :][:size])
    model = load_model(paths.model)
    x = network(config.model.name).preprocess(data.images)
    layer = find_first_layer(model)
    probability = rewire.outputs_of(model, x)
    target = probability.argmax(axis=1)
    settings = config.attribution
    attributions, errors = [], []
    for i in tqdm(range(len(data)), desc="attribute", unit="input"):
        attribution, details = first_layer_integrated_gradients(
            model,
            x[i : i + 1],
            target[i : i + 1],
            layer=layer,
            steps=settings.steps,
            rule=settings.rule,
            batch_size=settings.batch_size,
            return_details=True,
        )
        attributions.append(attribution[0])
        errors.append(details.completeness_error[0])
    AttributedShard(
        ids=data.ids,
        images=data.images,
        labels=data.labels,
        target=target,
        probability=probability,
        inputs=layer.linear_input(x),
        attribution=np.array(attributions).reshape(-1, *layer.linear.output_shape),
        completeness_error=np.array(errors),
        padding=np.zeros((len(data), *layer.linear.spatial), bool),
        layer=layer.linear,
        dense=dense_layers(model),
    ).save(paths.arrays)
    return {
        "inputs": len(data),
        "correct": int((target == data.labels).sum()),
        "largest_completeness_error": float(np.abs(errors).max(initial=0.0)),
    }


if __name__ == "__main__":
    run(main)
