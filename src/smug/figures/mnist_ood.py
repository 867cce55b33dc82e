"""Figure: masks of the whole network are out of distribution, SMUG's are not (paper, fig. 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from smug.drawing import image_grid, show_image, show_mask, show_scores

TITLES = (
    "digit",
    "smallest mask,\nwhole network",
    "masked digit,\nwhole network",
    "smallest mask,\nSMUG",
    "SMUG saliency",
)


@dataclass(frozen=True)
class ExplainedDigit:
    """One digit and its masks.

    Parameters
    ----------
    image : numpy.ndarray of uint8, shape (28, 28)
    target : int
        The predicted class, ``confidence`` its probability.
    masked_image : numpy.ndarray, shape (28, 28)
        The digit under ``network_mask``.
    network_mask, smug_mask : numpy.ndarray of bool, shape (28, 28)
    masked_class : int
        What the network calls ``masked_image``, with ``masked_confidence``.
    saliency : numpy.ndarray, shape (28, 28)
        SMUG scores.
    """

    image: np.ndarray
    target: int
    confidence: float
    network_mask: np.ndarray
    masked_image: np.ndarray
    masked_class: int
    masked_confidence: float
    smug_mask: np.ndarray
    saliency: np.ndarray


def mnist_ood(digits: Sequence[ExplainedDigit]) -> Figure:
    """Draw one row per digit."""
    figure, axes = image_grid(len(digits), TITLES)
    for row, digit in zip(axes, digits, strict=True):
        show_image(row[0], digit.image)
        show_mask(row[1], digit.network_mask)
        show_image(row[2], digit.masked_image)
        show_mask(row[3], digit.smug_mask)
        show_scores(row[4], digit.saliency)
        row[0].set_xlabel(f"“{digit.target}” {digit.confidence:.2f}")
        row[1].set_xlabel(f"{digit.network_mask.mean():.1%} kept")
        row[2].set_xlabel(f"“{digit.masked_class}” {digit.masked_confidence:.2f}")
        row[3].set_xlabel(f"{digit.smug_mask.mean():.1%} kept")
    return figure
