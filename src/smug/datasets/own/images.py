"""Images of the user's own: a folder, one folder a class, or a table of paths."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from smug.datasets.images import SUFFIXES, Annotation, Box, ImageRecord
from smug.datasets.own.tables import READERS, check_columns, labels_of, numbers, read_table
from smug.datasets.prepared import UNKNOWN
from smug.errors import SmugError

#: Column of the files, and those of a box, its edges in pixels of the file.
PATH, EDGES = "path", ("x1", "y1", "x2", "y2")


@dataclass(frozen=True)
class ListedImages:
    """Images of the user's own before any is opened.

    Parameters
    ----------
    ids : list of str
        Path of each below the folder, or as the table writes it.
    paths : list of pathlib.Path
    labels : list, optional
        Class of each as it is written, None where it has none; None where nobody told any.
    boxes : numpy.ndarray of float64, shape (n, 4), optional
        Edges ``x1, y1, x2, y2``, NaN for an image without a box.
    """

    ids: list[str]
    paths: list[Path]
    labels: list[Any] | None
    boxes: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def records(self, indices: np.ndarray) -> list[ImageRecord]:
        """The images with their class indices, turned upright; none: every class is unknown."""
        known = indices.tolist() if len(indices) else [UNKNOWN] * len(self)
        boxes = [None] * len(self) if self.boxes is None else list(self.boxes)
        return [
            ImageRecord(name, path, label, None if box is None else _annotation(box), upright=True)
            for name, path, label, box in zip(self.ids, self.paths, known, boxes, strict=True)
        ]


def list_images(root: str | os.PathLike[str], label: str | None) -> ListedImages:
    """List images below a folder, or those of a table.

    Parameters
    ----------
    root : path-like
        A folder of images, or of one folder a class; or a table with the column ``path``, seen from
        the table's own folder, perhaps with labels, and with boxes in the columns ``x1`` to ``y2``.
    label : str, optional
        Column of the labels, see :func:`smug.datasets.own.tables.labels_of`.

    Raises
    ------
    SmugError
        No such folder or table, no image in it, or images beside folders of images.
    """
    root = Path(root)
    if not root.is_dir():
        return _of_table(root, label)
    loose = sorted(path for path in root.iterdir() if _is_image(path))
    folders = sorted(path for path in root.iterdir() if path.is_dir())
    inside = [path for folder in folders for path in sorted(folder.rglob("*")) if _is_image(path)]
    if loose and inside:
        raise SmugError(
            f"{root} holds images ({loose[0].name}) beside folders of images "
            f"({inside[0].relative_to(root)}); put all into one folder a class, or none"
        )
    found = loose or inside
    if not found:
        raise SmugError(
            f"no image in {root}, nor in one folder a class; known endings: "
            f"{', '.join(sorted(SUFFIXES))}"
        )
    ids = [path.relative_to(root).as_posix() for path in found]
    classes = [name.partition("/")[0] for name in ids] if inside else None
    return ListedImages(ids, found, classes)


def _of_table(root: Path, label: str | None) -> ListedImages:
    if not root.exists():
        raise SmugError(f"no folder or table {root}; check dataset.root")
    if root.suffix.lower() not in READERS:
        raise SmugError(
            f"{root} is neither a folder nor a table ({', '.join(READERS)}); check dataset.root"
        )
    table = read_table(root)
    check_columns(table, [PATH], "column of images", root)
    ids = [str(path) for path in table[PATH]]
    if twice := [name for name in dict.fromkeys(ids) if ids.count(name) > 1]:
        raise SmugError(f"{root} names the image {twice[0]} in several rows; one row an image")
    boxes = None
    if set(EDGES) & set(table.columns):
        check_columns(table, EDGES, "column of boxes", root)
        given = table[[*EDGES]].notna().all(axis=1).to_numpy()
        boxes = np.full((len(table), 4), np.nan)
        boxes[given] = np.stack([numbers(table.loc[given, edge], root) for edge in EDGES], axis=1)
    paths = [root.parent / name for name in ids]
    return ListedImages(ids, paths, labels_of(table, label, root), boxes)


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _annotation(box: np.ndarray) -> Callable[[], Annotation | None]:
    x1, y1, x2, y2 = box.tolist()
    edges: Box = (x1, y1, x2, y2)
    found = Annotation(edges) if np.isfinite(box).all() else None
    return lambda: found


def in_grey(images: np.ndarray) -> np.ndarray:
    """Grey of RGB pixels, uint8, shape (n, height, width): luma as in JPEG (ITU-R BT.601)."""
    return np.rint(images @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
