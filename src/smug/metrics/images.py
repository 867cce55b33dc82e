"""Every measure of every saliency method on a shard of images, as rows of the result table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter

import keras
import numpy as np
from tqdm import tqdm

from smug.attribution.scores import class_scores
from smug.masks.replacement import replaced_images
from smug.masks.saliency import sparsity
from smug.metrics import curves
from smug.metrics.boxes import center_box, grid_boxes, max_box, opt_box
from smug.metrics.lsc import BoxScores, box_lsc, map_lsc
from smug.models import rewire
from smug.models.precision import computed_in_float32

#: Methods that have a box in place of a map, beside OptBox.
BOXES = ("center_box", "max_box", "ground_truth")


@dataclass(frozen=True)
class MethodMaps:
    """Maps of one method on the images of a shard.

    Parameters
    ----------
    maps : numpy.ndarray, shape (n, height, width)
    masks : numpy.ndarray of bool, shape (n, height, width), or None
        Kept pixels, for methods that have a mask.
    seconds : numpy.ndarray of float64, shape (n,)
    made : numpy.ndarray of bool, shape (n,)
        False where the method failed: its measures are missing.
    """

    maps: np.ndarray
    masks: np.ndarray | None
    seconds: np.ndarray
    made: np.ndarray

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Values of the inputs whose map was made, at their places among all; NaN elsewhere."""
        everywhere = np.full(len(self.made), np.nan)
        everywhere[self.made] = values
        return everywhere


@dataclass(frozen=True)
class ScoredImages:
    """Images that methods are measured on; row i of every array is one image.

    Parameters
    ----------
    model : keras.Model
    preprocess : callable
        From uint8 pixels to the model's input.
    pixels : numpy.ndarray of uint8, shape (n, height, width[, 3])
    target : numpy.ndarray of int64, shape (n,)
        Class that the model predicts on the whole image.
    boxes : numpy.ndarray of float64, shape (n, 4)
        Annotated boxes ``x1, y1, x2, y2`` in pixels; NaN without one.
    """

    model: keras.Model
    preprocess: Callable[[np.ndarray], np.ndarray]
    pixels: np.ndarray
    target: np.ndarray
    boxes: np.ndarray

    @property
    def photographs(self) -> bool:
        """True if a crop, enlarged, still shows what the network knows: not so for digits."""
        return self.pixels.ndim == 4


def score_boxes(images: ScoredImages, cells: int) -> Iterator[tuple[str, str, np.ndarray]]:
    """Measure CenterBox, MaxBox, GroundTruth and OptBox; nothing but photographs has boxes.

    Yields
    ------
    method, metric : str
    values : numpy.ndarray of float64, shape (n,)
    """
    if not images.photographs:
        return
    x = images.preprocess(images.pixels)
    height, width = x.shape[1:3]
    given = {
        "center_box": np.tile(center_box(height, width), (len(x), 1)),
        "max_box": np.tile(max_box(height, width), (len(x), 1)),
        "ground_truth": images.boxes,
    }
    for method in BOXES:
        scores = box_lsc(images.model, x, images.target, given[method])
        area = np.prod(given[method][:, 2:] - given[method][:, :2], axis=1) / (height * width)
        yield from ((method, *row) for row in _box_rows(scores))
        yield method, "sparsity", area
    begin = perf_counter()
    found = [
        opt_box(images.model, x[i : i + 1], images.target[i : i + 1], cells=cells)
        for i in tqdm(range(len(x)), desc="opt_box", unit="image")
    ]
    scores = BoxScores(*(np.concatenate(rows) for rows in zip(*map(_fields, found), strict=True)))
    yield from (("opt_box", *row) for row in _box_rows(scores))
    boxes = len(grid_boxes(height, width, cells))
    yield "opt_box", "boxes", np.full(len(x), float(boxes))
    yield "opt_box", "sparsity", scores.area
    yield "opt_box", "seconds", np.full(len(x), (perf_counter() - begin) / max(len(x), 1))


