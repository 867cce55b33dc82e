"""Origin of a result: the commit, the versions of the packages, the model's weights."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

#: The checkout that the package runs from; a folder of no meaning where it is installed.
ROOT = Path(__file__).resolve().parents[2]

#: Packages whose versions an explanation names, by the names of their distributions.
PACKAGES = ("smug", "keras", "tensorflow", "jax", "torch", "numpy", "scipy", "highspy")


def commit(root: Path = ROOT) -> str | None:
    """Hash of a checkout's commit, with ``+`` for uncommitted changes; None outside git."""
    try:
        # An installed package may lie inside somebody else's repository.
        if Path(_git(root, "rev-parse", "--show-toplevel")).resolve() != root.resolve():
            return None
        head = _git(root, "rev-parse", "HEAD")
        return head + ("+" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(root: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str | None]:
    """Versions of installed packages; None for one that is not installed."""
    return {package: _version(package) for package in packages}


def _version(package: str) -> str | None:
    # TensorFlow is one package under two names.
    for name in (package, "tensorflow-cpu") if package == "tensorflow" else (package,):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


@functools.cache
def software() -> dict[str, Any]:
    """Versions of packages and Python, and the commit; found once a process."""
    return {"versions": versions(), "python": sys.version.split()[0], "commit": commit()}


def of_model(model: keras.Model) -> dict[str, Any]:
    """Name, class, number of weights of a model, and the hash of all their values."""
    weights = list(model.weights)
    return {
        "name": model.name,
        "class": type(model).__name__,
        "parameters": sum(int(np.prod(weight.shape)) for weight in weights),
        "weights_sha256": sha256_of_arrays(weight.numpy() for weight in weights),
    }


def sha256_of_arrays(arrays: Iterable[np.ndarray]) -> str:
    """SHA-256 of arrays, their types and shapes included, as hexadecimal digits."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return digest.hexdigest()
