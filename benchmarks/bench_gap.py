"""Causes of the differences between the paper's table 1 and ours, each switched on alone.

Run with ``python benchmarks/bench_gap.py --root <folder> --images 60``; the folder is laid out as
ImageNet's validation images. Per image the nodes' attributions are computed once; a cause changes
one thing after it, but for the shape of the image, which changes everything. Each row of the
table: the median with the cause, and the median of the differences to the run as it is (negative:
the cause lowers it), with its paired Wilcoxon test.

The causes:

- *thresholds*: 20 of a map's values, or all of them, in place of 100;
- *enlarging*: crops enlarged by the nearest pixel, or by cubic splines, in place of bilinear;
- *field*: the first kernel seen as 7 x 7, as Inception v1's, zeros around its own 3 x 3 weights:
  the same network, the same masks, scores spread over larger fields;
- *share of nodes*: as large a share of the first layer's nodes as 3,000 are in Inception v1;
- *bias*: the response with biases (``paper``) or without (``bias_free``), where masks are not
  empty;
- *cells*: SMUG's map as coarse as GradCAM's (blurred with its cells), GradCAM's cells not
  interpolated;
- *shape*: the image as wide as 4:3 again, of which most of ImageNet's photographs are, then its
  middle square.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import random
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pandas as pd
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.stats import wilcoxon
from tqdm import tqdm

from smug.attribution.gradcam import gradcam, last_feature_maps
from smug.attribution.smug import SmugDetails, smug
from smug.datasets.imagenet import validation_records
from smug.datasets.images import ImageRecord, prepare_images
from smug.datasets.prepared import PreparedImages
from smug.masks.linear import LinearMap
from smug.masks.minimal import ChosenNodes, minimal_mask
from smug.metrics.boxes import center_box, max_box
from smug.metrics.lsc import box_lsc, lsc, map_lsc, map_thresholds, threshold_boxes
from smug.models import rewire
from smug.models.first_layer import FirstLayer, find_first_layer
from smug.models.fold import fold_batch_norm
from smug.models.networks import efficientnet_lite0, squeezenet
from smug.models.preprocessing import Preprocessing

NETWORKS = {"efficientnet_lite0": efficientnet_lite0, "squeezenet": squeezenet}
TOP_K, WINDOW, STEPS = 3000, 4, 50
#: Nodes of Inception v1's first layer: 112 x 112 positions, 64 filters.
INCEPTION_NODES, INCEPTION_KERNEL = 112 * 112 * 64, 7

Row = tuple[str, str, float]


def images_of(root: Path, count: int, size: tuple[int, int]) -> PreparedImages:
    """Images in an order drawn by a seed, those with a box first."""
    records, names = validation_records(root)
    random.Random(0).shuffle(records)
    records.sort(key=lambda record: not _has_box(record))
    return prepare_images(records[:count], names, size)[0]


def _has_box(record: ImageRecord) -> bool:
    return record.annotation is not None and record.annotation() is not None


def unsquashed(image: np.ndarray) -> np.ndarray:
    """Middle square of an image that is stretched to 4:3."""
    side = image.shape[0]
    wide = Image.fromarray(image).resize((side * 4 // 3, side), Image.Resampling.BILINEAR)
    left = (wide.width - side) // 2
    return np.asarray(wide.crop((left, 0, left + side, side)))


def as_if_larger(linear: LinearMap, side: int) -> LinearMap:
    """The same first layer, its kernel framed with zeros up to a side."""
    around = [(side - have) // 2 for have in linear.kernel.shape[:2]]
    frame = [(each, each) for each in around] + [(0, 0)] * (linear.kernel.ndim - 2)
    pads = tuple(pad + each for pad, each in zip(linear.pads, around, strict=True))
    return dataclasses.replace(linear, kernel=np.pad(linear.kernel, frame), pads=pads)


def resized_lsc(
    predict: Callable[[np.ndarray], np.ndarray], x: np.ndarray, saliency: np.ndarray, how: str
) -> float:
    """LSC of a map, every crop enlarged in another way; the plain search, smallest boxes first."""
    height, width = x.shape[:2]
    boxes = threshold_boxes(saliency, map_thresholds(saliency))
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) / (height * width)
    best = np.inf
    for i in np.argsort(area):
        if lsc(area[i], 1.0) >= best:
            break
        x1, y1, x2, y2 = boxes[i]
        crop = keras.ops.image.resize(x[None, y1:y2, x1:x2], (height, width), interpolation=how)
        best = min(best, float(lsc(area[i], predict(crop)[0])))
    return best


class Measured:
    """A network, and what an image gives with each cause."""

    def __init__(self, name: str) -> None:
        module = NETWORKS[name]
        self.preprocessing: Preprocessing = module.PREPROCESSING
        # SMUG's responses are those of the published layers; whatever else, folded ones run faster.
        self.model = module.import_weights()
        self.fast = fold_batch_norm(self.model)
        self.first: FirstLayer = find_first_layer(self.model)
        self.cell = self._cell()

    def _cell(self) -> float:
        x = np.zeros((1, *self.preprocessing.size, 3), np.float32)
        maps = rewire.tensor_at(self.fast, last_feature_maps(self.fast, x), x, side="output")
        return self.preprocessing.size[0] / maps.shape[1]

    def right(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """True for each image that the network classifies right, shape (n,)."""
        outputs = rewire.outputs_of(self.fast, self.preprocessing(images))
        return outputs.argmax(axis=1) == labels

    def rows(self, image: np.ndarray, target: int, box: np.ndarray | None) -> list[Row]:
        """Every measure of one image, as (measure, cause, value).

        Where the box is None, nothing but the image as it is is asked for.
        """
        x, aim = self.preprocessing(image[None]), np.array([target])
        score = partial(self._lsc, x, aim)
        _, [details] = smug(
            self.model, x, aim, layer=self.first, steps=STEPS, return_details=True, seed=0
        )
        cam = gradcam(self.fast, x, aim)[0]
        height, width = cam.shape
        boxes = {"CenterBox": center_box(height, width), "MaxBox": max_box(height, width)}
        maps = {"SMUG": details.saliency, "SMUG_base": details.base_saliency, "GradCAM": cam}
        found: list[Row] = [("SMUG sparsity %", "as it is", 100 * details.sparsity)]
        found += [("SMUG_base sparsity %", "as it is", 100 * details.base_sparsity)]
        found += [(name, "as it is", score(values)) for name, values in maps.items()]
        found += [(name, "as it is", self._box(x, aim, edges)) for name, edges in boxes.items()]
        if box is None:
            return found
        found += self._scored(x[0], target, maps, score)
        found += self._solved(x, details, score)
        blurred = gaussian_filter(details.saliency, self.cell / 2)
        found.append(("SMUG", "cells: as coarse as GradCAM's", score(blurred)))
        found.append(("GradCAM", "cells: not interpolated", score(self._blocks(x, aim, cam))))
        if np.isfinite(box).all():
            area = 100 * np.prod(box[2:] - box[:2]) / (height * width)
            found.append(("GroundTruth", "as it is", self._box(x, aim, box)))
            found.append(("GroundTruth area %", "as it is", area))
        return found

    def _lsc(self, x: np.ndarray, aim: np.ndarray, saliency: np.ndarray, **how: int) -> float:
        return float(map_lsc(self.fast, x, aim, saliency[None], **how).lsc[0])

    def _box(self, x: np.ndarray, aim: np.ndarray, edges: np.ndarray) -> float:
        return float(box_lsc(self.fast, x, aim, np.asarray(edges, float)[None]).lsc[0])

    def _scored(
        self, x: np.ndarray, target: int, maps: dict[str, np.ndarray], score: Callable[..., float]
    ) -> list[Row]:
        """The thresholds, and how crops are enlarged."""

        def predict(crops: np.ndarray) -> np.ndarray:
            return rewire.outputs_of(self.fast, np.asarray(crops))[:, target]

        found: list[Row] = []
        for name in ("SMUG", "GradCAM"):
            for most, cause in ((20, "thresholds: 20"), (10**6, "thresholds: all")):
                found.append((name, cause, score(maps[name], thresholds=most)))
            for how in ("nearest", "bicubic"):
                found.append((name, f"enlarging: {how}", resized_lsc(predict, x, maps[name], how)))
        return found

    def _solved(
        self, x: np.ndarray, details: SmugDetails, score: Callable[..., float]
    ) -> list[Row]:
        """Fields, the share of nodes and the bias."""
        chosen, linear = details.minimal.chosen, self.first.linear
        larger = as_if_larger(linear, INCEPTION_KERNEL)
        wide = ChosenNodes.of(larger, chosen.values, chosen.padding, chosen.nodes)
        # The same windows are kept: zeros add nothing to a response.
        found: list[Row] = [
            ("SMUG", "field: 7 x 7", score(wide.scores(details.mask, scoring="sum")))
        ]
        base = wide.base_mask(WINDOW)
        found.append(("SMUG_base", "field: 7 x 7", score(wide.scores(base, scoring="sum"))))
        found.append(("SMUG_base sparsity %", "field: 7 x 7", 100 * float(base.mean())))
        entering = self.first.linear_input(x)[0]
        share = round(TOP_K * linear.size / INCEPTION_NODES)
        for cause, k, response in (
            (f"share of nodes: {share:,}", share, "auto"),
            ("bias: with", TOP_K, "paper"),
            ("bias: without", TOP_K, "bias_free"),
        ):
            solved = minimal_mask(
                linear,
                entering,
                chosen.values,
                chosen.padding,
                top_k=k,
                gamma=0.0,
                window=WINDOW,
                response=response,
            )
            found.append(("SMUG sparsity %", cause, 100 * float(solved.mask.mean())))
            if solved.mask.any():
                values = solved.chosen.scores(solved.mask, scoring="sum")
                found.append(("SMUG", cause, score(values)))
        return found

    def _blocks(self, x: np.ndarray, aim: np.ndarray, cam: np.ndarray) -> np.ndarray:
        """GradCAM's map with every cell as one block."""
        cells = round(len(cam) / self.cell)
        centres = np.round((np.arange(cells) + 0.5) * self.cell - 0.5).astype(int)
        blocks = cam[np.ix_(centres, centres)]
        at = np.minimum((np.arange(len(cam)) / self.cell).astype(int), cells - 1)
        return blocks[np.ix_(at, at)]


