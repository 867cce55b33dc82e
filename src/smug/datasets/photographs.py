"""The demo set: real photographs that installed packages ship, with hand-drawn boxes.

``photographs.csv`` keeps, for each, the file inside its package, the ImageNet class that fits
best and a box around that object (edges in pixels of the original).
"""

from __future__ import annotations

import csv
import functools
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from smug.datasets.imagenet import class_names
from smug.datasets.images import Annotation, ImageRecord
from smug.errors import SmugError


def photograph_records() -> tuple[list[ImageRecord], list[str]]:
    """List the demo photographs.

    Returns
    -------
    list of ImageRecord
        In the order of ``photographs.csv``, with labels and boxes.
    list of str
        The ImageNet class names.
    """
    table = resources.files("smug.datasets").joinpath("photographs.csv").read_text("utf-8")
    records = []
    for row in csv.DictReader(table.splitlines()):
        x1, y1, x2, y2 = (float(row[edge]) for edge in ("x1", "y1", "x2", "y2"))
        records.append(
            ImageRecord(
                id=row["id"],
                path=_package_folder(row["package"]) / row["file"],
                label=int(row["label"]),
                annotation=functools.partial(Annotation, (x1, y1, x2, y2)),
            )
        )
    return records, list(class_names())


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise SmugError(f"the package {package}, which ships demo photographs, is not installed")
    return Path(spec.origin).parent
