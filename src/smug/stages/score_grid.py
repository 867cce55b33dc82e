"""Measure the masks and maps of every setting of a dataset's sweeps."""

from smug.datasets.prepared import PreparedImages
from smug.io import load_json
from smug.job import run
from smug.results import as_table, save_results
from smug.saliency import shard_maps
from smug.shards import AttributedShard, SolvedShard
from smug.sweeps import mask_rows


def main(config, paths):
    """Write one result row per input, setting and metric; LSC for photographs."""
    shard = AttributedShard.load(paths.attribution).first(config.grid.inputs)
    # Crops of digits say nothing: LSC is a measure of photographs.
    lsc = _lsc(config, paths, shard) if shard.images.ndim == 4 else None
    rows = []
    for masks, record in zip(paths.all("masks"), paths.all("settings"), strict=True):
        settings = load_json(record)["config"]
        method, seed = settings["method"], settings["solver"]["seed"]
        solved = SolvedShard.load(masks).first(config.grid.inputs)
        for scoring in config.grid.scorings:
            maps = shard_maps(
                shard,
                solved,
                window=method["window"],
                scoring=scoring,
                ranking=method["ranking"],
                seed=seed,
            )
            values = {} if lsc is None else {"lsc": lsc(maps.smug), "base_lsc": lsc(maps.smug_base)}
            rows += mask_rows(shard, solved, maps, method, scoring, values)
    common = {"run": config.workflow.run, "dataset": config.dataset.name}
    save_results(paths.scores, as_table([common | row for row in rows]))
    return {"rows": len(rows)}


def _lsc(config, paths, shard):
    """Function from maps, shape (n, height, width), to their LSC, shape (n,)."""
    from smug.metrics.lsc import map_lsc
    from smug.models.registry import load_model, network

    data = PreparedImages.load_shard(paths.data, 0, len(shard.ids))
    model = load_model(paths.model)
    x = network(config.model.name).preprocess(data.images)

    def lsc(maps):
        thresholds = config.comparison.thresholds
        return map_lsc(model, x, shard.target, maps, thresholds=thresholds).lsc

    return lsc


if __name__ == "__main__":
    run(main)
