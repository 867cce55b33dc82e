"""LSC and OptBox against the plain loop: one crop at a time, every crop.

Run with ``python benchmarks/bench_lsc.py``. The plain loops run the network as it is published,
ours runs it as the workflow does, with batch normalisation folded. ``eager`` calls the network as
a first version would, ``compiled`` wraps it in a ``tf.function``. The compiled loops run in full,
that of OptBox on the first photograph, so that answers can be compared; the eager ones are timed
on crops sampled evenly and scaled to their number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import numpy as np
import tensorflow as tf

from smug.attribution.gradcam import gradcam
from smug.attribution.gradients import gradients
from smug.datasets.images import prepare_images
from smug.datasets.photographs import photograph_records
from smug.metrics.boxes import grid_boxes, opt_box
from smug.metrics.lsc import map_lsc, map_thresholds
from smug.models.fold import fold_batch_norm
from smug.models.networks import efficientnet_lite0 as lite0

SAMPLE = 20


def seconds(function: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def plain(call: Callable, image: np.ndarray, boxes: Iterable, target: int) -> float:
    best = np.inf
    for x1, y1, x2, y2 in boxes:
        crop = tf.image.resize(image[y1:y2, x1:x2], image.shape[:2])
        confidence = float(call(crop[None])[0, target])
        area = (x2 - x1) * (y2 - y1) / (image.shape[0] * image.shape[1])
        best = min(best, np.log(max(0.05, area)) - np.log(confidence))
    return best


def seconds_a_crop(call: Callable, image: np.ndarray, boxes: np.ndarray, target: int) -> float:
    some = boxes[:: max(1, len(boxes) // SAMPLE)]
    return seconds(lambda: plain(call, image, some, target))[0] / len(some)


def boxes_of_all_thresholds(saliency: np.ndarray) -> list[tuple[int, int, int, int]]:
    boxes = []
    for threshold in map_thresholds(saliency):
        rows, columns = np.nonzero(saliency > threshold)
        if len(rows):
            boxes.append((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
    return boxes


def main() -> None:
    published = lite0.import_weights()
    model = fold_batch_norm(published)
    records, names = photograph_records()
    prepared, _ = prepare_images(records[:3], names, lite0.PREPROCESSING.size)
    x = lite0.PREPROCESSING(prepared.images)
    target = np.asarray(model(x)).argmax(axis=1)
    maps = {
        "GradCAM": gradcam(model, x, target),
        "gradient": np.abs(gradients(model, x, target)).sum(axis=-1),
    }
    compiled = tf.function(
        lambda crop: published(crop, training=False),
        input_signature=[tf.TensorSpec((1, *x.shape[1:]), tf.float32)],
    )

    def eager(crop: tf.Tensor) -> tf.Tensor:
        return published(crop, training=False)

    compiled(tf.constant(x[:1]))
    opt_box(model, x[:1], target[:1], cells=2)  # traces

    for name, saliency in maps.items():
        boxes = [boxes_of_all_thresholds(one) for one in saliency]
        ours, scores = seconds(lambda s=saliency: map_lsc(model, x, target, s))
        total = sum(map(len, boxes))
        print(f"LSC of {name} maps: {ours:.2f} s, {scores.calls.sum()} crops of {total}")
        whole, found = seconds(
            lambda b=boxes: [plain(compiled, x[i], b[i], target[i]) for i in range(len(x))]
        )
        print(f"  answers differ by {np.abs(scores.lsc - found).max():.1e}")
        print(f"  compiled plain loop {whole:.1f} s: {whole / ours:.1f} times ours")
        theirs = total * seconds_a_crop(eager, x[0], boxes[0], target[0])
        print(f"  eager plain loop {theirs:.1f} s: {theirs / ours:.1f} times ours")

    grid = grid_boxes(*x.shape[1:3])
    ours, scores = seconds(lambda: opt_box(model, x, target))
    print(f"OptBox: {ours:.2f} s, {scores.calls.tolist()} crops of {len(grid)} an image")
    whole, found = seconds(lambda: plain(compiled, x[0], grid, target[0]))
    print(f"  answers differ by {abs(scores.lsc[0] - found):.1e}")
    print(f"  compiled plain loop {len(x) * whole:.0f} s: {len(x) * whole / ours:.1f} times ours")
    theirs = len(x) * len(grid) * seconds_a_crop(eager, x[0], grid, target[0])
    print(f"  eager plain loop {theirs:.0f} s: {theirs / ours:.1f} times ours")


if __name__ == "__main__":
    main()
