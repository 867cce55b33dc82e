"""Published weights files: found inside an installed package, and known by their SHA-256."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np

from smug.errors import SmugError
from smug.io import sha256
from smug.models.weights.npz import assign_weights


def packaged_file(distribution: str, module: str, file: str) -> Path:
    """Path of a file inside an installed package, none of whose code runs.

    Parameters
    ----------
    distribution : str
        Name that pip installs the package by.
    module : str
        Its top-level module.
    file : str
        Path from the module's folder.

    Raises
    ------
    SmugError
        The package is not installed.
    """
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise SmugError(
            f"the package {distribution} is not installed; install it with pip, or give the path "
            f"of its {Path(file).suffix} file"
        )
    return Path(spec.origin).parent / file


def check_sha256(path: str | os.PathLike, expected: str) -> None:
    """Raise :class:`SmugError`, naming both hashes, unless the file has the expected SHA-256."""
    if not Path(path).is_file():
        raise SmugError(f"no weights file at {path}; give the path of an existing file")
    found = sha256(path)
    if found != expected:
        raise SmugError(
            f"{path} has SHA-256 {found}, expected {expected}; "
            "it is another or a damaged file: install or download it again"
        )


def with_weights(
    path: str | os.PathLike,
    expected: str,
    build: Callable[[], keras.Model],
    read: Callable[[Path, keras.Model], dict[str, np.ndarray]],
) -> keras.Model:
    """Build a network and give it the weights of a published file.

    Parameters
    ----------
    path : path-like
    expected : str
        The file's SHA-256.
    build : callable
        Makes the network, with fresh weights.
    read : callable
        From the file and the network to the arrays by Keras path (``layer/variable``).

    Raises
    ------
    SmugError
        If the file is missing, its SHA-256 is another one (both are named), or an array does not
        fit.
    """
    path = Path(path)
    check_sha256(path, expected)
    model = build()
    assign_weights(model, read(path, model), path)
    return model
