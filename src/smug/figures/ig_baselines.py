"""Figure: Integrated Gradients depends on its baseline (the paper's black and white)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from smug.drawing import image_grid, show_image
from smug.figures.image_saliency import asked, name_networks, named, show_map
from smug.pipeline.explained_images import ExplainedImage
from smug.pipeline.method_names import method_name

BASELINES = ("ig_black", "ig_white", "ig_both")


def ig_baselines(images: Sequence[ExplainedImage]) -> Figure:
    """Draw one row per image: the image, and IG from a black, a white and from both baselines.

    Under each map stands the share of its attribution that lies on the darkest and on the
    brightest quarter of the pixels: a black baseline is blind to black pixels. The place of a
    baseline that was not asked for the network stays empty.
    """
    shown = [name for name in BASELINES if any(name in image.maps for image in images)]
    titles = ["image", *(method_name(name) for name in shown)]
    figure, axes = image_grid(len(images), titles, width=1.8 * len(titles), lines=2)
    for row, image in zip(axes, images, strict=True):
        show_image(row[0], image.pixels)
        row[0].set_xlabel(named(image))
        known = asked(image.network, images)
        for axis, name in zip(row[1:], shown, strict=True):
            if name not in known:
                axis.set_axis_off()
            elif show_map(axis, image, name):
                dark, bright = dark_and_bright(image.pixels, image.maps[name])
                axis.set_xlabel(f"dark {dark:.0%}, bright {bright:.0%}")
    name_networks(axes, images)
    return figure


def dark_and_bright(pixels: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """Shares of a map's sum on the darkest and the brightest quarter of the pixels."""
    brightness = pixels.mean(axis=-1) if pixels.ndim == 3 else pixels
    low, high = np.quantile(brightness, [0.25, 0.75])
    total = scores.sum() or 1.0
    return float(scores[brightness <= low].sum() / total), float(
        scores[brightness >= high].sum() / total
    )
