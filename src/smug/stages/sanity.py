"""Change the network's weights and see whether the maps of every method change as they should."""

from functools import partial

from smug.datasets.load import load_prepared
from smug.io import save_arrays
from smug.job import run
from smug.results import as_table, save_results


def main(config, paths):
    """Write one result row per image, method, check and metric, and the maps of one image."""
    from smug.explained import explain_shard, method_of
    from smug.models import rewire
    from smug.models.registry import load_model, network
    from smug.sanity_scores import perturbation_rows, randomisation_rows

    settings = config.sanity
    data = load_prepared(paths.data)
    data = data.shard(0, settings.inputs).shard(config.job.shard, settings.shard_size)
    known = network(config.model.name)
    model, x = known.view(load_model(paths.model)), known.preprocess(data.inputs)
    target = rewire.outputs_of(model, x).argmax(axis=1)
    methods = {}
    for name in settings.methods:
        method, own = method_of(settings.explainers[name], known.input_range)
        methods[name] = partial(explain_shard, model, method=method, settings=own)
    inputs = x, target, data.ids
    padding = known.padding(x, x.shape[1:3])
    trained = {name: explain(*inputs) for name, explain in methods.items()}
    rows, examples = randomisation_rows(
        model,
        inputs,
        padding,
        methods,
        trained,
        orders=settings.orders,
        at_most=settings.levels,
        seeds=settings.seeds,
    )
    rows += perturbation_rows(
        model, inputs, padding, methods, trained, noises=settings.noises, seeds=settings.seeds
    )
    common = {"run": config.workflow.run, "dataset": config.dataset.name}
    save_results(paths.scores, as_table([common | row for row in rows]))
    examples |= {f"trained/{name}": shard.maps[:1] for name, shard in trained.items()}
    save_arrays(paths.maps, {"image": data.inputs[:1], **examples})
    return {"images": len(data), "rows": len(rows)}


if __name__ == "__main__":
    run(main)
