"""The arrays every image dataset yields, and what went wrong on the way."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from smug.errors import SmugError
from smug.io import array_names, load_arrays, load_rows, reading, save_arrays

#: Label of an image whose class nobody told.
UNKNOWN = -1


@dataclass(frozen=True)
class Problem:
    """Something wrong with one image; the run goes on.

    Parameters
    ----------
    image : str
        Id of the image.
    kind : str
        ``unreadable`` (the image is left out), ``bad_box`` (kept without a box), ``clipped_box``
        (its box reached over the edge) or ``no_box``.
    message : str
        What was found, for the log.
    """

    image: str
    kind: str
    message: str


def count_problems(problems: Iterable[Problem]) -> dict[str, int]:
    """Count problems by kind."""
    return dict(Counter(problem.kind for problem in problems))


def check_labels(labels: np.ndarray, class_names: np.ndarray) -> None:
    """Refuse class indices that no name stands for; :data:`UNKNOWN` is one of its own."""
    if len(labels) and not UNKNOWN <= labels.min() <= labels.max() < len(class_names):
        raise SmugError(
            f"labels {labels.min()}..{labels.max()} do not fit {len(class_names)} class names"
        )


@dataclass(frozen=True)
class PreparedImages:
    """Images at a model's input size, with labels and boxes; row i of every array is one image.

    Parameters
    ----------
    images : numpy.ndarray of uint8, shape (n, height, width, 3) or (n, height, width)
        RGB or grey pixels.
    labels : numpy.ndarray of int64, shape (n,)
        Class index, :data:`UNKNOWN` where none was given.
    ids : numpy.ndarray of str, shape (n,)
        Distinct names of the images.
    boxes : numpy.ndarray of float64, shape (n, 4)
        Edges ``x1, y1, x2, y2`` in pixels of ``images`` (``x2 - x1`` is the width); NaN where an
        image has no box.
    class_names : numpy.ndarray of str, shape (classes,)
        Name of each class index.
    """

    images: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    boxes: np.ndarray
    class_names: np.ndarray

    def __post_init__(self) -> None:
        kinds = (np.uint8, np.int64, np.str_, np.float64, np.str_)
        for name, kind in zip(_FIELDS, kinds, strict=True):
            object.__setattr__(self, name, np.asarray(getattr(self, name), kind))
        n = len(self.ids)
        grey = self.images.ndim == 3
        if not grey and (self.images.ndim != 4 or self.images.shape[-1] != 3):
            raise SmugError(
                f"images have shape {self.images.shape}; expected (n, h, w, 3) or (n, h, w)"
            )
        if self.images.shape[0] != n or self.labels.shape != (n,) or self.boxes.shape != (n, 4):
            raise SmugError(
                f"{n} ids, but images {self.images.shape}, labels {self.labels.shape} and "
                f"boxes {self.boxes.shape}; every array needs one row an image"
            )
        if len(set(self.ids.tolist())) != n:
            twice = [name for name, count in Counter(self.ids.tolist()).items() if count > 1]
            raise SmugError(f"image ids must be distinct; more than once: {twice[:5]}")
        check_labels(self.labels, self.class_names)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def inputs(self) -> np.ndarray:
        """Pixels, which the network's preprocessing gets."""
        return self.images

    @property
    def generated(self) -> bool:
        """False: no image is made up by a program."""
        return False

    @property
    def has_box(self) -> np.ndarray:
        """True for images that have a box, bool, shape (n,)."""
        return np.isfinite(self.boxes).all(axis=1)

    def take(self, rows: np.ndarray) -> PreparedImages:
        """Images of the given row indices or boolean row mask, in that order."""
        rows = np.asarray(rows)
        rows = rows if rows.dtype == bool else rows.astype(np.int64)
        return PreparedImages(
            self.images[rows], self.labels[rows], self.ids[rows], self.boxes[rows], self.class_names
        )

    def shard(self, number: int, size: int) -> PreparedImages:
        """Images of one shard; none past the end."""
        return self.take(np.arange(len(self))[number * size :][:size])

    def save(self, path: str | os.PathLike) -> None:
        """Write to ``path`` as compressed npz, atomically (a killed job leaves no half file)."""
        save_arrays(path, {name: getattr(self, name) for name in _FIELDS})

    @staticmethod
    def load(path: str | os.PathLike) -> PreparedImages:
        """Read what :meth:`save` wrote."""
        _check_names(path)
        with reading(path):
            return PreparedImages(**load_arrays(path))

    @staticmethod
    def load_shard(path: str | os.PathLike, number: int, size: int) -> PreparedImages:
        """Read one shard of what :meth:`save` wrote, without holding the other images."""
        _check_names(path)
        start, stop = number * size, (number + 1) * size
        arrays = {name: load_rows(path, name, start, stop) for name in _FIELDS[:-1]}
        with reading(path):
            return PreparedImages(**arrays, class_names=load_rows(path, "class_names"))


def _check_names(path: str | os.PathLike) -> None:
    names = array_names(path)
    if set(names) != set(_FIELDS):
        raise SmugError(
            f"{path} holds {sorted(names)}, not prepared images {sorted(_FIELDS)}; "
            "run the prepare stage of an image dataset"
        )


def concatenate(parts: Sequence[PreparedImages], images: np.ndarray) -> PreparedImages:
    """Put images of the same classes under one another; at least one part.

    ``images`` holds the pixels of all parts already: at the paper's scale they fill half a
    gigabyte, too much to hold twice.
    """
    rows = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _FIELDS[1:-1]}
    return PreparedImages(images, **rows, class_names=parts[0].class_names)


_FIELDS = ("images", "labels", "ids", "boxes", "class_names")
