"""The two-cats analysis: what is explained where a small and a big cat share an image.

Sahoo et al. 2021 show a cat at full size, at a quarter of the size, and both side by side: the
network sees the big one, and so do SMUG and IG, but a box around the small one wins the LSC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from PIL import Image

from smug.datasets.images import read_image
from smug.datasets.photographs import photograph_records
from smug.errors import SmugError
from smug.methods import explain
from smug.metrics.boxes import opt_box
from smug.metrics.lsc import box_lsc, map_lsc
from smug.models import rewire

#: Width of the big cat as a share of the canvas; the small one has half its width and height.
BIG = 2 / 3
PHOTOGRAPH = "chelsea"


@dataclass(frozen=True)
class TwoCats:
    """Three images on white, shape (3, size, size, 3), uint8: big cat, small cat, both.

    ``boxes`` holds the places ``x1, y1, x2, y2`` of the big and the small cat.
    """

    images: np.ndarray
    boxes: np.ndarray


@dataclass(frozen=True)
class TwoCatsResult:
    """Classes, maps and boxes that the network and the methods give for them.

    Parameters
    ----------
    target : int
        Class predicted for both cats together.
    confidence : numpy.ndarray, shape (3,)
        Its probability for the big cat, the small cat, both.
    box_lsc : numpy.ndarray, shape (2,)
        LSC of the boxes around the big and the small cat in the image of both.
    maps : dict of str to numpy.ndarray, shape (size, size)
    map_boxes : dict of str to numpy.ndarray, shape (4,)
        Box of lowest LSC of each map, and of ``opt_box``.
    map_lsc : dict of str to float
    shares : dict of str to (float, float)
        Share of each map's sum on the big and on the small cat.
    """

    target: int
    confidence: np.ndarray
    box_lsc: np.ndarray
    maps: dict[str, np.ndarray]
    map_boxes: dict[str, np.ndarray]
    map_lsc: dict[str, float]
    shares: dict[str, tuple[float, float]]


def compose_cats(cat: Image.Image, size: int) -> TwoCats:
    """Put a picture of a cat on white: big on the left, small on the right.

    Parameters
    ----------
    cat : PIL.Image.Image
    size : int
        Side of the square canvas in pixels.
    """
    width = round(size * BIG)
    height = min(round(width * cat.height / cat.width), size)
    places = []
    for factor, left in ((1.0, 0), (0.5, width)):
        w, h = round(width * factor), round(height * factor)
        top = (size - h) // 2
        places.append((left, top, min(left + w, size), top + h))
    images = np.full((3, size, size, 3), 255, np.uint8)
    for number, (x1, y1, x2, y2) in enumerate(places):
        picture = np.asarray(cat.resize((x2 - x1, y2 - y1), Image.Resampling.BILINEAR))
        images[number, y1:y2, x1:x2] = picture
        images[2, y1:y2, x1:x2] = picture
    return TwoCats(images, np.array(places, np.float64))


def demo_cat() -> Image.Image:
    """Cut the cat out of the demo photograph along its box."""
    records, _ = photograph_records()
    record = next(record for record in records if record.id == PHOTOGRAPH)
    marked = record.annotation() if record.annotation else None
    if marked is None:
        raise SmugError(f"photograph {PHOTOGRAPH} has no box; add one to photographs.csv")
    left, top, right, bottom = map(int, marked.box)
    return read_image(record.path).crop((left, top, right, bottom))


def explain_two_cats(
    model: keras.Model,
    cats: TwoCats,
    preprocess: Callable[[np.ndarray], np.ndarray],
    settings: dict[str, dict[str, Any]],
    cells: int,
) -> TwoCatsResult:
    """Explain the image of both cats with every method of ``settings``.

    Parameters
    ----------
    model : keras.Model
    cats : TwoCats
    preprocess : callable
        From uint8 pixels to the model's input.
    settings : dict of str to dict
        Settings of each method of :data:`smug.methods.METHODS`.
    cells : int
        Cells a side of OptBox's grid.
    """
    x = preprocess(cats.images)
    outputs = rewire.outputs_of(model, x)
    target = int(outputs[2].argmax())
    both, label = x[2:], np.array([target])
    scores = box_lsc(model, np.repeat(both, 2, axis=0), np.repeat(label, 2), cats.boxes)
    maps, boxes, lsc, shares = {}, {}, {}, {}
    for method, chosen in settings.items():
        maps[method] = explain(model, both, target, method, **chosen).saliency()[0]
        found = map_lsc(model, both, label, maps[method][None])
        boxes[method], lsc[method] = found.boxes[0], float(found.lsc[0])
        shares[method] = _shares(maps[method], cats.boxes)
    best = opt_box(model, both, label, cells=cells)
    boxes["opt_box"], lsc["opt_box"] = best.boxes[0], float(best.lsc[0])
    return TwoCatsResult(target, outputs[:, target], scores.lsc, maps, boxes, lsc, shares)


def _shares(scores: np.ndarray, boxes: np.ndarray) -> tuple[float, float]:
    total = scores.sum() or 1.0
    big, small = (float(scores[y1:y2, x1:x2].sum() / total) for x1, y1, x2, y2 in boxes.astype(int))
    return big, small
