"""Change the network's weights and see whether the maps of every method change as they should."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from smug.datasets.load import load_prepared
from smug.io import save_arrays
from smug.jobs.run import JobSettings, Summary, run
from smug.jobs.settings.datasets import DatasetSettings
from smug.jobs.settings.models import ModelSettings
from smug.jobs.settings.sanity import SanitySettings
from smug.jobs.settings.workflow import WorkflowSettings
from smug.pipeline.results import as_table, dataset_label, save_results


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    workflow: WorkflowSettings
    dataset: DatasetSettings
    model: ModelSettings
    sanity: SanitySettings
    job: JobSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    data: Path
    model: Path
    scores: Path
    maps: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write one result row per image, method, check and metric, and the maps of one image."""
    from smug.models import rewire
    from smug.pipeline.explain import explain_shard, method_of
    from smug.pipeline.networks import explained_network
    from smug.pipeline.sanity import (
        Checked,
        Explainer,
        perturbation_rows,
        randomisation_rows,
    )
    from smug.pipeline.stability import stability_rows

    settings = config.sanity
    data = load_prepared(files.data)
    data = data.shard(0, settings.inputs).shard(config.job.shard, settings.shard_size)
    model, known = explained_network(files.model, config.model)
    x = known.preprocess(data.inputs)
    target = rewire.outputs_of(model, x).argmax(axis=1)
    methods: dict[str, Explainer] = {}
    for explainer in settings.methods:
        method, own = method_of(vars(settings.explainers[explainer]), known.input_range)
        methods[explainer] = partial(explain_shard, model, method=method, settings=own)
    trained = {name: explain(x, target, data.ids) for name, explain in methods.items()}
    padding = known.padding(x, next(iter(trained.values())).maps.shape[1:])
    checked = Checked(config.model.name, model, x, target, data.ids, padding, methods, trained)
    rows, examples = randomisation_rows(
        checked, orders=settings.orders, at_most=settings.levels, seeds=settings.seeds
    )
    rows += perturbation_rows(checked, noises=settings.noises, seeds=settings.seeds)
    rows += stability_rows(checked, seeds=settings.seeds, draws=settings.draws)
    label = dataset_label(vars(config.dataset), generated=data.generated)
    common = {"run": config.workflow.run, "dataset": label}
    save_results(files.scores, as_table([common | row for row in rows]))
    examples |= {f"trained/{key}": shard.maps[:1] for key, shard in trained.items()}
    save_arrays(files.maps, {"image": data.inputs[:1], **examples})
    return {"images": len(data), "rows": len(rows), "dataset": label}


if __name__ == "__main__":
    run(main)
