"""Figure: gradients, IG, GGIG and its ensemble side by side (Rahman, Lewis & Plis 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from smug.drawing import image_grid, short, show_image, show_scores
from smug.figures.image_saliency import clipped
from smug.pipeline.method_names import method_name

CAPTION = (
    "The class score's gradients, Integrated Gradients, Geometrically Guided Integrated Gradients "
    "and the geometric ensemble (Rahman, Lewis & Plis 2022) on digits, explained by a dense and by "
    "a convolutional network, and on photographs. Magnitudes, summed over colours; each map on its "
    "own scale, cut off at its 99th percentile. The paper shows its maps without numbers."
)


@dataclass(frozen=True)
class ComparedMaps:
    """One input, explained on one network by several methods.

    Parameters
    ----------
    model : str
        Name of the network.
    pixels : numpy.ndarray of uint8, shape (height, width[, 3])
    target : str
        Name of the class explained.
    maps : dict of str to numpy.ndarray, shape (height, width)
        By method; None where it failed.
    """

    model: str
    pixels: np.ndarray
    target: str
    maps: dict[str, np.ndarray | None]


def ggig_figure(rows: Sequence[ComparedMaps], methods: Sequence[str]) -> Figure:
    """Draw one row per input and network, one column per method."""
    titles = ["input", *(method_name(name) for name in methods)]
    figure, axes = image_grid(len(rows), titles, width=1.35 * len(titles))
    for row, shown in zip(axes, rows, strict=True):
        show_image(row[0], shown.pixels)
        row[0].set_ylabel(shown.model, fontsize=7)
        row[0].set_xlabel(f"“{short(shown.target)}”", fontsize=7)
        for axis, name in zip(row[1:], methods, strict=True):
            scores = shown.maps.get(name)
            if scores is None:
                axis.set_xlabel("no map", fontsize=7)
            else:
                show_scores(axis, clipped(scores))
    return figure
