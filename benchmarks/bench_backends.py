"""Integrated Gradients, 200 steps, on each installed backend beside that backend's bare passes.

Each backend runs in a process of its own. Target: processor time within 1.15x of the bare sum of
forward and backward batches, written as a user of that library would. Runs are interleaved and
repeated, because only ratios within one run mean anything.

    python benchmarks/bench_backends.py [--steps 200] [--repeats 5] [--side 64]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from time import perf_counter, process_time

import numpy as np

BATCH = 10


def bare_on_tensorflow(model: object, points: np.ndarray) -> Callable[[], np.ndarray]:
    """One forward and backward pass as a user of TensorFlow would compile it."""
    from bench_integrated_gradients import bare_passes

    return bare_passes(model, points[:1], len(points), len(points))


def bare_on_jax(model: object, points: np.ndarray) -> Callable[[], np.ndarray]:
    """One forward and backward pass as a user of JAX would compile it."""
    import jax

    trained = [v.value for v in model.trainable_variables]
    others = [v.value for v in model.non_trainable_variables]

    def total(points: jax.Array, trained: list, others: list) -> jax.Array:
        outputs, _ = model.stateless_call(trained, others, points, training=False)
        return outputs[:, 0].sum()

    step, tensor = jax.jit(jax.grad(total)), jax.numpy.asarray(points)
    return lambda: np.asarray(step(tensor, trained, others))


def bare_on_torch(model: object, points: np.ndarray) -> Callable[[], np.ndarray]:
    """One forward and backward pass as a user of torch would write it."""
    import torch

    for weight in model.parameters():
        weight.requires_grad_(False)
    tensor = torch.from_numpy(points)

    def step() -> np.ndarray:
        leaf = tensor.clone().requires_grad_()
        (found,) = torch.autograd.grad(model(leaf, training=False)[:, 0].sum(), leaf)
        return found.numpy()

    return step


BARE = {"tensorflow": bare_on_tensorflow, "jax": bare_on_jax, "torch": bare_on_torch}


def measure(backend: str, steps: int, repeats: int, side: int) -> None:
    begin = perf_counter(), process_time()
    import keras
    from keras import layers

    from smug.attribution.integrated_gradients import integrated_gradients

    start = f"{perf_counter() - begin[0]:.1f} s, processor {process_time() - begin[1]:.1f} s"
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((side, side, 3))])
    for filters in (32, 64, 64):
        model.add(layers.Conv2D(filters, 3, strides=2, activation="relu"))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10, activation="softmax"))
    x = np.random.default_rng(0).random((1, side, side, 3), np.float32)
    target, step = np.array([0]), BARE[backend](model, np.repeat(x, BATCH, axis=0))
    runs = {
        "bare passes": lambda: [step() for _ in range(steps // BATCH)],
        "ours": lambda: integrated_gradients(model, x, target, steps=steps, batch_size=BATCH),
    }
    first = {}
    for name, run in runs.items():
        now = process_time()
        run()
        first[name] = process_time() - now
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            now = process_time()
            run()
            times[name].append(process_time() - now)
    print(f"{backend}: imports {start}")
    for name in runs:
        print(f"  {name:12s} processor {median(times[name]):6.3f} s, at first {first[name]:.2f} s")
    ratio = median(times["ours"]) / median(times["bare passes"])
    print(f"  ours / bare passes: {ratio:.2f} (<= 1.15)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--side", type=int, default=64, help="pixels of the input's side")
    parser.add_argument("--backend", choices=BARE, help="measure this one, in this process")
    options = parser.parse_args()
    if options.backend:
        os.environ["KERAS_BACKEND"] = options.backend
        measure(options.backend, options.steps, options.repeats, options.side)
        return
    for backend in BARE:
        if find_spec(backend) is None:
            print(f"{backend}: not installed (pip install 'smug[{backend}]')")
            continue
        words = [sys.executable, __file__, "--backend", backend, *sys.argv[1:]]
        subprocess.run(words, check=True)


if __name__ == "__main__":
    main()
