"""Figure of masks and maps of the first inputs over top_k and gamma."""

from smug.datasets.beer.reviews import ASPECTS, Reviews
from smug.datasets.load import load_shard
from smug.drawing import save_figure
from smug.figures.text_saliency import text_saliency
from smug.figures.topk_gamma import SweptInput, topk_gamma_masks
from smug.io import load_json
from smug.jobs.run import run
from smug.pipeline.saliency import shard_maps
from smug.pipeline.shards import AttributedShard, SolvedShard
from smug.reviews.highlighted import Answer, highlight


def main(config, paths):
    """Draw the first images, or the first review."""
    data = load_shard(paths.data, 0, config.grid.shown)
    shard = AttributedShard.load(paths.attribution).first(config.grid.shown)
    masks, maps = _of_settings(config, paths, shard)
    if isinstance(data, Reviews):
        answers = {
            f"top {k}, gamma {gamma:g}": Answer(maps[k, gamma][0], masks[k, gamma][0])
            for k, gamma in sorted(masks)
        }
        prediction = shard.probability[0, 1]
        review = highlight(data, 0, answers, prediction=prediction, aspect=ASPECTS[data.aspect])
        figure = text_saliency(review, generated=data.generated)
    else:
        figure = topk_gamma_masks(
            [
                SweptInput(
                    data.images[i], *({k: v[i] for k, v in of.items()} for of in (masks, maps))
                )
                for i in range(len(data))
            ]
        )
    save_figure(figure, paths.png, paths.pdf)
    return {"settings": len(masks), "inputs": len(data)}


def _of_settings(config, paths, shard):
    """Masks and SMUG maps of the inputs, by (top_k, gamma)."""
    masks, maps = {}, {}
    for path, record in zip(paths.all("masks"), paths.all("settings"), strict=True):
        settings = load_json(record)["config"]
        method, solved = settings["method"], SolvedShard.load(path).first(len(shard.ids))
        made = shard_maps(
            shard,
            solved,
            window=method["window"],
            scoring=config.saliency.scoring,
            ranking=method["ranking"],
            seed=settings["solver"]["seed"],
        )
        masks[method["top_k"], method["gamma"]] = solved.masks
        maps[method["top_k"], method["gamma"]] = made.smug
    return masks, maps


if __name__ == "__main__":
    run(main)
