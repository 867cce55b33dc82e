"""Explain the networks of a folder on the backend at hand: ``python answers.py <folder>``.

The maps, masks and scores of each network and method stand in ``<folder>/<backend>.npz`` then.
"""

import sys
from pathlib import Path

import keras
import numpy as np

import smug

#: Methods of each network, with settings that keep them short.
METHODS = {
    "mlp": {
        "smug": {"steps": 30, "top_k": 12},
        "smug_base": {"steps": 30, "top_k": 12},
        "integrated_gradients": {"steps": 30},
        "gradients": {},
        "ggig": {"points": 6, "batch_size": 4},
        "geometric_ensemble": {"members": 1, "points": 2},
    },
    # Of hundreds of pixels, some always score the same but for rounding.
    "table": {"sis": {"ties": 1e-5, "limit": 1}},
    "text": {
        "smug": {"steps": 30, "top_k": 12},
        "integrated_gradients": {"steps": 30},
        "gradients": {},
        "ggig": {"points": 6, "batch_size": 4},
        "sis": {"ties": 1e-5, "limit": 1},
    },
    "efficientnet_lite0": {"gradcam": {}},
}


def main(folder):
    """Write the answers."""
    found = {}
    inputs = np.load(folder / "inputs.npz")
    for name, methods in METHODS.items():
        model = keras.saving.load_model(folder / f"{name}.keras", compile=False)
        for method, settings in methods.items():
            made = smug.explain(model, inputs[name], method=method, **settings)
            found[f"{name}.{method}.values"] = made.values
            found[f"{name}.{method}.score"] = made.score
            if made.mask is not None:
                found[f"{name}.{method}.mask"] = made.mask
    np.savez(folder / f"{keras.config.backend()}.npz", **found)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