def score_methods(
    images: ScoredImages,
    methods: Mapping[str, MethodMaps],
    *,
    cells: int,
    thresholds: int,
    curve_steps: int,
    replacement: str = "zero",
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Measure the boxes and every method's maps; as :func:`score_boxes`, nothing of no images."""
    if not len(images.pixels):
        return
    yield from score_boxes(images, cells)
    for name, method in methods.items():
        print(f"{name}: {np.count_nonzero(method.made)} of {len(method.made)} images", flush=True)
        rows = score_maps(
            images,
            method,
            thresholds=thresholds,
            curve_steps=curve_steps,
            replacement=replacement,
        )
        yield from ((name, *row) for row in rows)


def score_maps(
    images: ScoredImages,
    method: MethodMaps,
    *,
    thresholds: int,
    curve_steps: int,
    replacement: str = "zero",
) -> Iterator[tuple[str, np.ndarray]]:
    """Measure the maps of one method; missing where the method failed.

    A removed pixel becomes the `replacement`, as in the mask problems: in a mask's sufficiency and
    comprehensiveness, and on the way of the insertion and deletion curves.

    Yields
    ------
    metric : str
    values : numpy.ndarray of float64, shape (n,)
    """
    pixels, target = images.pixels[method.made], images.target[method.made]
    maps, x = method.maps[method.made], images.preprocess(pixels)
    if images.photographs:
        scores = map_lsc(images.model, x, target, maps, thresholds=thresholds)
        for metric, values in _box_rows(scores):
            yield metric, method.spread(values)
    yield from score_parts(
        images.model, x, target, method, curve_steps=curve_steps, replacement=replacement
    )
    softmax, accuracy = curves.information_curves(
        images.model, pixels, target, maps, preprocessing=images.preprocess
    )
    yield "softmax_information", method.spread(softmax.area)
    yield "accuracy_information", method.spread(accuracy.area)
    yield "seconds", np.where(method.made, method.seconds, np.nan)


def score_parts(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    method: MethodMaps,
    *,
    curve_steps: int,
    replacement: str = "zero",
) -> Iterator[tuple[str, np.ndarray]]:
    """Measure what the network says of parts of the inputs: a method's masks, and its curves.

    Parameters
    ----------
    model : keras.Model
        On pictures, (batch, height, width[, channels]).
    x : numpy.ndarray, shape (made, height, width[, channels])
        As the network gets them, of the inputs whose map was made.
    target : numpy.ndarray of int64, shape (made,)

    Yields
    ------
    metric : str
    values : numpy.ndarray of float64, shape (n,)
    """
    if method.masks is not None:
        masks = method.masks[method.made]
        yield "sparsity", method.spread(sparsity(masks))
        kept, removed, whole = (
            kept_probability(model, x, target, some, replacement)
            for some in (masks, ~masks, np.ones_like(masks))
        )
        yield "sufficiency", method.spread(kept)
        yield "comprehensiveness", method.spread(whole - removed)
    maps = method.maps[method.made]
    for curve in (curves.insertion, curves.deletion):
        made = curve(model, x, target, maps, replacement=replacement, steps=curve_steps)
        yield curve.__name__, method.spread(made.area)


@computed_in_float32
def kept_probability(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    masks: np.ndarray,
    replacement: str | float | np.ndarray = "zero",
) -> np.ndarray:
    """Probability of the target on the kept pixels alone, as SMUG's constraint has them.

    On a mask it is the mask's sufficiency; what the whole image has above the probability on the
    pixels that the mask leaves out is its comprehensiveness (DeYoung et al. 2020, ERASER).

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray, shape (n, height, width[, channels])
        Preprocessed images.
    target : numpy.ndarray of int64, shape (n,)
    masks : numpy.ndarray of bool, shape (n, height, width)
    replacement : {"zero", "mean", "blur"}, float or numpy.ndarray
        What a removed pixel becomes, see :func:`smug.masks.replacement.replacement_of`.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
    """
    keep = masks.reshape(*masks.shape, *[1] * (x.ndim - masks.ndim))
    kept = np.where(keep, x, replaced_images(x, replacement))
    if not len(kept):
        return np.zeros(0)
    return class_scores(rewire.outputs_of(model, kept), target).astype(np.float64)


def _fields(scores: BoxScores) -> tuple[np.ndarray, ...]:
    return scores.lsc, scores.boxes, scores.confidence, scores.area, scores.calls


def _box_rows(scores: BoxScores) -> Iterator[tuple[str, np.ndarray]]:
    yield "lsc", scores.lsc
    yield "confidence", scores.confidence
    yield "area", scores.area
    yield "calls", scores.calls.astype(np.float64)
    for edge, name in enumerate(("x1", "y1", "x2", "y2")):
        yield name, scores.boxes[:, edge]
