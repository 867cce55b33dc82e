"""Maps of networks in half precision against those of the same networks in float32.

Explanations compute in float32 from the weights that a network has: a mixed policy, whose weights
are float32, should change nothing, and weights that are float16 or bfloat16 themselves what their
rounding changes. Both packaged networks, photographs that scikit-image ships.

    python benchmarks/bench_precision.py [--steps 50] [--networks squeezenet efficientnet_lite0]
"""

from __future__ import annotations

import argparse

import keras
import numpy as np
from skimage import data, transform

import smug
from smug.models.imports import import_model
from smug.models.registry import network

POLICIES = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16")


def built(name: str, policy: str) -> keras.Model:
    """A packaged network under a policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        return import_model(name, None)
    finally:
        keras.config.set_dtype_policy(before)


def photographs(name: str) -> np.ndarray:
    """Photographs as the network takes them."""
    known = network(name)
    pixels = [
        np.rint(255 * transform.resize(one, known.size)).astype(np.uint8)
        for one in (data.chelsea(), data.coffee())
    ]
    return known.preprocess(np.stack(pixels))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--networks", nargs="+", default=["squeezenet", "efficientnet_lite0"])
    options = parser.parse_args()
    print(f"Keras {keras.__version__} on {keras.config.backend()}, {options.steps} steps")
    for name in options.networks:
        x = photographs(name)
        exact = built(name, "float32")
        settings = {"integrated_gradients": {}, "smug": {"time_limit": 60.0}}
        right = {
            method: smug.explain(exact, x, method=method, steps=options.steps, **own)
            for method, own in settings.items()
        }
        target = right["smug"].target
        for policy in POLICIES:
            model = built(name, policy)
            # As the network itself answers, under its own policy.
            answered = np.asarray(model(x, training=False), np.float32)
            score = answered[np.arange(len(x)), target]
            print(f"{name}, {policy}: its own scores change by", end=" ")
            print(f"{np.abs(score - right['smug'].score).max():.1e}")
            for method, own in settings.items():
                made = smug.explain(model, x, target, method, steps=options.steps, **own)
                values = right[method].values
                error = np.abs(made.values - values).max() / np.abs(values).max()
                line = f"  {method:21s} largest difference / largest value {error:.1e}"
                if made.mask is not None:
                    apart = (made.mask != right[method].mask).sum(axis=(1, 2))
                    line += f", mask {made.mask.sum(axis=(1, 2))} pixels, {apart} others"
                print(line)


if __name__ == "__main__":
    main()
