"""Figure and table: smallest masks are not unique; how much they overlap."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from smug.figures.style import image_grid, show_image, show_mask, show_scores

CAPTION = (
    "Distinct masks of the same proven smallest size. overlap: mean Jaccard index of all pairs; "
    "always, ever: windows in every one and in at least one of them. Fewer masks than asked for "
    "means that the time ran out or that no other exists."
)


def distinct_masks(images: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> Figure:
    """Draw one row per input: the input, its masks, and the share of them that keep a pixel.

    Parameters
    ----------
    images : sequence of numpy.ndarray of uint8
    masks : sequence of numpy.ndarray of bool, shape (found, *spatial)
    """
    most = max((len(found) for found in masks), default=1)
    titles = ["input", *(f"mask {i + 1}" for i in range(most)), "share of masks"]
    figure, axes = image_grid(len(images), titles, width=max(7.2, 1.1 * len(titles)))
    for row, image, found in zip(axes, images, masks, strict=True):
        show_image(row[0], image)
        for axis, mask in zip(row[1:], found, strict=False):
            show_mask(axis, mask)
        for axis in row[1 + len(found) : -1]:
            axis.set_axis_off()
        if len(found):
            show_scores(row[-1], found.mean(axis=0))
            row[-1].set_xlabel(f"overlap {overlap(found):.0%}" if len(found) > 1 else "one mask")
    return figure


def distinct_masks_table(
    ids: Sequence[str], masks: Sequence[np.ndarray], sizes: Sequence[float]
) -> pd.DataFrame:
    """One row per input: how many masks were found, their size in windows and their overlap."""
    return pd.DataFrame(
        [
            {
                "input": name,
                "masks": len(found),
                "windows": size,
                "overlap": overlap(found),
                "always": float(found.all(axis=0).mean()) if len(found) else np.nan,
                "ever": float(found.any(axis=0).mean()) if len(found) else np.nan,
            }
            for name, found, size in zip(ids, masks, sizes, strict=True)
        ]
    )


def overlap(masks: np.ndarray) -> float:
    """Mean Jaccard index of all pairs of masks, shape (found, *spatial); NaN below two."""
    pairs = [(a & b).sum() / max((a | b).sum(), 1) for a, b in combinations(masks, 2)]
    return float(np.mean(pairs)) if pairs else float("nan")
