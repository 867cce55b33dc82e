"""HiGHS against Z3 with the original encoding (and the other solvers on request), as ratios.

Instances: with --shared or SMUG_SHARED, every one of ``bench/reference.csv`` that is proven there;
always, synthetic ones: a random 3×3×3 stride-2 convolution on a photograph of scikit-image.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import sparse
from skimage import data, transform

from smug.masks.encode import encode_first_layer
from smug.masks.linear import LinearMap
from smug.masks.problem import MaskProblem, Status
from smug.masks.solvers import SOLVERS, solve


def synthetic(nodes: int = 3000) -> Iterator[tuple[str, MaskProblem]]:
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
    chosen = every.nodes[np.argsort(-every.responses, kind="stable")[:nodes]]
    for window in (4, 3, 2):
        for gamma in (0.0, 0.5):
            encoded = encode_first_layer(layer, image, chosen, window=window, gamma=gamma)
            yield f"synthetic_w{window} γ={gamma}", encoded.problem


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
    args = parser.parse_args()
    others = args.solvers.split(",")
    warm_up = MaskProblem(sparse.csr_array(np.ones((1, 2)) / 2), 0.5)
    for name in ["highs", *others]:
        if name in SOLVERS:
            solve(warm_up, solver=name)  # imports are not what is compared
    ratios: dict[str, list[float]] = {name: [] for name in others}
    highs, proven = [], 0
    instances = [*synthetic(), *(shared(Path(args.shared)) if args.shared else [])]
    for instance, problem in instances:
        if args.only not in instance:
            continue
        seconds, optimum, cell = measure(problem, "highs", args.limit, args.repeats)
        highs.append(seconds)
        proven += optimum is not None
        size = "?" if optimum is None else f"{optimum:.0f}"
        line = f"{instance:24s} {'×'.join(map(str, problem.A.shape)):>10s} {size:>5s} highs {cell}"
        for name in others:
            theirs, other, cell = measure(problem, name, args.limit, args.repeats)
            sign = "" if other is not None else "≥ "
            ratios[name].append(theirs / seconds)
            line += f" | {name} {cell}, {sign}{theirs / seconds:.0f}×"
            if None not in (optimum, other) and optimum != other:
                line += f" DISAGREES: {other:.0f}"
        print(line, flush=True)
    if not highs:
        parser.error(f"no instance's name contains {args.only!r}")
    print(f"highs: median {statistics.median(highs):.3f} s, {proven} of {len(highs)} proven")
    for name, values in ratios.items():
        if values:
            print(
                f"{name} / highs over {len(values)} instances: "
                f"median {statistics.median(values):.0f}×, least {min(values):.1f}×"
            )


if __name__ == "__main__":
    main()
