"""Compare every method on a shard of reviews with the human rationale and with the network."""

import numpy as np

from smug.datasets.beer.reviews import Reviews
from smug.jobs.run import run
from smug.pipeline.results import as_table, dataset_label, save_results
from smug.reviews.explained import load_explained, smug_files
from smug.reviews.score_rows import score_rows


def main(config, paths):
    """Write one result row per review, method and metric."""
    from smug.models.networks import text_cnn
    from smug.models.registry import load_model

    from_embeddings = text_cnn.on_embeddings(load_model(paths.model))
    texts = load_explained(
        reviews=Reviews.load(paths.data).shard(config.job.shard, config.dataset.shard_size),
        attribution=paths.attribution,
        smug=smug_files(paths.all("masks"), paths.all("smug_maps"), config.comparison.gamma),
        maps=paths.all("maps"),
        settings=paths.all("settings"),
        sets=paths.sets,
    )
    rows = score_rows(
        texts,
        lambda embedded: float(from_embeddings(embedded[np.newaxis], training=False)[0, 0]),
        thresholds=config.comparison.thresholds,
        share=config.comparison.share,
    )
    label = dataset_label(vars(config.dataset), generated=texts.reviews.generated)
    common = {"run": config.workflow.run, "dataset": label}
    table = as_table([{**common, **row} for row in rows])
    save_results(paths.scores, table)
    unconfirmed = int((table["metric"].eq("confirmed") & table["value"].eq(0)).sum())
    return {
        "rows": len(table),
        "unconfirmed": unconfirmed,
        "generated": texts.reviews.generated,
        "aspect": texts.reviews.aspect,
    }


if __name__ == "__main__":
    run(main)
