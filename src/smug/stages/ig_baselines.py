"""Figure of Integrated Gradients from black and white baselines."""

from smug.explained_images import collect_images
from smug.figures.ig_baselines import ig_baselines
from smug.figures.style import save_figure
from smug.job import run


def main(config, paths):
    """Draw the figure from the first images."""
    images = collect_images(paths, config.dataset.shard_size, config.comparison.shown)
    save_figure(ig_baselines(images), paths.png, paths.pdf)
    return {"images": len(images)}


if __name__ == "__main__":
    run(main)
