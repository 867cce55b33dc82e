"""Figure: the box that SMUG leads to against OptBox, the box of lowest LSC."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from smug.drawing import image_grid, show_box, show_image
from smug.figures.image_saliency import name_networks, named, show_map
from smug.pipeline.explained_images import ExplainedImage
from smug.pipeline.method_names import method_name

#: Methods whose boxes stand beside each other.
BOXED = ("ground_truth", "smug", "opt_box")


def optbox(images: Sequence[ExplainedImage]) -> Figure:
    """Draw one row per image: SMUG's map, then the boxes, each with LSC and confidence."""
    titles = ["SMUG", *(f"{method_name(name)} box" for name in BOXED)]
    figure, axes = image_grid(len(images), titles, width=1.8 * len(titles), lines=2)
    for row, image in zip(axes, images, strict=True):
        if show_map(row[0], image, "smug"):
            row[0].set_xlabel(named(image))
        for axis, name in zip(row[1:], BOXED, strict=True):
            show_image(axis, image.pixels)
            box = image.best_box(name)
            if not np.isfinite(box).all():
                axis.set_xlabel("no box")
                continue
            show_box(axis, box)
            lsc, confidence = (image.scores[name, metric] for metric in ("lsc", "confidence"))
            axis.set_xlabel(f"LSC {lsc:.2f},\nconfidence {confidence:.2f}")
    name_networks(axes, images)
    return figure
