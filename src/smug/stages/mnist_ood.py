"""Figure of out-of-distribution masks of digits."""

from smug.drawing import save_figure
from smug.figures.mnist_masks import per_digit
from smug.figures.mnist_ood import ExplainedDigit, mnist_ood
from smug.io import load_arrays
from smug.jobs.run import run
from smug.pipeline.results import load_results
from smug.pipeline.shards import AttributedShard, SolvedShard


def main(config, paths):
    """Draw the figure from the first shard."""
    shard = AttributedShard.load(paths.attribution)
    network, first_layer = (
        SolvedShard.load(path) for path in (paths.network_masks, paths.smug_masks)
    )
    maps = load_arrays(paths.maps)["smug"]
    scores = per_digit(load_results(paths.scores))
    chosen = scores[
        scores["encoding"].eq("network")
        & scores["window"].eq(config.sweep.figure_window)
        & scores["solver"].eq(config.sweep.network_solvers[0])
    ].set_index("image")
    digits = []
    for i, name in enumerate(shard.ids.tolist()):
        if not (network.has_mask()[i] and first_layer.has_mask()[i]):
            print(f"{name}: left out, no mask ({network.status[i]}, {first_layer.status[i]})")
            continue
        score = chosen.loc[name]
        digits.append(
            ExplainedDigit(
                image=shard.images[i],
                target=int(shard.target[i]),
                confidence=float(score["full_confidence"]),
                network_mask=network.masks[i],
                masked_class=int(score["masked_class"]),
                masked_confidence=float(score["masked_confidence"]),
                smug_mask=first_layer.masks[i],
                saliency=maps[i],
            )
        )
    save_figure(mnist_ood(digits), paths.png, paths.pdf)
    return {"digits": len(digits)}


if __name__ == "__main__":
    run(main)
