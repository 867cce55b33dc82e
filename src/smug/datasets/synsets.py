"""The 1000 classes of ImageNet: their names, and whether a folder's are a network's outputs."""

from __future__ import annotations

import difflib
import functools
import os
import re
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from smug.errors import SmugError


@functools.cache
def class_names() -> tuple[str, ...]:
    """Short names of the 1000 ImageNet classes in label order, from the package's own list."""
    text = resources.files("smug.models").joinpath("imagenet_classes.txt").read_text("utf-8")
    return tuple(text.splitlines())


def read_synsets(root: str | os.PathLike) -> tuple[list[str], list[str]]:
    """Read ``LOC_synset_mapping.txt``: synsets in label order and the first name of each."""
    path = Path(root) / "LOC_synset_mapping.txt"
    lines = [line for line in read_table(path).splitlines() if line.strip()]
    if not lines or any(" " not in line.strip() for line in lines):
        raise SmugError(f"{path} must hold one 'synset name, name ...' a line")
    pairs = [line.strip().split(" ", 1) for line in lines]
    synsets = [check_file_name(synset, f"synset in {path}") for synset, _ in pairs]
    if twice := [synset for synset, count in Counter(synsets).items() if count > 1]:
        raise SmugError(f"{path} lists {', '.join(twice[:5])} more than once; one row a class")
    return synsets, [names.split(",")[0].strip() for _, names in pairs]


def check_classes(
    root: str | os.PathLike, outputs: int, trained_on: str | os.PathLike | None = None
) -> None:
    """Refuse a folder whose classes are not the outputs of a network, row by row.

    Parameters
    ----------
    root : path-like
        Folder that holds ``LOC_synset_mapping.txt``.
    outputs : int
        Number of classes that the network tells apart.
    trained_on : path-like, optional
        Folder that the network was trained on; by default, the 1000 classes of ImageNet are known
        by their names.

    Raises
    ------
    SmugError
        Names the rows that are missing, superfluous or in another place.
    """
    path = Path(root) / "LOC_synset_mapping.txt"
    found, names = read_synsets(root)
    if trained_on is not None:
        differences = _differences(found, read_synsets(trained_on)[0])
    elif outputs == len(class_names()):
        # What tells crane the bird from crane the machine is our own addition.
        differences = _differences(names, [name.split(" (")[0] for name in class_names()])
        if len(names) == outputs and len(differences) > outputs:
            differences = []  # another list of 1000 classes
    else:
        differences = []
    if len(found) != outputs or differences:
        said = f": {'; '.join(differences[:5])}" if differences else ""
        raise SmugError(
            f"{path} lists {len(found)} classes, the network has {outputs} outputs{said}. Row i "
            "must be the network's output i: take the file of the data it was trained on"
        )


def _differences(found: Sequence[str], known: Sequence[str]) -> list[str]:
    """Rows of ``found`` that are not those of ``known``, in words."""
    said = []
    matcher = difflib.SequenceMatcher(None, found, known, autojunk=False)
    for kind, start, stop, first, last in matcher.get_opcodes():
        if kind != "equal":
            said += [f"row {row + 1}, {found[row]!r}, is too much" for row in range(start, stop)]
            said += [f"{known[row]!r} is missing in row {row + 1}" for row in range(first, last)]
    return said


def check_file_name(name: str, what: str) -> str:
    """Return a name that becomes part of a path, or refuse one that leads out of the folder."""
    if not re.fullmatch(r"\w[\w.-]{0,99}", name):
        raise SmugError(
            f"{what} is {name!r}: at most 100 letters, digits, _ . - are allowed, since a file is "
            "named by it"
        )
    return name


def read_table(path: Path) -> str:
    """Text of one of the two files beside ``ILSVRC/``."""
    try:
        # Spreadsheets put a byte order mark in front.
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SmugError(
            f"cannot read {path} ({error}); the dataset's root must hold ILSVRC/, "
            "LOC_val_solution.csv and LOC_synset_mapping.txt"
        ) from error
