"""Table of the attributions' completeness errors."""

import numpy as np

from smug.drawing import save_table
from smug.figures.completeness import CAPTION, completeness
from smug.io import load_json
from smug.jobs.run import run
from smug.pipeline.results import dataset_label
from smug.pipeline.shards import AttributedShard


def main(config, paths):
    """Write the table."""
    errors, steps = {}, {}
    for arrays, record in zip(paths.all("arrays"), paths.all("settings"), strict=True):
        settings = load_json(record)["config"]
        shard = AttributedShard.load(arrays)
        dataset = dataset_label(settings["dataset"], generated=shard.generated)
        error = shard.completeness_error
        errors[dataset] = np.concatenate([errors.get(dataset, error[:0]), error])
        steps[dataset] = settings["attribution"]["steps"]
    table = completeness(errors, steps)
    save_table(table, paths.csv, paths.tex, caption=CAPTION, digits=5)
    return {"rows": len(table)}


if __name__ == "__main__":
    run(main)
