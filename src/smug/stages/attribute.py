"""Attribute the class probability to the first layer's nodes, once per input."""

from time import perf_counter

import numpy as np
from tqdm import tqdm

from smug.datasets.load import load_prepared
from smug.job import run
from smug.shards import AttributedShard


def main(config, paths):
    """Write a shard of inputs with their first-layer attributions."""
    from smug.attribution.gradients import gradients
    from smug.attribution.integrated_gradients import first_layer_integrated_gradients
    from smug.models import rewire
    from smug.models.dense import dense_layers
    from smug.models.first_layer import find_first_layer
    from smug.models.registry import load_model, network

    data = load_prepared(paths.data).shard(config.job.shard, config.dataset.shard_size)
    known = network(config.model.name)
    model = known.view(load_model(paths.model))
    x = known.preprocess(data.inputs)
    layer = find_first_layer(model)
    probability = rewire.outputs_of(model, x)
    target = probability.argmax(axis=1)
    settings = config.attribution
    nodes = int(np.prod(layer.linear.output_shape))
    attributions, errors, steps, seconds, slopes = [], [], [], [], []
    for i in tqdm(range(len(data)), desc="attribute", unit="input"):
        begin = perf_counter()
        attribution, details = first_layer_integrated_gradients(
            model,
            x[i : i + 1],
            target[i : i + 1],
            layer=layer,
            steps=settings.steps,
            rule=settings.rule,
            batch_size=settings.batch_size,
            adaptive=settings.adaptive,
            tolerance=settings.tolerance,
            top_k=min(settings.settled_top_k, nodes),
            return_details=True,
        )
        attributions.append(attribution[0])
        errors.append(details.completeness_error[0])
        steps.append(int(details.steps[0]))
        seconds.append(perf_counter() - begin)
        slopes.append(gradients(model, x[i : i + 1], target[i : i + 1], layer=layer.site))
    AttributedShard(
        ids=data.ids,
        images=data.inputs,
        labels=data.labels,
        target=target,
        probability=probability,
        inputs=layer.linear_input(x),
        attribution=np.array(attributions).reshape(-1, *layer.linear.output_shape),
        gradient=np.array(slopes).reshape(-1, *layer.linear.output_shape),
        activation=layer.activations(x).reshape(-1, *layer.linear.output_shape),
        completeness_error=np.array(errors),
        seconds=np.array(seconds),
        padding=known.padding(x, layer.linear.spatial),
        layer=layer.linear,
        dense=dense_layers(model),
        generated=data.generated,
    ).save(paths.arrays)
    return {
        "inputs": len(data),
        "correct": int((target == data.labels).sum()),
        "most_steps": max(steps, default=0),
        "largest_completeness_error": float(np.abs(errors).max(initial=0.0)),
    }


if __name__ == "__main__":
    run(main)
