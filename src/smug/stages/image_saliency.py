"""Figure of photographs and the saliency maps of every method."""

from smug.drawing import save_figure
from smug.figures.image_saliency import image_saliency
from smug.jobs.run import run
from smug.pipeline.explained_images import collect_images


def main(config, paths):
    """Draw the figure from the first images."""
    images = collect_images(paths, config.dataset.shard_size, config.comparison.shown)
    save_figure(
        image_saliency(images, ["smug", "smug_base", *config.comparison.explainers]),
        paths.png,
        paths.pdf,
    )
    return {"images": len(images)}


if __name__ == "__main__":
    run(main)
