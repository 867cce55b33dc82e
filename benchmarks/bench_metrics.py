"""Measures of faithfulness against the plain loop: one changed image a network call.

Run with ``python benchmarks/bench_metrics.py``. Seconds are those of the processor, the median of
three runs; both answer the same, which is printed. The plain loop calls the network as a first
version would; ``compiled`` wraps it in a ``tf.function`` of one image. Its ROAD sets up the linear
system pixel by pixel.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from scipy.sparse import csc_matrix, lil_matrix
from scipy.sparse.linalg import spsolve

from smug.datasets.images import prepare_images
from smug.datasets.photographs import photograph_records
from smug.metrics import faithfulness_correlation, infidelity, road
from smug.models.networks import efficientnet_lite0 as lite0

RUNS, SUBSET, PATCH, SHARES = 60, 50, 4, (0.1, 0.3, 0.5)
Call = Callable[[np.ndarray], np.ndarray]


def seconds(function: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    taken = []
    for _ in range(3):
        start = time.process_time()
        result = function()
        taken.append(time.process_time() - start)
    return statistics.median(taken), result


def plain_correlation(call: Call, x: np.ndarray, maps: np.ndarray) -> np.ndarray:
    found = []
    for one, values in zip(x, maps, strict=True):
        whole = call(one[None])[0]
        target, rng = whole.argmax(), np.random.default_rng(0)
        said, fell = [], []
        for _ in range(RUNS):
            chosen = rng.choice(values.size, SUBSET, replace=False)
            less = one.reshape(values.size, -1).copy()
            less[chosen] = 0
            said.append(values.ravel()[chosen].sum())
            fell.append(whole[target] - call(less.reshape(1, *one.shape))[0, target])
        found.append(np.corrcoef(said, fell)[0, 1])
    return np.array(found)


def plain_infidelity(call: Call, x: np.ndarray, maps: np.ndarray, patch: int) -> np.ndarray:
    found = []
    for one, values in zip(x, maps, strict=True):
        whole = call(one[None])[0]
        target, squares = whole.argmax(), []
        for top in range(0, one.shape[0], patch):
            for left in range(0, one.shape[1], patch):
                less = one.copy()
                less[top : top + patch, left : left + patch] = 0
                said = (values[..., None] * (one - less)).sum()
                squares.append((said - (whole[target] - call(less[None])[0, target])) ** 2)
        found.append(np.mean(squares))
    return np.array(found)


def plain_imputed(one: np.ndarray, removed: np.ndarray) -> np.ndarray:
    places = {tuple(place): i for i, place in enumerate(np.argwhere(removed))}
    system = lil_matrix((len(places), len(places)))
    known = np.zeros((len(places), one.shape[-1]))
    for (y, x), i in places.items():
        for down in (-1, 0, 1):
            for across in (-1, 0, 1):
                beside = (y + down, x + across)
                inside = 0 <= beside[0] < one.shape[0] and 0 <= beside[1] < one.shape[1]
                if not (down or across) or not inside:
                    continue
                weight = 1 / 12 if down and across else 1 / 6
                system[i, i] += weight
                if beside in places:
                    system[i, places[beside]] = -weight
                else:
                    known[i] += weight * one[beside]
    made = one.astype(np.float64)
    made[removed] = spsolve(csc_matrix(system), known).reshape(known.shape)
    return made


def plain_road(call: Call, x: np.ndarray, maps: np.ndarray) -> np.ndarray:
    found = []
    for one, values in zip(x, maps, strict=True):
        target, order = call(one[None])[0].argmax(), np.argsort(-values, axis=None)
        noise = 0.01 * np.random.default_rng(0).standard_normal(one.shape)
        for share in SHARES:
            removed = np.zeros(values.size, bool)
            removed[order[: int(share * values.size + 1e-9)]] = True
            removed = removed.reshape(values.shape)
            frame = plain_imputed(one, removed) + removed[..., None] * noise
            found.append(call(frame[None].astype(np.float32))[0, target])
    return np.array(found).reshape(len(x), -1)


def compare(name: str, model: keras.Model, x: np.ndarray, patch: int) -> None:
    maps = np.random.default_rng(1).random(x.shape[:3])
    target = np.asarray(model(x)).argmax(axis=1)
    compiled = tf.function(
        lambda one: model(one, training=False),
        input_signature=[tf.TensorSpec((1, *x.shape[1:]), tf.float32)],
    )
    calls: dict[str, Call] = {
        "plain loop": lambda one: np.asarray(model(one, training=False)),
        "compiled plain loop": lambda one: compiled(one).numpy(),
    }
    measures = {
        "faithfulness correlation": (
            lambda: faithfulness_correlation(model, x, target, maps, subset=SUBSET, runs=RUNS),
            lambda call: plain_correlation(call, x, maps),
        ),
        "infidelity": (
            lambda: infidelity(model, x, target, maps, patch=patch),
            lambda call: plain_infidelity(call, x, maps, patch),
        ),
        "ROAD": (
            lambda: road(model, x, target, maps, shares=SHARES)[0].y,
            lambda call: plain_road(call, x, maps),
        ),
    }
    print(f"{name}, {len(x)} images")
    for measure, (ours, plain) in measures.items():
        ours()  # traces
        own, found = seconds(ours)
        print(f"  {measure}: {own:.2f} s")
        for which, call in calls.items():
            theirs, same = seconds(lambda plain=plain, call=call: plain(call))
            differ = np.abs(found / same - 1).max()
            print(
                f"    {which} {theirs:.2f} s: {theirs / own:.1f} times ours, differs {differ:.0e}"
            )


def main() -> None:
    keras.utils.set_random_seed(0)
    small = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(16, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    x = np.random.default_rng(0).random((3, 28, 28, 1)).astype(np.float32)
    compare("small network, 28 x 28", small, x, PATCH)
    records, names = photograph_records()
    prepared, _ = prepare_images(records[:1], names, lite0.PREPROCESSING.size)
    photographs = lite0.PREPROCESSING(prepared.images)
    compare("EfficientNet-Lite0, 224 x 224", lite0.import_weights(), photographs, 28)


if __name__ == "__main__":
    main()
