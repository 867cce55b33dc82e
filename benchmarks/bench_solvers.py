"""HiGHS against Z3 with the original encoding (and the other solvers on request), as ratios.

Instances: the paper's setting, the 3000 nodes of highest Integrated Gradients, γ = 0, on
EfficientNet-Lite0 and photographs (of the folder that --shared or SMUG_SHARED names, else of
installed packages); a random convolution in its place, harder than any trained one met so far; and
with --shared every instance of ``bench/reference.csv`` that is proven there.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import statistics
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import sparse
from skimage import data, transform

from smug.attribution.integrated_gradients import first_layer_integrated_gradients
from smug.datasets.imagenet import validation_records
from smug.datasets.images import prepare_images
from smug.datasets.photographs import photograph_records
from smug.masks.encode import encode_first_layer, top_k_nodes
from smug.masks.linear import LinearMap
from smug.masks.problem import MaskProblem, Status
from smug.masks.solvers import SOLVERS, solve
from smug.models.first_layer import find_first_layer
from smug.models.fold import fold_batch_norm
from smug.models.networks import efficientnet_lite0 as lite0
from smug.models.rewire import outputs_of

#: The paper's setting; fewer steps than its 200 choose nearly the same nodes.
NODES, WINDOWS, STEPS = 3000, (4, 3, 2), 50


def photographs(count: int, folder: Path | None) -> Iterator[tuple[str, MaskProblem]]:
    """The paper's setting: trained first layer, nodes chosen by Integrated Gradients."""
    records, names = (
        validation_records(folder / "data" / "imagenet") if folder else photograph_records()
    )
    chosen = random.Random(0).sample(records, min(count, len(records)))
    model = fold_batch_norm(lite0.import_weights())
    first = find_first_layer(model)
    for record, pixels in zip(
        chosen, prepare_images(chosen, names, lite0.PREPROCESSING.size)[0].images, strict=True
    ):
        x = lite0.PREPROCESSING(pixels[np.newaxis])
        target = outputs_of(model, x).argmax(axis=1)
        attribution = first_layer_integrated_gradients(
            model, x, target, layer=first, steps=STEPS, top_k=NODES
        )
        nodes = top_k_nodes(attribution[0], NODES)
        for window in WINDOWS:
            encoded = encode_first_layer(
                first.linear, first.linear_input(x)[0], nodes, window=window, gamma=0.0
            )
            yield f"{record.id[-12:]}_w{window} γ=0", encoded.problem


def random_kernel() -> Iterator[tuple[str, MaskProblem]]:
    """Nodes of the largest response of a random 32-channel convolution on a photograph."""
    image = transform.resize(data.chelsea(), (224, 224, 3)) * 2 - 1
    layer = LinearMap(
        name="conv",
        kind="conv2d",
        kernel=np.random.default_rng(0).normal(size=(3, 3, 3, 32)),
        bias=np.zeros(32),
        spatial=(224, 224),
        output_shape=(112, 112, 32),
        strides=(2, 2),
        dilation=(1, 1),
        pads=(0, 0),
    )
    every = encode_first_layer(layer, image, np.arange(layer.size), window=4, gamma=0.0)
    chosen = every.nodes[np.argsort(-every.responses, kind="stable")[:NODES]]
    for window in WINDOWS:
        for gamma in (0.0, 0.5):
            encoded = encode_first_layer(layer, image, chosen, window=window, gamma=gamma)
            yield f"random_w{window} γ={gamma:g}", encoded.problem


def shared(folder: Path) -> Iterator[tuple[str, MaskProblem]]:
    """Yield the real instances that the reference lists as proven."""
    with (folder / "bench" / "reference.csv").open() as lines:
        rows = [
            row for row in csv.DictReader(lines) if float(row["objective"]) == float(row["bound"])
        ]
    for row in rows:
        with np.load(folder / "bench" / f"{row['instance']}.npz", allow_pickle=False) as stored:
            parts = (stored["data"], stored["indices"], stored["indptr"])
            A = sparse.csr_array(parts, shape=tuple(stored["shape"]))
        yield f"{row['instance']} γ={row['gamma']}", MaskProblem(A, float(row["gamma"]))