def table(rows: list[tuple[int, *Row]]) -> pd.DataFrame:
    """Medians with every cause, and the paired differences to the run as it is."""
    values: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for image, measure, cause, value in rows:
        values[measure, cause][image] = value
    lines = []
    for (measure, cause), found in values.items():
        line = {"measure": measure, "cause": cause, "n": len(found)}
        line["median"] = np.median(list(found.values()))
        if cause != "as it is":
            before = values[measure, "as it is"]
            pairs = [(before[i], value) for i, value in found.items() if i in before]
            difference = np.subtract(*np.array(pairs).T[::-1])
            line |= {"before": np.median([a for a, _ in pairs]), "change": np.median(difference)}
            line["p"] = wilcoxon(difference).pvalue if difference.any() else 1.0
        lines.append(line)
    return pd.DataFrame(lines).sort_values(["measure", "cause"], kind="stable")


def boxes_like_the_papers(rows: list[tuple[int, *Row]], share: float = 50.7) -> str:
    """GroundTruth on the images whose boxes are, in the mean, as large as the paper's."""
    area = {i: value for i, name, _, value in rows if name == "GroundTruth area %"}
    score = {i: v for i, name, cause, v in rows if (name, cause) == ("GroundTruth", "as it is")}
    kept = sorted(area, key=lambda i: area[i])
    while kept and np.mean([area[i] for i in kept]) > share:
        kept.pop()
    if not kept:
        return "no image with a box as small as the paper's"
    return (
        f"GroundTruth: {len(area)} boxes of {np.mean(list(area.values())):.1f} % of the image in "
        f"the mean, median LSC {np.median(list(score.values())):.2f}; the {len(kept)} smallest, of "
        f"{np.mean([area[i] for i in kept]):.1f} % in the mean: "
        f"{np.median([score[i] for i in kept]):.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    shared = os.environ.get("SMUG_SHARED", "")
    parser.add_argument("--root", type=Path, default=Path(shared) / "data/imagenet")
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--network", choices=NETWORKS, default="efficientnet_lite0")
    settings = parser.parse_args()
    if not settings.root.is_dir():
        raise SystemExit(f"no folder {settings.root}; --root names one of ImageNet's layout")
    measured = Measured(settings.network)
    prepared = images_of(settings.root, settings.images, measured.preprocessing.size)
    other = np.stack([unsquashed(image) for image in prepared.images])
    right, right_too = (measured.right(i, prepared.labels) for i in (prepared.images, other))
    rows: list[tuple[int, *Row]] = []
    for i in tqdm(np.flatnonzero(right), unit="image"):
        target = int(prepared.labels[i])
        rows += [(i, *row) for row in measured.rows(prepared.images[i], target, prepared.boxes[i])]
        if right_too[i]:
            found = measured.rows(other[i], target, None)
            rows += [(i, name, "shape: 4:3 again", value) for name, _, value in found]
    print(f"{settings.network}: {right.sum()} of {len(right)} images are classified right")
    print(table(rows).to_markdown(index=False, floatfmt=".3g"))
    print(boxes_like_the_papers(rows))


if __name__ == "__main__":
    main()
