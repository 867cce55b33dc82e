"""Figure of one explanation: input, mask, saliency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from smug.errors import SmugError
from smug.figures.style import SIGNED_COLOURS, image_grid, show_mask, show_scores

if TYPE_CHECKING:
    from smug.explanation import Attribution


def explanation_figure(explanation: Attribution, max_rows: int = 8) -> Figure:
    """Draw input, mask (if any) and saliency, one row per input.

    Raises
    ------
    SmugError
        The inputs are not images.
    """
    inputs = explanation.inputs
    if not (inputs.ndim == 3 or (inputs.ndim == 4 and inputs.shape[-1] in (1, 3))):
        raise SmugError(
            f"inputs of shape {inputs.shape[1:]} are no images (height, width[, 1 or 3]); "
            "plot .values yourself"
        )
    masked = explanation.mask is not None
    rows = min(len(explanation), max_rows)
    titles = ["input", *(["mask"] if masked else []), explanation.method]
    figure, axes = image_grid(rows, titles, width=2.2 * len(titles))
    for i, row in enumerate(axes):
        _show_input(row[0], inputs[i])
        row[0].set_xlabel(f"class {explanation.target[i]}: {explanation.score[i]:.2f}")
        if masked:
            show_mask(row[1], explanation.mask[i])
            row[1].set_xlabel(f"{explanation.mask[i].mean():.1%} kept")
        _show_values(row[-1], explanation.values[i], explanation.saliency()[i])
    return figure


def _show_input(axis, image: np.ndarray) -> None:
    """Show an input in the model's own values, stretched to its own range for display."""
    image = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    low, high = float(image.min()), float(image.max())
    shown = (image - low) / ((high - low) or 1)
    axis.imshow(shown, cmap="gray" if shown.ndim == 2 else None, vmin=0, vmax=1)


def _show_values(axis, values: np.ndarray, saliency: np.ndarray) -> None:
    """Signed maps per pixel on a diverging scale, all others by magnitude."""
    if values.ndim == 2 and (values < 0).any():
        limit = np.abs(values).max()
        axis.imshow(values, cmap=SIGNED_COLOURS, vmin=-limit, vmax=limit)
    else:
        show_scores(axis, saliency)
