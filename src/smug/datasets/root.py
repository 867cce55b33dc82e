"""Folder that a source of files reads."""

from __future__ import annotations

import os
from pathlib import Path

from smug.errors import SmugError


def folder(source: str, root: str | os.PathLike | None) -> Path:
    """Folder of a dataset's files.

    Parameters
    ----------
    source : str
        Where the dataset comes from, for the error.
    root : path-like, optional
        The folder; a source of files needs it.

    Raises
    ------
    SmugError
        No folder given.
    """
    if root is None:
        raise SmugError(f"dataset.source={source} needs dataset.root=<folder>; see DATA.md")
    return Path(root)
