"""Figure: photographs and the saliency maps of every method."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from smug.explained_images import ExplainedImage
from smug.figures.names import method_name
from smug.figures.style import TWO_COLUMNS, image_grid, short, show_box, show_image, show_scores


def image_saliency(images: Sequence[ExplainedImage], methods: Sequence[str]) -> Figure:
    """Draw one row per image, one column per method.

    Below each map stands its LSC (lower is better), in the map the box that reaches it; in the
    photograph the annotated box. A map is scaled to its own 99th percentile.
    """
    titles = ["image", *(method_name(method) for method in methods)]
    figure, axes = image_grid(len(images), titles, width=max(TWO_COLUMNS, 1.1 * len(titles)))
    for row, image in zip(axes, images, strict=True):
        show_image(row[0], image.pixels)
        show_box(row[0], image.box)
        row[0].set_xlabel(f"{short(image.target)} {image.confidence:.2f}")
        for axis, method in zip(row[1:], methods, strict=True):
            show_scores(axis, clipped(image.maps[method]))
            show_box(axis, image.best_box(method))
            axis.set_xlabel(f"{image.scores.get((method, 'lsc'), np.nan):.2f}")
    return figure


def clipped(scores: np.ndarray) -> np.ndarray:
    """Cut a map off at the 99th percentile of its positive values, so that peaks hide nothing."""
    positive = scores[scores > 0]
    return np.minimum(scores, np.percentile(positive, 99)) if positive.size else scores
