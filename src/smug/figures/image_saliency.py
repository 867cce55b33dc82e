"""Figure: photographs and the saliency maps of every method."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from smug.drawing import TWO_COLUMNS, image_grid, short, show_box, show_image, show_scores
from smug.pipeline.explained_images import ExplainedImage
from smug.pipeline.method_names import method_name

NUMBERS = (
    "below an image: class and its probability; below a map: LSC of its yellow box, lower is better"
)


def image_saliency(images: Sequence[ExplainedImage], methods: Sequence[str]) -> Figure:
    """Draw one row per image, one column per method.

    Below each map stands its LSC (lower is better), in the map the box that reaches it; in the
    photograph the annotated box. A map is scaled to its own 99th percentile. A method that failed
    has no map; where it was not asked for the network, its place stays empty.
    """
    titles = ["image", *(method_name(method) for method in methods)]
    width = max(TWO_COLUMNS, 1.1 * len(titles))
    figure, axes = image_grid(len(images), titles, width=width, lines=2)
    for row, image in zip(axes, images, strict=True):
        show_image(row[0], image.pixels)
        show_box(row[0], image.box)
        row[0].set_xlabel(named(image))
        known = asked(image.network, images)
        for axis, method in zip(row[1:], methods, strict=True):
            if method not in known:
                axis.set_axis_off()
            elif show_map(axis, image, method):
                show_box(axis, image.best_box(method))
                axis.set_xlabel(f"{image.scores.get((method, 'lsc'), np.nan):.2f}")
    name_networks(axes, images)
    figure.supxlabel(NUMBERS, fontsize="medium")
    return figure


def asked(network: str, images: Sequence[ExplainedImage]) -> set[str]:
    """Methods that were asked to explain a network: they have a map or a measure somewhere."""
    of_network = [image for image in images if image.network == network]
    measured = {method for image in of_network for method, _ in image.scores}
    return measured.union(*(image.maps for image in of_network))


def name_networks(axes: np.ndarray, images: Sequence[ExplainedImage]) -> None:
    """Name the network at the head of each row of axes where there are several networks."""
    if len({image.network for image in images}) > 1:
        for row, image in zip(axes, images, strict=True):
            row[0].set_ylabel(image.network)


def named(image: ExplainedImage) -> str:
    """Class and probability, on two lines since class names are long."""
    return f"{short(image.target)}\n{image.confidence:.2f}"


def show_map(axis: Axes, image: ExplainedImage, method: str) -> bool:
    """Show the map of one method, or say that there is none; answer whether there is one."""
    if method not in image.maps:
        axis.set_xlabel("no map")
        return False
    show_scores(axis, clipped(image.maps[method]))
    return True


def clipped(scores: np.ndarray) -> np.ndarray:
    """Cut a map off at the 99th percentile of its positive values, so that peaks hide nothing."""
    positive = scores[scores > 0]
    return np.minimum(scores, np.percentile(positive, 99)) if positive.size else scores
