"""Curves over the most salient pixels: deletion, insertion and performance information curves.

Deletion and insertion: Petsiuk et al. 2018 (RISE). Softmax and accuracy information curves:
Kapishnikov et al. 2019 (XRAI).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from PIL import Image

from smug.attribution.targets import check_target
from smug.errors import SmugError
from smug.masks.replacement import BLUR, blurred
from smug.metrics.maps import ranks
from smug.metrics.removed import answers, hidden_inputs, without
from smug.models.inputs import as_batch
from smug.models.precision import computed_in_float32

#: Shares of pixels shown on the way of an information curve, as XRAI's authors chose them.
FRACTIONS = (0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1, 0.13, 0.21, 0.34, 0.5, 0.75)
#: Deletion and insertion: equal steps.
STEPS = 28


@dataclass(frozen=True)
class Curve:
    """A curve for each image.

    Parameters
    ----------
    x : numpy.ndarray of float64, shape (points,)
        Share of the pixels (or of the information) shown, from 0 to 1.
    y : numpy.ndarray of float64, shape (batch, points)
        What the network makes of it; NaN for an image that has no curve.
    """

    x: np.ndarray
    y: np.ndarray

    @property
    def area(self) -> np.ndarray:
        """Area under each curve, shape (batch,)."""
        return np.trapezoid(self.y, self.x, axis=1)


@computed_in_float32
def deletion(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    saliency: np.ndarray,
    *,
    replacement: str | float | np.ndarray = "zero",
    steps: int = STEPS,
    seed: int = 0,
    batch_size: int | str = 16,
) -> Curve:
    """Probability while the most salient pixels are taken away; a low area is good.

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray, shape (batch, height, width[, channels])
        Preprocessed images.
    target : numpy.ndarray of int, shape (batch,)
    saliency : numpy.ndarray, shape (batch, height, width)
    replacement : {"zero", "mean", "blur"}, float or numpy.ndarray
        What a pixel taken away becomes, see :func:`smug.masks.replacement.replacement_of`.
    steps : int
        Equal steps from the whole image to none of it.
    seed : int
        Decides the order of equally salient pixels.
    batch_size : int or "auto"
        Images a network call.

    Returns
    -------
    Curve
        ``x`` is the share of pixels taken away.
    """
    x = as_batch(model, x)
    hidden = hidden_inputs(x, replacement)
    return _pixel_curve(model, x, hidden, target, saliency, steps, seed, batch_size)


@computed_in_float32
def insertion(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    saliency: np.ndarray,
    *,
    replacement: str | float | np.ndarray = "blur",
    steps: int = STEPS,
    seed: int = 0,
    batch_size: int | str = 16,
) -> Curve:
    """Probability while an image without pixels gets the most salient back; a high area is good.

    Parameters
    ----------
    model, x, target, saliency, steps, seed, batch_size
        See :func:`deletion`.
    replacement : {"zero", "mean", "blur"}, float or numpy.ndarray
        What a pixel is before it comes back; the blurred image is the original's choice.

    Returns
    -------
    Curve
        ``x`` is the share of pixels shown.
    """
    x = as_batch(model, x)
    hidden = hidden_inputs(x, replacement)
    return _pixel_curve(model, hidden, x, target, saliency, steps, seed, batch_size)


@computed_in_float32
def information_curves(
    model: keras.Model,
    pixels: np.ndarray,
    target: np.ndarray,
    saliency: np.ndarray,
    *,
    preprocessing: Callable[[np.ndarray], np.ndarray],
    fractions: tuple[float, ...] = FRACTIONS,
    blur: float = BLUR,
    points: int = 100,
    seed: int = 0,
    batch_size: int | str = 16,
) -> tuple[Curve, Curve]:
    """Softmax and accuracy information curves (SIC, AIC); high areas are good.

    A blurred image gets its most salient pixels back. ``x`` is the information shown, measured as
    the size of the losslessly compressed image between the blurred (0) and the whole image (1);
    ``y`` the probability on the same scale, or whether the label is predicted. As in the original
    no curve ever falls. Different from it: the start is a Gaussian blur (there: interpolated from
    1 % of the pixels), and images of any confidence take part.

    Parameters
    ----------
    model : keras.Model
    pixels : numpy.ndarray of uint8, shape (batch, height, width[, 3])
    target : numpy.ndarray of int, shape (batch,)
    saliency : numpy.ndarray, shape (batch, height, width)
    preprocessing : callable
        From pixels to the network's input.
    fractions : tuple of float
        Shares of pixels to show on the way.
    blur : float
        See :func:`smug.masks.replacement.blurred`.
    seed, batch_size
        See :func:`insertion`.
    points : int
        Points of the returned curves.

    Returns
    -------
    softmax, accuracy : Curve
        NaN for images that compress or predict no better whole than blurred.
    """
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8:
        raise SmugError(f"information curves need uint8 pixels, got {pixels.dtype}")
    starts = blurred(pixels.astype(np.float32), blur).round().astype(np.uint8)
    counts = np.array([0.0, *fractions, 1.0]) * saliency[0].size if len(pixels) else np.zeros(0)
    x = np.linspace(0, 1, points)
    softmax, accuracy = np.full((2, len(pixels), points), np.nan)
    rank = ranks(saliency, pixels.shape[:3], seed)
    check_target(model, target, len(pixels))
    for i, (start, whole) in enumerate(zip(starts, pixels, strict=True)):
        shown = rank[i] < counts[:, None, None].round()
        frames = np.stack(list(without(start, whole, shown)))
        probability, correct = answers(model, preprocessing(frames), int(target[i]), batch_size)
        size = np.array([_compressed(frame) for frame in frames], np.float64)
        if size[-1] <= size[0] or probability[-1] <= probability[0]:
            continue
        information = np.clip((size - size[0]) / (size[-1] - size[0]), 0, 1)
        sure = np.clip((probability - probability[0]) / (probability[-1] - probability[0]), 0, 1)
        softmax[i] = _rising(information, sure, x)
        accuracy[i] = _rising(information, correct, x)
    return Curve(x, softmax), Curve(x, accuracy)


def _pixel_curve(
    model: keras.Model,
    start: np.ndarray,
    end: np.ndarray,
    target: np.ndarray,
    saliency: np.ndarray,
    steps: int,
    seed: int,
    batch_size: int | str,
) -> Curve:
    """Probability while pixels of ``start`` become those of ``end``, most salient first."""
    if steps < 1:
        raise SmugError(f"steps={steps}; give 1 or more")
    x = np.linspace(0, 1, steps + 1)
    y = np.zeros((len(start), steps + 1))
    rank = ranks(saliency, start.shape[:3], seed)
    check_target(model, target, len(start))
    for i in range(len(start)):
        changed = (rank[i] < count for count in (x * rank[i].size).round())
        frames = without(start[i], end[i], changed)
        y[i] = answers(model, frames, int(target[i]), batch_size)[0]
    return Curve(x, y)


def _compressed(pixels: np.ndarray) -> int:
    """Bytes of the image as PNG: how much information it holds."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="png")
    return buffer.tell()


def _rising(information: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Never-falling curve through the points, read off at ``x``."""
    order = np.argsort(information, kind="stable")
    return np.interp(x, information[order], np.maximum.accumulate(y[order]))
