"""Figure and table: smallest masks are not unique; how much they overlap."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from smug.drawing import image_grid, show_image, show_mask, show_scores
from smug.masks.problem import MaskSolution
from smug.masks.saliency import jaccard
from smug.pipeline.shards import FAILED, AttributedShard

CAPTION = (
    "Distinct masks of one size. status: optimal where that size is proven smallest; else the one "
    "mask found is no more than feasible, and no others are looked for. windows: windows of the "
    "mask problem in each mask. overlap: mean Jaccard index of all pairs. always, ever: share of "
    "the pixels (words) in every one and in at least one of them. Fewer masks than asked for means "
    "that the time ran out or that no other exists."
)


def distinct_masks(images: np.ndarray, masks: Sequence[np.ndarray]) -> Figure:
    """Draw one row per input: the input, its masks, and the share of them that keep a pixel.

    Parameters
    ----------
    images : numpy.ndarray of uint8, shape (n, height, width[, 3])
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
    shard: AttributedShard,
    masks: Sequence[np.ndarray],
    solutions: Sequence[MaskSolution | None],
) -> pd.DataFrame:
    """One row per input: its distinct masks, their status and size in windows, their overlap.

    Parameters
    ----------
    shard : AttributedShard
    masks, solutions
        Of its inputs, see :func:`smug.pipeline.solve_masks.several_masks`.
    """
    rows = []
    for i, (found, solution) in enumerate(zip(masks, solutions, strict=True)):
        kept = found[:, ~shard.padding[i]]
        rows.append(
            {
                "input": shard.ids[i],
                "masks": len(found),
                "status": str(solution.status) if solution else FAILED,
                "windows": solution.objective if solution and len(found) else np.nan,
                "overlap": overlap(found),
                "always": float(kept.all(axis=0).mean()) if len(found) else np.nan,
                "ever": float(kept.any(axis=0).mean()) if len(found) else np.nan,
            }
        )
    return pd.DataFrame(rows)


def overlap(masks: np.ndarray) -> float:
    """Mean Jaccard index of all pairs of masks, shape ``(found, *spatial)``; NaN below two."""
    pairs = list(combinations(masks, 2))
    if not pairs:
        return float("nan")
    one, other = (np.stack(part) for part in zip(*pairs, strict=True))
    return float(jaccard(one, other).mean())
