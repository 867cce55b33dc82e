"""Integrated Gradients, 200 steps, MobileNetV2: ours against the bare passes and PyPI saliency.

Targets: first-layer IG within 1.15× of the bare sum of its forward and backward batches; input
IG level with `saliency` at its best setting (batch 20 inside tf.function) and at least 1.7
times as fast as its default (one point a pass). All runs are interleaved and repeated, because
only ratios within one run mean anything; the wall-clock targets hold on an otherwise idle
machine of two cores.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from statistics import median
from time import perf_counter, process_time

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import saliency.core as pair
import tensorflow as tf

from smug.attribution.integrated_gradients import (
    first_layer_integrated_gradients,
    integrated_gradients,
)
from smug.models.first_layer import find_first_layer


def model_with_spread_scores(seed: int = 0) -> keras.Model:
    """MobileNetV2 with random weights whose batch normalisations fit random images."""
    keras.utils.set_random_seed(seed)
    model = keras.applications.MobileNetV2(weights=None)
    images = np.random.default_rng(seed).uniform(-1, 1, (8, 224, 224, 3)).astype(np.float32)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(images, training=True)
    return model


def bare_passes(model: keras.Model, image: np.ndarray, batch: int, steps: int) -> Callable:
    """Forward and backward passes of the model alone, as a user would compile them."""
    points = tf.constant(np.repeat(image, batch, axis=0))

    @tf.function
    def step(points: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(points)
            score = model(points, training=False)[:, 0]
        return tape.gradient(score, points)

    return lambda: [step(points) for _ in range(steps // batch)][-1].numpy()


def bare_tail_passes(model: keras.Model, image: np.ndarray, batch: int, steps: int) -> Callable:
    """Do the same for the part of the model behind the first layer."""
    site = find_first_layer(model).site
    front = keras.Model(model.inputs, site.output)
    tail = keras.Model(site.output, model.outputs)
    return bare_passes(tail, front(image, training=False).numpy(), batch, steps)


def pair_ig(model: keras.Model, image: np.ndarray, batch: int, steps: int) -> Callable:
    """PyPI `saliency`, its model function compiled by tf.function."""

    @tf.function
    def step(points: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(points)
            score = model(points, training=False)[:, 0]
        return tape.gradient(score, points)

    def call_model(points: np.ndarray, call_model_args: object, expected_keys: object) -> dict:
        tensor = tf.constant(points, tf.float32)
        return {pair.base.INPUT_OUTPUT_GRADIENTS: step(tensor).numpy()}

    method = pair.IntegratedGradients()
    return lambda: method.GetMask(image[0], call_model, x_steps=steps, batch_size=batch)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    steps, repeats = (options := parser.parse_args()).steps, options.repeats
    model = model_with_spread_scores()
    image = np.random.default_rng(1).uniform(-1, 1, (1, 224, 224, 3)).astype(np.float32)
    target, first = np.array([0]), find_first_layer(model)
    runs = {
        "first layer, ours": lambda: first_layer_integrated_gradients(
            model, image, target, layer=first, steps=steps
        ),
        "first layer, bare passes": bare_tail_passes(model, image, 10, steps),
        "input, ours": lambda: integrated_gradients(model, image, target, steps=steps),
        "input, bare passes": bare_passes(model, image, 10, steps),
        "input, saliency at batch 20": pair_ig(model, image, 20, steps),
        "input, saliency's default": pair_ig(model, image, 1, steps),
    }
    for run in runs.values():
        run()  # traces
    wall: dict[str, list[float]] = {name: [] for name in runs}
    cpu: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            begin = perf_counter(), process_time()
            run()
            wall[name].append(perf_counter() - begin[0])
            cpu[name].append(process_time() - begin[1])
    for name in runs:
        print(f"{name:30s} {median(wall[name]):6.2f} s, processor {median(cpu[name]):6.2f} s")
    for above, below, aim in (
        ("first layer, ours", "first layer, bare passes", "<= 1.15"),
        ("input, saliency at batch 20", "input, ours", ">= 1"),
        ("input, saliency's default", "input, ours", ">= 1.7"),
    ):
        ratio = median(wall[above]) / median(wall[below])
        work = median(cpu[above]) / median(cpu[below])
        print(f"{above} / {below}: {ratio:.2f} ({aim}), processor time {work:.2f}")


if __name__ == "__main__":
    main()
