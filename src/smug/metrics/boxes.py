"""Boxes that a saliency method has to beat: CenterBox, MaxBox and OptBox."""

from __future__ import annotations

import math

import keras
import numpy as np

from smug.errors import SmugError
from smug.metrics.lsc import BATCH, BoxScores, lowest_lsc


def center_box(height: int, width: int) -> np.ndarray:
    """Centred box of half the area: edges ``x1, y1, x2, y2`` in pixels, float64, shape (4,)."""
    side = math.sqrt(0.5)
    margin_x, margin_y = round(width * (1 - side) / 2), round(height * (1 - side) / 2)
    return np.array([margin_x, margin_y, width - margin_x, height - margin_y], np.float64)


def max_box(height: int, width: int) -> np.ndarray:
    """Box around the whole image: edges ``x1, y1, x2, y2`` in pixels, float64, shape (4,)."""
    return np.array([0, 0, width, height], np.float64)


def grid_boxes(height: int, width: int, cells: int = 10, least: int = 2) -> np.ndarray:
    """All boxes along the lines of a grid.

    Parameters
    ----------
    height, width : int
        Size of the image in pixels.
    cells : int
        Cells a side; lines lie at the nearest whole pixel.
    least : int
        Least height and width of a box in cells.

    Returns
    -------
    numpy.ndarray of int64, shape (boxes, 4)
        Edges ``x1, y1, x2, y2``; 2025 boxes for 10 cells and 2 least.
    """
    if not 1 <= least <= cells <= min(height, width):
        raise SmugError(
            f"cells={cells}, least={least} on an image of {width}x{height} pixels; "
            "allowed: 1 <= least <= cells <= height and width"
        )

    def spans(size: int) -> list[tuple[int, int]]:
        lines = [round(k * size / cells) for k in range(cells + 1)]
        return [(lines[i], lines[j]) for i in range(cells) for j in range(i + least, cells + 1)]

    across, down = spans(width), spans(height)
    return np.array([(x1, y1, x2, y2) for y1, y2 in down for x1, x2 in across], np.int64)


def opt_box(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    *,
    cells: int = 10,
    least: int = 2,
    batch_size: int | str = BATCH,
) -> BoxScores:
    """Box of lowest LSC on a grid, by exact search (Sahoo et al. 2021, section 5.2).

    Parameters
    ----------
    model, x, target, batch_size
        See :func:`smug.metrics.lsc.map_lsc`.
    cells, least : int
        See :func:`grid_boxes`.

    Returns
    -------
    BoxScores
        ``calls`` says how many of the boxes the network was run on.
    """
    height, width = np.shape(x)[1:3]
    boxes = grid_boxes(height, width, cells, least)
    return lowest_lsc(model, x, target, [boxes] * len(x), batch_size=batch_size)
