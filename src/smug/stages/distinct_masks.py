"""Figure and table: how much distinct smallest masks of one input overlap."""

from smug.figures.distinct_masks import CAPTION, distinct_masks, distinct_masks_table
from smug.figures.style import save_figure, save_table
from smug.job import run
from smug.shards import AttributedShard
from smug.solve import several_masks


def main(config, paths):
    """Look for several smallest masks of each input."""
    shard = AttributedShard.load(paths.attribution).first(config.grid.inputs)
    masks, sizes = several_masks(shard, config.method, config.solver, config.grid.solutions)
    save_figure(distinct_masks(shard.images, masks), paths.png, paths.pdf)
    table = distinct_masks_table(shard.ids.tolist(), masks, sizes)
    save_table(table, paths.csv, paths.tex, caption=CAPTION)
    return {"inputs": len(masks), "masks": sum(map(len, masks))}


if __name__ == "__main__":
    run(main)
