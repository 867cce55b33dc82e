"""Figure: from the top nodes to the mask to the saliency map (the paper's method figure)."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from smug.explained_images import ExplainedImage
from smug.figures.image_saliency import clipped
from smug.figures.style import image_grid, short, show_image, show_mask, show_scores

TITLES = ("image", "top nodes", "fields of the nodes", "smallest mask", "kept pixels", "SMUG")


def smug_steps(images: Sequence[ExplainedImage]) -> Figure:
    """Draw one row per image, one column per step."""
    figure, axes = image_grid(len(images), TITLES)
    for row, image in zip(axes, images, strict=True):
        mask, seen = image.masks["smug"], image.masks["smug_base"]
        show_image(row[0], image.pixels)
        row[0].set_xlabel(f"{short(image.target)} {image.confidence:.2f}")
        show_scores(row[1], clipped(image.nodes))
        show_mask(row[2], seen)
        row[2].set_xlabel(f"{seen.mean():.1%} of the image")
        show_mask(row[3], mask)
        row[3].set_xlabel(f"{mask.mean():.1%} kept, {image.status}")
        show_image(row[4], (image.pixels * mask[..., None]).astype(image.pixels.dtype))
        show_scores(row[5], clipped(image.maps["smug"]))
    return figure
