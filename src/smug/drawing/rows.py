"""Rows of numbers as small pictures without axes: each feature or step is a column of its own."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

#: Height of a picture in pixels, and its width at least.
_HEIGHT, _WIDTH = 120, 480
#: Colours of the channels of a series, of a bar, and of the line at 0.
_COLOURS = ((1, 115, 178), (222, 143, 5), (2, 158, 115), (213, 94, 0))
_BAR, _ZERO = (110, 120, 150), (205, 205, 212)


def drawn(values: np.ndarray) -> np.ndarray:
    """Draw rows as bars, and series as curves, all of a row on one scale.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (n, features) or (n, steps, channels)

    Returns
    -------
    numpy.ndarray of uint8, shape (n, height, width, 3)
        The width is a whole number of pixels for each feature or step.
    """
    values = np.asarray(values, np.float64)
    wide = max(1, -(-_WIDTH // values.shape[1]))
    size = (wide * values.shape[1], _HEIGHT)
    if not len(values):
        return np.zeros((0, *size[::-1], 3), np.uint8)
    return np.stack([np.asarray(_picture(row, wide, size)) for row in values])


def _picture(row: np.ndarray, wide: int, size: tuple[int, int]) -> Image.Image:
    low, high = min(row.min(initial=0.0), 0.0), max(row.max(initial=0.0), 0.0)
    height = (high - row) / ((high - low) or 1.0) * (_HEIGHT - 1)
    zero = round(high / ((high - low) or 1.0) * (_HEIGHT - 1))
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    pen.line([(0, zero), (size[0], zero)], fill=_ZERO)
    if row.ndim == 1:
        gap = wide // 6
        for j, end in enumerate(np.rint(height).astype(int).tolist()):
            left, right = j * wide + gap, (j + 1) * wide - gap - 1
            pen.rectangle([(left, min(end, zero)), (right, max(end, zero))], fill=_BAR)
        return image
    places = (np.arange(len(row)) + 0.5) * wide
    for channel in range(row.shape[1]):
        points = list(zip(places.tolist(), height[:, channel].tolist(), strict=True))
        pen.line(points, fill=_COLOURS[channel % len(_COLOURS)], width=2, joint="curve")
    return image
