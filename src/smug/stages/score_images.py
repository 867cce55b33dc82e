"""Measure every saliency method on a shard of images."""

import numpy as np

from smug.datasets.prepared import PreparedImages
from smug.io import load_arrays, load_json
from smug.job import run
from smug.results import as_table, save_results
from smug.shards import AttributedShard, SaliencyShard, SolvedShard


def main(config, paths):
    """Write one result row per image, method and metric."""
    from smug.metrics.images import MethodMaps, ScoredImages, score_boxes, score_maps
    from smug.models.registry import load_model, network

    shard, solved = AttributedShard.load(paths.attribution), SolvedShard.load(paths.masks)
    scored = load_arrays(paths.smug_maps)
    found = solved.has_mask()
    seconds = shard.seconds + solved.encode_seconds + solved.solve_seconds
    methods = {
        "smug": MethodMaps(scored["smug"], solved.masks, seconds, found),
        "smug_base": MethodMaps(scored["smug_base"], scored["seen"], shard.seconds, found),
    }
    for maps, record in zip(paths.all("maps"), paths.all("settings"), strict=True):
        made = SaliencyShard.load(maps)
        masks = made.masks if made.masks.any() else None
        name = load_json(record)["config"]["explainer"]["name"]
        methods[name] = MethodMaps(made.maps, masks, made.seconds, made.message == "")
    data = PreparedImages.load(paths.data).shard(config.job.shard, config.dataset.shard_size)
    images = ScoredImages(
        load_model(paths.model),
        network(config.model.name).preprocess,
        data.images,
        shard.target,
        data.boxes,
    )
    measured = []
    if len(data):
        measured += score_boxes(images, config.comparison.cells)
        for name, method in methods.items():
            print(f"{name}: {np.count_nonzero(method.made)} of {len(data)} images", flush=True)
            rows = score_maps(
                images,
                method,
                thresholds=config.comparison.thresholds,
                curve_steps=config.comparison.curve_steps,
            )
            measured += [(name, *row) for row in rows]
    common = {"run": config.workflow.run, "dataset": config.dataset.name}
    rows = [
        {**common, "image": image, "method": name, "metric": metric, "value": value}
        for name, metric, values in measured
        for image, value in zip(data.ids.tolist(), values, strict=True)
    ]
    save_results(paths.scores, as_table(rows))
    return {"images": len(data), "rows": len(rows)}


if __name__ == "__main__":
    run(main)
