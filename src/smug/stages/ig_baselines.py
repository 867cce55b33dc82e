"""Figure of Integrated Gradients from black and white baselines."""

from smug.drawing import save_figure
from smug.figures.ig_baselines import ig_baselines
from smug.jobs.run import run
from smug.pipeline.explained_images import collect_images


def main(config, paths):
    """Draw the figure from the first images."""
    images = collect_images(paths, config.dataset.shard_size, config.comparison.shown)
    save_figure(ig_baselines(images), paths.png, paths.pdf)
    return {"images": len(images)}


if __name__ == "__main__":
    run(main)