def measure(
    problem: MaskProblem, solver: str, limit: float, repeats: int
) -> tuple[float, float | None, str]:
    """Median seconds, proven optimum (None if unproven), and a cell for the table."""
    solutions = [solve(problem, solver=solver, time_limit=limit)]
    if solutions[0].status is Status.OPTIMAL:
        solutions += [solve(problem, solver=solver, time_limit=limit) for _ in range(repeats - 1)]
    seconds = statistics.median(solution.seconds for solution in solutions)
    if any(solution.status is not Status.OPTIMAL for solution in solutions):
        return seconds, None, f"{solutions[0].status} after {seconds:.1f} s"
    return seconds, solutions[0].objective, f"{seconds:.3f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--shared", default=os.environ.get("SMUG_SHARED"), help="folder with bench/"
    )
    parser.add_argument("--solvers", default="z3", help="compared with highs, separated by commas")
    parser.add_argument("--only", default="", help="instances whose name contains this")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit", type=float, default=60.0, help="seconds per solve")
    parser.add_argument("--images", type=int, default=5, help="photographs at three windows each")
    args = parser.parse_args()
    others = [name for name in args.solvers.split(",") if name]
    warm_up = MaskProblem(sparse.csr_array(np.ones((1, 2)) / 2), 0.5)
    for name in ["highs", *others]:
        if name in SOLVERS:
            solve(warm_up, solver=name)  # imports are not what is compared
    folder = Path(args.shared) if args.shared else None
    groups = {
        f"{NODES} nodes, γ = 0, photographs": photographs(args.images, folder),
        "random convolution": random_kernel(),
        "reference.csv": shared(folder) if folder else (),
    }
    for group, instances in groups.items():
        chosen = [(name, problem) for name, problem in instances if args.only in name]
        if chosen:
            compare(group, chosen, others, args.limit, args.repeats)


def compare(
    group: str,
    instances: list[tuple[str, MaskProblem]],
    others: list[str],
    limit: float,
    repeats: int,
) -> None:
    """Print a line for each instance, then the group's medians, by window too."""
    print(f"== {group}", flush=True)
    ratios: dict[str, list[float]] = {name: [] for name in others}
    by_window: dict[str, list[float]] = {}
    proven = 0
    for instance, problem in instances:
        seconds, optimum, cell = measure(problem, "highs", limit, repeats)
        by_window.setdefault(instance.split("_w")[1][0], []).append(seconds)
        proven += optimum is not None
        size = "?" if optimum is None else f"{optimum:.0f}"
        line = f"{instance:24s} {'×'.join(map(str, problem.A.shape)):>10s} {size:>5s} highs {cell}"
        for name in others:
            theirs, other, cell = measure(problem, name, limit, repeats)
            sign = "" if other is not None else "≥ "
            ratios[name].append(theirs / seconds)
            line += f" | {name} {cell}, {sign}{theirs / seconds:.0f}×"
            if None not in (optimum, other) and optimum != other:
                line += f" DISAGREES: {other:.0f}"
        print(line, flush=True)
    highs = [seconds for found in by_window.values() for seconds in found]
    windows = ", ".join(f"{w}: {statistics.median(by_window[w]):.3f} s" for w in by_window)
    print(
        f"highs: median {statistics.median(highs):.3f} s (window {windows}), "
        f"{proven} of {len(highs)} proven"
    )
    for name, values in ratios.items():
        print(
            f"{name} / highs over {len(values)} instances: "
            f"median {statistics.median(values):.0f}×, least {min(values):.1f}×"
        )


if __name__ == "__main__":
    main()
