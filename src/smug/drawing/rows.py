"""Rows of numbers as small pictures without axes: each feature or step is a column of its own."""

from __future__ import annotations

import numpy as np

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
    pictures = np.full((len(values), _HEIGHT, wide * values.shape[1], 3), 255, np.uint8)
    for picture, row in zip(pictures, values, strict=True):
        _draw(picture, row, wide)
    return pictures


def _draw(picture: np.ndarray, row: np.ndarray, wide: int) -> None:
    low, high = min(row.min(initial=0.0), 0.0), max(row.max(initial=0.0), 0.0)
    height = (high - row) / ((high - low) or 1.0) * (_HEIGHT - 1)
    zero = round(high / ((high - low) or 1.0) * (_HEIGHT - 1))
    picture[zero] = _ZERO
    if row.ndim == 1:
        gap = wide // 6
        for j, end in enumerate(np.rint(height).astype(int)):
            top, bottom = sorted((int(end), zero))
            picture[top : bottom + 1, j * wide + gap : (j + 1) * wide - gap] = _BAR
        return
    places = (np.arange(len(row)) + 0.5) * wide
    across = np.arange(picture.shape[1]) + 0.5
    for channel in range(row.shape[1]):
        line = np.rint(np.interp(across, places, height[:, channel])).astype(int)
        before = np.r_[line[:1], line[:-1]]
        # A steep line has no gap between two columns.
        for x, (one, other) in enumerate(zip(line, before, strict=True)):
            top, bottom = min(one, other), max(one, other)
            picture[max(top - 1, 0) : bottom + 1, x] = _COLOURS[channel % len(_COLOURS)]
