"""Find the robust sets of a shard of digits: what keeps the class whatever the rest becomes."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from smug.datasets.load import load_shard
from smug.jobs.run import JobSettings, Summary, run
from smug.jobs.settings.datasets import DatasetSettings
from smug.jobs.settings.models import ModelSettings
from smug.jobs.settings.robust import RobustSettings
from smug.jobs.settings.workflow import WorkflowSettings
from smug.pipeline.results import as_table, dataset_label, save_results


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    workflow: WorkflowSettings
    dataset: DatasetSettings
    model: ModelSettings
    robust: RobustSettings
    job: JobSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    data: Path
    model: Path
    sets: Path
    scores: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the sets of the shard's first digits, and one result row per set and metric."""
    from smug.attribution.robust import predicted
    from smug.pipeline.networks import explained_network
    from smug.pipeline.robust import robust_shard

    size, asked = config.dataset.shard_size, config.robust
    data = load_shard(files.data, config.job.shard, size)
    count = max(asked.digits - config.job.shard * size, 0)
    model, known = explained_network(files.model, config.model)
    x = known.preprocess(data.inputs[:count])
    sets = robust_shard(model, x, predicted(model, x), data.ids[:count], asked, known.input_range)
    sets.save(files.sets)
    common = {
        "run": config.workflow.run,
        "dataset": dataset_label(vars(config.dataset), generated=data.generated),
        "method": "robust",
        "network": config.model.name,
        "margin": asked.margin,
    }
    rows = [{**common, **row} for row in sets.result_rows()]
    save_results(files.scores, as_table(rows))
    return {"status": dict(Counter(sets.status.tolist()))}


if __name__ == "__main__":
    run(main)
