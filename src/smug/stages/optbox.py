"""Figure of the boxes that SMUG and OptBox choose."""

from smug.drawing import save_figure
from smug.figures.optbox import optbox
from smug.jobs.run import run
from smug.pipeline.explained_images import collect_images


def main(config, paths):
    """Draw the figure from the first images."""
    images = collect_images(paths, config.dataset.shard_size, config.comparison.shown)
    save_figure(optbox(images), paths.png, paths.pdf)
    return {"images": len(images)}


if __name__ == "__main__":
    run(main)
