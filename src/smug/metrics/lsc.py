"""Log Saliency Confidence: how small a crop keeps the network sure of its answer.

``LSC = log(max(0.05, a)) - log(c)`` for a crop of area share ``a`` whose bilinear enlargement gets
probability ``c`` for the label predicted on the full image; lower is better (Dabkowski and Gal
2017; Sahoo et al. 2021, section 5). A saliency map scores as its best crop.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from smug.attribution.targets import check_target
from smug.errors import SmugError, SmugWarning
from smug.metrics.maps import checked_maps
from smug.models import backend, rewire
from smug.models.backend import Spec
from smug.models.batches import Batches
from smug.models.precision import computed_in_float32

MIN_AREA = 0.05  # Dabkowski and Gal: crops below 5 % of the image win nothing more
THRESHOLDS = 100  # paper: "about 100"
BATCH = 4  # as fast per crop as 16 on a CPU, and fewer crops run before the search can end


@dataclass(frozen=True)
class BoxScores:
    """The best box of each image; row i of every array is one image.

    Parameters
    ----------
    lsc : numpy.ndarray of float64, shape (batch,)
        Lowest LSC; infinite where there was no box to try, NaN where none was given.
    boxes : numpy.ndarray of float64, shape (batch, 4)
        Edges ``x1, y1, x2, y2`` of the box that reached it, in pixels; NaN where there is none.
    confidence : numpy.ndarray of float64, shape (batch,)
        Probability of the label on that crop.
    area : numpy.ndarray of float64, shape (batch,)
        Area of the box as a share of the image.
    calls : numpy.ndarray of int64, shape (batch,)
        Crops the network was run on.
    """

    lsc: np.ndarray
    boxes: np.ndarray
    confidence: np.ndarray
    area: np.ndarray
    calls: np.ndarray


def lsc(area: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """``log(max(0.05, area)) - log(confidence)``, float64; infinite for confidence 0."""
    with np.errstate(divide="ignore"):
        return np.log(np.maximum(MIN_AREA, area)) - np.log(np.asarray(confidence, np.float64))


def map_lsc(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    saliency: np.ndarray,
    *,
    thresholds: int = THRESHOLDS,
    batch_size: int | str = BATCH,
) -> BoxScores:
    """LSC of saliency maps.

    Parameters
    ----------
    model : keras.Model
        Maps (batch, height, width, channels) to probabilities.
    x : numpy.ndarray, shape (batch, height, width, channels)
        Preprocessed images.
    target : numpy.ndarray of int, shape (batch,)
        Label the network predicts on each full image.
    saliency : numpy.ndarray, shape (batch, height, width)
        Saliency maps.
    thresholds : int
        Most thresholds to try besides 0; see :func:`map_thresholds`.
    batch_size : int or "auto"
        Crops a network call; halved where memory is not enough. ``auto``: see
        :class:`smug.models.batches.Batches`.

    Returns
    -------
    BoxScores
        An all-zero map boxes nothing: LSC infinity, the worst there is, and a warning.
    """
    x = np.asarray(x)
    saliency = checked_maps(saliency, x.shape[:3])
    candidates = [threshold_boxes(one, map_thresholds(one, thresholds)) for one in saliency]
    empty = [i for i, boxes in enumerate(candidates) if not len(boxes)]
    if empty:
        warnings.warn(
            f"saliency maps {empty} are nowhere positive: no box, worst LSC (infinity)",
            SmugWarning,
            stacklevel=2,
        )
    return lowest_lsc(model, x, target, candidates, batch_size=batch_size)


def box_lsc(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    boxes: np.ndarray,
    *,
    batch_size: int | str = BATCH,
) -> BoxScores:
    """LSC of one given box an image (CenterBox, MaxBox, GroundTruth).

    Parameters
    ----------
    model, x, target, batch_size
        See :func:`map_lsc`.
    boxes : numpy.ndarray, shape (batch, 4)
        Edges ``x1, y1, x2, y2`` in pixels, widened to whole pixels and cut at the image's edge;
        NaN for an image without a box, whose LSC is NaN.
    """
    boxes = np.asarray(boxes, np.float64)
    if boxes.shape != (len(x), 4):
        raise SmugError(f"boxes have shape {boxes.shape}; expected ({len(x)}, 4)")
    height, width = np.shape(x)[1:3]
    given = np.isfinite(boxes).all(axis=1)
    whole = np.concatenate([np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:])], axis=1)
    whole = np.clip(whole, 0, [width, height, width, height])
    candidates = [whole[i : i + 1] if given[i] else whole[:0] for i in range(len(x))]
    scores = lowest_lsc(model, x, target, candidates, batch_size=batch_size)
    scores.lsc[~given] = np.nan
    return scores


def map_thresholds(saliency: np.ndarray, most: int = THRESHOLDS) -> np.ndarray:
    """Thresholds to try on a map: 0 and its unique values.

    Parameters
    ----------
    saliency : numpy.ndarray, shape (height, width)
        One map.
    most : int
        Where there are more unique values, ``most`` of them at evenly spaced ranks, the smallest
        and the largest included, stand for all.

    Returns
    -------
    numpy.ndarray of saliency's dtype, shape (<= most + 1,), ascending
    """
    if most < 2:
        raise SmugError(f"thresholds={most}; give 2 or more (paper: about 100)")
    values = np.unique(saliency)
    if len(values) > most:
        values = values[np.linspace(0, len(values) - 1, most).round().astype(int)]
    return np.unique(np.append(values, values.dtype.type(0)))


def threshold_boxes(saliency: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Distinct tightest boxes around the pixels above each threshold.

    Parameters
    ----------
    saliency : numpy.ndarray, shape (height, width)
    thresholds : numpy.ndarray, shape (t,)

    Returns
    -------
    numpy.ndarray of int64, shape (boxes, 4)
        Edges ``x1, y1, x2, y2``; thresholds that no pixel exceeds give none.
    """

    def extent(profile: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # A row holds a pixel above t exactly if its maximum is above t.
        above = profile[None] > thresholds[:, None]
        return above.argmax(axis=1), len(profile) - above[:, ::-1].argmax(axis=1)

    thresholds = thresholds[thresholds < saliency.max()]
    y1, y2 = extent(saliency.max(axis=1))
    x1, x2 = extent(saliency.max(axis=0))
    return np.unique(np.stack([x1, y1, x2, y2], axis=1), axis=0)


@computed_in_float32
def lowest_lsc(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    candidates: Sequence[np.ndarray],
    *,
    batch_size: int | str = BATCH,
) -> BoxScores:
    """Find the box of lowest LSC among each image's candidates, with as few calls as is exact.

    ``-log(c)`` is never negative, so ``log(max(0.05, a))`` is a lower bound: candidates are taken
    in the order of that bound and the search ends when it reaches the best score so far.

    Parameters
    ----------
    model, x, target, batch_size
        See :func:`map_lsc`.
    candidates : sequence of numpy.ndarray, shape (boxes, 4)
        For each image the boxes to choose from, edges ``x1, y1, x2, y2`` at whole pixels.
    """
    batches = Batches(batch_size)
    images = rewire.as_batch(model, x)
    target = check_target(model, target, len(images))
    height, width = (int(side) for side in images.shape[1:3])
    found, size = [], batches.size
    for i, boxes in enumerate(candidates):
        boxes = _check_boxes(boxes, (height, width))

        def confidences(some: np.ndarray, i: int = i) -> np.ndarray:
            def part(rows: slice) -> np.ndarray:
                spare = backend.spare_rows(rows.stop - rows.start, batches.size)
                boxes = np.pad(some[rows], ((0, spare), (0, 0)), "edge")
                made = _crop_confidences(model, images[i], boxes, target[i])
                return made[: rows.stop - rows.start]

            return np.concatenate([made for _, made in batches.over(part, len(some))])

        found.append(_search(boxes, (height, width), confidences, size))
    scores, best, confidence, area, calls = zip(*found, strict=True) if found else ((),) * 5
    return BoxScores(
        lsc=np.array(scores, np.float64),
        boxes=np.array(best, np.float64).reshape(-1, 4),
        confidence=np.array(confidence, np.float64),
        area=np.array(area, np.float64),
        calls=np.array(calls, np.int64),
    )


def _check_boxes(boxes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    boxes = np.asarray(boxes, np.int64).reshape(-1, 4)
    x1, y1, x2, y2 = boxes.T
    wrong = (x1 < 0) | (y1 < 0) | (x2 > shape[1]) | (y2 > shape[0]) | (x1 >= x2) | (y1 >= y2)
    if wrong.any():
        raise SmugError(
            f"box {boxes[wrong][0].tolist()} is empty or outside the image of {shape[1]}x{shape[0]}"
            " pixels; allowed: 0 <= x1 < x2 <= width, 0 <= y1 < y2 <= height"
        )
    return boxes


def _search(
    boxes: np.ndarray,
    shape: tuple[int, int],
    confidences: Callable[[np.ndarray], np.ndarray],
    batch_size: int,
) -> tuple[float, np.ndarray, float, float, int]:
    """Best-first search; returns LSC, box, confidence, area share and the number of crops run."""
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) / (shape[0] * shape[1])
    bound = np.log(np.maximum(MIN_AREA, area))
    # Among equal bounds the larger crop is likelier to be recognised: try it first.
    order = np.lexsort((-area, bound))
    best = (math.inf, np.full(4, np.nan), math.nan, math.nan)
    calls = 0
    while calls < len(order):
        chunk = order[calls : calls + batch_size]
        chunk = chunk[bound[chunk] < best[0]]
        if not len(chunk):
            break
        confidence = confidences(boxes[chunk]).astype(np.float64)
        calls += len(chunk)
        scores = lsc(area[chunk], confidence)
        k = int(scores.argmin())
        if scores[k] < best[0]:
            best = (float(scores[k]), boxes[chunk[k]], float(confidence[k]), float(area[chunk[k]]))
    return *best, calls


def _crop_confidences(
    model: keras.Model, image: np.ndarray, boxes: np.ndarray, target: np.ndarray
) -> np.ndarray:
    """Probability of ``target`` on each crop of one image, enlarged to the image's size."""

    def run(image: Any, boxes: Any, target: Any) -> Any:
        outputs = rewire.run_from(model, None, image, crop_and_resize(image, boxes))
        return outputs[:, 0 if outputs.shape[1] == 1 else target]

    signature = (Spec.of(image), Spec((None, 4), "int64"), Spec((), "int64"))
    function = rewire.compiled(
        model, ("crop_confidences", *signature), lambda: rewire.traced(model, run, signature)
    )
    return ops.convert_to_numpy(function(image, boxes, target))


def crop_and_resize(image: Any, boxes: Any) -> Any:
    """Crop an image to each box and resize each crop to the image's size, bilinear.

    The same as cutting each crop out and calling ``keras.ops.image.resize`` on it (pixel centres at
    halves, edges repeated), for all boxes at once.

    Parameters
    ----------
    image : tensor, shape (height, width, channels)
    boxes : tensor of int64, shape (boxes, 4)
        Edges ``x1, y1, x2, y2``.

    Returns
    -------
    tensor, shape (boxes, height, width, channels)
    """

    def taps(start: Any, end: Any, size: int) -> tuple[Any, ...]:
        length = ops.cast(end - start, kind)[:, None]
        centre = (ops.arange(size, dtype=kind) + 0.5) * length / size - 0.5
        centre = ops.minimum(ops.maximum(centre, 0.0), length - 1)
        low = ops.floor(centre)
        first = start[:, None] + ops.cast(low, start.dtype)
        return first, ops.minimum(first + 1, end[:, None] - 1), centre - low

    kind, (height, width, channels) = rewire.type_of(image), image.shape
    top, bottom, down = taps(boxes[:, 1], boxes[:, 3], height)
    left, right, across = taps(boxes[:, 0], boxes[:, 2], width)
    upper, lower = ops.take(image, top, axis=0), ops.take(image, bottom, axis=0)
    rows = upper + (lower - upper) * down[:, :, None, None]
    # Of all pixels in one list, since to take along the second axis of a batch takes longer.
    pixels = ops.reshape(rows, (-1, channels))
    count = ops.shape(boxes)[0] * height
    first = ops.reshape(ops.arange(count, dtype=boxes.dtype) * width, (-1, height, 1))
    near, far = (ops.take(pixels, first + at[:, None, :], axis=0) for at in (left, right))
    return near + (far - near) * across[:, None, :, None]
