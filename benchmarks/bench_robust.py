"""Robust sets of a 784-10-10-10 MNIST network, beside those that VeriX's authors published.

Reads the network, the digits and the published sets (epsilon 0.05) from ``--shared``; prints one
row a digit and a summary. ``--first`` stops at the first set from which no pixel can be dropped.

    python benchmarks/bench_robust.py --images 60 --limit 60
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from time import process_time

import numpy as np

from smug.masks.network import DenseNetwork
from smug.masks.robust.oracle import Oracle
from smug.masks.robust.problem import RobustProblem, robust_problem
from smug.masks.robust.scenarios import Scenarios
from smug.masks.robust.search import smallest_set
from smug.masks.robust.upper import UpperSearch


def read(folder: Path) -> tuple[list[RobustProblem], list[np.ndarray]]:
    """Problems of the digits, and the published set of each."""
    about = json.loads((folder / "published_sets.json").read_text("utf-8"))
    with np.load(folder / about["network"]) as arrays:
        count = sum(name.startswith("kernel_") for name in arrays)
        network = DenseNetwork(
            tuple(arrays[f"kernel_{i}"] for i in range(count)),
            tuple(arrays[f"bias_{i}"] for i in range(count)),
        )
        digits = arrays["images"].reshape(len(arrays["images"]), -1) / 255
    labels = network.logits(digits).argmax(axis=1)
    sets = {int(number): np.array(pixels) for number, pixels in about["sets"].items()}
    problems = [
        robust_problem(network, digits[i], int(labels[i]), epsilon=about["epsilon"]) for i in sets
    ]
    return problems, list(sets.values())


def first_set(problem: RobustProblem) -> tuple[int, int]:
    """Size of the first set from which no pixel can be dropped, and no bound."""
    search = UpperSearch(Oracle(problem), Scenarios(problem))
    free, against = search.maximal(search.large_set())
    if not (against[~free] >= 0).all():
        raise SystemExit("a kept pixel has no counterexample")
    return int((~free).sum()), 0


def best_set(problem: RobustProblem, limit: float) -> tuple[int, int]:
    """Size of the best set within the limit, and the proven bound."""
    found = smallest_set(problem, time_limit=limit)
    return found.objective, found.bound


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=5)
    parser.add_argument("--limit", type=float, default=20.0, help="seconds for each digit")
    parser.add_argument("--first", action="store_true", help="no bound, the first set only")
    parser.add_argument("--shared", default=os.environ.get("SMUG_SHARED"))
    options = parser.parse_args()
    if options.shared is None:
        print("no published sets: name the folder with --shared or SMUG_SHARED")
        return
    problems, published = read(Path(options.shared) / "bench" / "robust")
    rows = []
    print("| digit | published | ours | proven at least | CPU seconds |\n|---|---|---|---|---|")
    for i, (problem, pixels) in enumerate(zip(problems, published, strict=True)):
        if i == options.images:
            break
        begin = process_time()
        size, bound = first_set(problem) if options.first else best_set(problem, options.limit)
        rows.append((len(pixels), size, bound, process_time() - begin))
        print(f"| {i} | {len(pixels)} | {size} | {bound or '-'} | {rows[-1][-1]:.2f} |", flush=True)
    theirs, ours, bounds, seconds = np.array(rows).T
    print(
        f"mean size {ours.mean():.1f}, published {theirs.mean():.1f}; larger than published: "
        f"{(ours > theirs).sum()} of {len(rows)}; CPU seconds: median {np.median(seconds):.2f}, "
        f"most {seconds.max():.1f}"
    )
    if not options.first:
        gap = (ours - bounds) / np.maximum(ours, 1)
        print(f"proven smallest: {(gap == 0).mean():.0%}; gap: median {np.median(gap):.1%}")


if __name__ == "__main__":
    main()
