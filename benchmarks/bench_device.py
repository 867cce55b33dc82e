"""Seconds per image of IG, SMUG, LSC and OptBox on the device at hand, beside bare passes.

Runs on what Keras runs on, whatever its device: ``KERAS_BACKEND=tensorflow``, ``jax`` or ``torch``.
Bare passes are those that a user of that library would write: for IG and SMUG as many points
forward and back as the path has steps, for LSC and OptBox as many crops forward as were tried.

    KERAS_BACKEND=jax python benchmarks/bench_device.py [--network small] [--images 4] [--steps 200]
        [--batch auto] [--policy float32]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import keras
import numpy as np
from bench_backends import BARE
from keras import layers

from smug.attribution.integrated_gradients import integrated_gradients
from smug.attribution.smug import smug
from smug.metrics.boxes import opt_box
from smug.metrics.lsc import map_lsc
from smug.models import backend, rewire
from smug.models.batches import Batches


def small() -> keras.Model:
    """Three convolutions and a dense layer on 64 x 64 pixels, untrained."""
    model = keras.Sequential([keras.Input((64, 64, 3))])
    for filters in (32, 64, 64):
        model.add(layers.Conv2D(filters, 3, strides=2, activation="relu"))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10, activation="softmax"))
    return model


def lite0() -> keras.Model:
    """EfficientNet-Lite0 with its published weights."""
    from smug.models.networks import efficientnet_lite0

    return efficientnet_lite0.import_weights()


NETWORKS = {"small": small, "lite0": lite0}


def device() -> str:
    """Name of the device at hand, and the versions."""
    name = keras.config.backend()
    library = __import__(name)
    if name == "tensorflow":
        gpus = library.config.list_physical_devices("GPU")
        details = library.config.experimental.get_device_details
        known = [details(gpu).get("device_name", gpu.name) for gpu in gpus]
    elif name == "jax":
        known = [one.device_kind for one in library.devices()]
    else:
        cuda = library.cuda
        known = [cuda.get_device_name(i) for i in range(cuda.device_count())]
    return f"{name} {library.__version__}, Keras {keras.__version__}, {known or 'processor only'}"


def seconds(run: Callable[[], object], repeats: int, clock: Callable[[], float]) -> float:
    """Median time of a run after the first, which compiles."""
    run()
    times = []
    for _ in range(repeats):
        now = clock()
        run()
        times.append(clock() - now)
    return median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=NETWORKS, default="small")
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch", default="auto", help="path points a pass, or auto")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--policy", default="float32", help="of the network, such as mixed_bfloat16"
    )
    options = parser.parse_args()
    batch = options.batch if options.batch == "auto" else int(options.batch)
    keras.config.set_dtype_policy(options.policy)
    keras.utils.set_random_seed(0)
    model, steps, count = NETWORKS[options.network](), options.steps, options.images
    keras.config.set_dtype_policy("float32")
    x = np.random.default_rng(0).random((count, *model.input_shape[1:]), np.float32)
    target = rewire.outputs_of(model, x).argmax(axis=1)
    size = min(Batches(batch).size, count * steps)
    # An accelerator works while the processor waits; on a processor shared with others its own
    # time says more.
    clock = time.perf_counter if backend.on_accelerator() else time.process_time
    kind = "wall" if backend.on_accelerator() else "processor"
    both = BARE[keras.config.backend()](model, np.repeat(x[:1], size, axis=0))
    crops = np.repeat(x[:1], 64, axis=0)
    forward = seconds(lambda: rewire.outputs_of(model, crops), options.repeats, clock) / len(crops)
    passes = -(-count * steps // size)
    back = seconds(lambda: [both() for _ in range(passes)], options.repeats, clock)
    back *= steps / (passes * size)
    settings = {"steps": steps, "batch_size": batch}
    maps = np.abs(integrated_gradients(model, x, target, **settings)).sum(axis=-1)
    solved = {"top_k": 100, "window": 8, "time_limit": 10.0}

    def tried(score: Callable[[], object]) -> float:
        return float(score().calls.mean())

    runs = {
        "IG": (lambda: integrated_gradients(model, x, target, **settings), back),
        "SMUG": (lambda: smug(model, x, target, **settings, **solved), back),
    }
    scores = {
        "LSC": lambda: map_lsc(model, x, target, maps),
        "OptBox": lambda: opt_box(model, x, target),
    }
    runs |= {name: (score, forward * tried(score)) for name, score in scores.items()}
    print(f"{device()}; {options.network}, {options.policy}, {count} images, {steps} steps")
    print(f"path points a pass: {size}; {kind} seconds an image, the median of {options.repeats}")
    for name, (run, bare) in runs.items():
        took = seconds(run, options.repeats, clock) / count
        print(f"  {name:7s}{took:8.3f} s   bare passes {bare:8.3f} s   ratio {took / bare:6.2f}")


if __name__ == "__main__":
    main()
