"""Figure: from the top nodes to the mask to the saliency map (the paper's method figure)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from smug.drawing import image_grid, show_image, show_mask, show_scores
from smug.figures.image_saliency import clipped, name_networks, named, show_map
from smug.pipeline.explained_images import ExplainedImage

TITLES = ("image", "top nodes", "windows they see", "smallest mask", "kept pixels", "SMUG")
#: Grey that networks on photographs see where a pixel is dropped: their inputs are centred.
DROPPED = 127


def smug_steps(images: Sequence[ExplainedImage]) -> Figure:
    """Draw one row per image, one column per step; steps that failed stay empty."""
    figure, axes = image_grid(len(images), TITLES, lines=2)
    for row, image in zip(axes, images, strict=True):
        show_image(row[0], image.pixels)
        row[0].set_xlabel(named(image))
        show_scores(row[1], clipped(image.nodes))
        if (seen := image.masks.get("smug_base")) is not None:
            show_mask(row[2], seen)
            row[2].set_xlabel(f"{seen.mean():.1%}\nof the image")
        if (mask := image.masks.get("smug")) is not None:
            show_mask(row[3], mask)
            show_image(row[4], np.where(mask[..., None], image.pixels, np.uint8(DROPPED)))
            row[3].set_xlabel(f"{mask.mean():.1%} kept,\n{image.status}")
        else:
            row[3].set_xlabel(f"no mask:\n{image.status}")
        show_map(row[5], image, "smug")
    name_networks(axes, images)
    return figure
