"""Published weights files: found inside an installed package, and known by their SHA-256."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from smug.errors import SmugError
from smug.io import sha256


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
