"""Figure of one input's masks and maps over top_k and gamma."""

from smug.figures.style import save_figure
from smug.figures.topk_gamma import topk_gamma_masks
from smug.io import load_json
from smug.job import run
from smug.saliency import shard_maps
from smug.shards import AttributedShard, SolvedShard


def main(config, paths):
    """Draw the first input of the dataset."""
    shard = AttributedShard.load(paths.attribution).first(1)
    masks, maps = {}, {}
    for path, record in zip(paths.all("masks"), paths.all("settings"), strict=True):
        settings = load_json(record)["config"]
        method = settings["method"]
        solved = SolvedShard.load(path).first(1)
        made = shard_maps(
            shard,
            solved,
            window=method["window"],
            scoring=config.saliency.scoring,
            ranking=method["ranking"],
            seed=settings["solver"]["seed"],
        )
        masks[method["top_k"], method["gamma"]] = solved.masks[0]
        maps[method["top_k"], method["gamma"]] = made.smug[0]
    save_figure(topk_gamma_masks(masks, maps), paths.png, paths.pdf)
    return {"settings": len(masks)}


if __name__ == "__main__":
    run(main)
