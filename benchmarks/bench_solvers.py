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
import resource
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

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


def photographs(count: int, folder: Path | None, steps: int) -> Iterator[tuple[str, MaskProblem]]:
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
            model, x, target, layer=first, steps=steps, top_k=NODES
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


def processor_seconds() -> float:
    """Processor time of this process and of those that it has waited for, as Z3's."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


class Measured(NamedTuple):
    """Median wall and processor seconds, proven optimum (None if unproven), a table's cell."""

    seconds: float
    processor: float
    optimum: float | None
    cell: str


def measure(problem: MaskProblem, solver: str, limit: float, repeats: int) -> Measured:
    solutions, processor = [], []
    while len(solutions) < repeats:
        begin = processor_seconds()
        solutions.append(solve(problem, solver=solver, time_limit=limit))
        processor.append(processor_seconds() - begin)
        if solutions[0].status is not Status.OPTIMAL:
            break
    seconds = statistics.median(solution.seconds for solution in solutions)
    work = statistics.median(processor)
    if any(solution.status is not Status.OPTIMAL for solution in solutions):
        return Measured(seconds, work, None, f"{solutions[0].status} after {seconds:.1f} s")
    return Measured(seconds, work, solutions[0].objective, f"{seconds:.3f} s")


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
    parser.add_argument("--steps", type=int, default=STEPS, help="of Integrated Gradients")
    args = parser.parse_args()
    others = [name for name in args.solvers.split(",") if name]
    warm_up = MaskProblem(sparse.csr_array(np.ones((1, 2)) / 2), 0.5)
    for name in ["highs", *others]:
        if name in SOLVERS:
            solve(warm_up, solver=name)  # imports are not what is compared
    folder = Path(args.shared) if args.shared else None
    groups = {
        f"{NODES} nodes, γ = 0, photographs": photographs(args.images, folder, args.steps),
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
    processor: dict[str, list[float]] = {name: [] for name in ["highs", *others]}
    by_window: dict[str, list[float]] = {}
    proven = 0
    for instance, problem in instances:
        seconds, work, optimum, cell = measure(problem, "highs", limit, repeats)
        processor["highs"].append(work)
        by_window.setdefault(instance.split("_w")[1][0], []).append(seconds)
        proven += optimum is not None
        size = "?" if optimum is None else f"{optimum:.0f}"
        line = f"{instance:24s} {'×'.join(map(str, problem.A.shape)):>10s} {size:>5s} highs {cell}"
        for name in others:
            theirs, work, other, cell = measure(problem, name, limit, repeats)
            processor[name].append(work)
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
            f"median {statistics.median(values):.2f}×, least {min(values):.2f}×; processor seconds "
            f"{sum(processor[name]):.2f} against {sum(processor['highs']):.2f}"
        )


if __name__ == "__main__":
    main()
