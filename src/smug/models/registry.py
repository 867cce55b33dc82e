"""Every network the workflow knows by name: how to load it and what it wants to be fed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from smug.errors import SmugError, unknown_name
from smug.models import efficientnet_lite0, mnist_mlp


@dataclass(frozen=True)
class Network:
    """What the workflow needs to know of a network beside its weights.

    Parameters
    ----------
    preprocess : callable
        From uint8 pixels (n, height, width[, 3]) to float32 inputs.
    """

    preprocess: Callable[[np.ndarray], np.ndarray]


NETWORKS: dict[str, Network] = {
    "mnist_mlp": Network(mnist_mlp.scale),
    "efficientnet_lite0": Network(efficientnet_lite0.PREPROCESSING),
}


def network(name: str) -> Network:
    """Look a network up by name."""
    if name not in NETWORKS:
        raise unknown_name("model", name, NETWORKS)
    return NETWORKS[name]


def load_model(path: str | Path) -> keras.Model:
    """Read a ``.keras`` file; code in it is refused.

    Raises
    ------
    SmugError
        Missing or damaged file, or one that needs to run code of its own (a Lambda layer).
    """
    if not Path(path).is_file():
        raise SmugError(f"no model file {path}; give a .keras file")
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SmugError(f"{path} is not a Keras model that can be read: {error}") from error
