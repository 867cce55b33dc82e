"""Adaptive step counts on photographs: steps taken, agreement with 200 plain steps.

Target: at least 95 % of the top-k set, at a fraction of the steps. The network is
EfficientNet-Lite0 with its trained weights, since the path of a random network has no shape to
adapt to; images come from the folder that SMUG_SHARED names, else from installed packages.
"""

from __future__ import annotations

import argparse
import os
import random
from functools import partial
from pathlib import Path
from statistics import mean, median
from time import perf_counter

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from smug.attribution.integrated_gradients import first_layer_integrated_gradients
from smug.datasets.imagenet import validation_records
from smug.datasets.images import prepare_images
from smug.datasets.photographs import photograph_records
from smug.masks.encode import top_k_nodes
from smug.models.first_layer import FirstLayer, find_first_layer
from smug.models.networks.efficientnet_lite0 import PREPROCESSING, import_weights
from smug.models.rewire import outputs_of


def inputs(count: int) -> np.ndarray:
    """Photographs as the network gets them, shape (count, 224, 224, 3)."""
    shared = os.environ.get("SMUG_SHARED")
    found = validation_records(Path(shared) / "data/imagenet") if shared else photograph_records()
    records, names = found
    chosen = random.Random(0).sample(records, min(count, len(records)))
    return PREPROCESSING(prepare_images(chosen, names, PREPROCESSING.size)[0].images)


def attribute(
    model: keras.Model, first: FirstLayer, x: np.ndarray, top_k: int, **settings: object
) -> tuple[np.ndarray, int, float, float]:
    """Top nodes, steps, completeness error (share of the score's change) and seconds."""
    target = outputs_of(model, x).argmax(axis=1)
    begin = perf_counter()
    attribution, details = first_layer_integrated_gradients(
        *(model, x, target),
        layer=first,
        steps=200,
        top_k=top_k,
        return_details=True,
        **settings,
    )
    seconds = perf_counter() - begin
    error = details.completeness_error[0] / (details.score - details.baseline_score)[0]
    return top_k_nodes(attribution[0], top_k), int(details.steps[0]), float(error), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10)
    parser.add_argument("--top-k", type=int, default=3000)
    parser.add_argument("--tolerances", type=float, nargs="+", default=[0.02])
    options = parser.parse_args()
    model = import_weights()
    first = find_first_layer(model)
    print("image | tolerance | steps | seconds / fixed | top-k | error | error fixed")
    taken: dict[float, list[tuple[float, ...]]] = {t: [] for t in options.tolerances}
    for number, image in enumerate(inputs(options.images)):
        run = partial(attribute, model, first, image[np.newaxis], options.top_k)
        if number == 0:
            run()  # traces
        nodes, _, fixed_error, fixed_seconds = run()
        for tolerance, rows in taken.items():
            found, steps, error, seconds = run(adaptive=True, tolerance=tolerance)
            same = np.intersect1d(nodes, found).size / nodes.size
            rows.append((same, steps, seconds / fixed_seconds))
            print(
                f"{number:5d} | {tolerance:9g} | {steps:5d} | {seconds / fixed_seconds:15.2f} | "
                f"{same:5.1%} | {error:+.2%} | {fixed_error:+.2%}",
                flush=True,
            )
    for tolerance, rows in taken.items():
        same, steps, share = zip(*rows, strict=True)
        print(
            f"tolerance {tolerance:g}: top {options.top_k} agree {min(same):.1%} at least "
            f"(>= 95 %), {mean(same):.1%} on average; steps {median(steps):g} median of 200; "
            f"time {median(share):.2f} of fixed"
        )


if __name__ == "__main__":
    main()
