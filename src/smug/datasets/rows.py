"""The arrays that a table or series yields: numbers as the network gets them."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

import numpy as np

from smug.datasets.prepared import check_labels
from smug.errors import SmugError
from smug.io import load_arrays, reading, save_arrays


@dataclass(frozen=True)
class PreparedRows:
    """Rows of a table or series as the network gets them; row i of every array is one input.

    Parameters
    ----------
    values : numpy.ndarray of float32, shape (n, features) or (n, steps, channels)
    labels : numpy.ndarray of int64, shape (n,)
        Class index, :data:`~smug.datasets.prepared.UNKNOWN` where none was given.
    ids : numpy.ndarray of str, shape (n,)
        Distinct names of the rows.
    features : numpy.ndarray of str, shape (features,) or (channels,)
        Names of the columns of a table, or of the channels of a series.
    class_names : numpy.ndarray of str, shape (classes,)
    made_up : numpy.ndarray of bool, shape ()
        Whether a program made the inputs up.
    """

    values: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    features: np.ndarray
    class_names: np.ndarray
    made_up: np.ndarray

    def __post_init__(self) -> None:
        kinds = (np.float32, np.int64, np.str_, np.str_, np.str_, np.bool_)
        for field, kind in zip(fields(self), kinds, strict=True):
            object.__setattr__(self, field.name, np.asarray(getattr(self, field.name), kind))
        n = len(self.ids)
        if self.values.ndim not in (2, 3) or len(self.values) != n or self.labels.shape != (n,):
            raise SmugError(
                f"{n} ids, but values {self.values.shape} and labels {self.labels.shape}; "
                "every array needs one row an input"
            )
        if len(set(self.ids.tolist())) != n:
            raise SmugError("names of rows must be distinct; leave dataset.ids out to number them")
        check_labels(self.labels, self.class_names)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def inputs(self) -> np.ndarray:
        """Numbers, which the network's preprocessing gets."""
        return self.values

    @property
    def generated(self) -> bool:
        """True if a program made the inputs up."""
        return bool(self.made_up)

    def take(self, rows: np.ndarray) -> PreparedRows:
        """Inputs of the given row indices, in that order."""
        rows = np.asarray(rows, np.int64)
        chosen = {name: getattr(self, name)[rows] for name in ("values", "labels", "ids")}
        return PreparedRows(
            **chosen,
            features=self.features,
            class_names=self.class_names,
            made_up=self.made_up,
        )

    def shard(self, number: int, size: int) -> PreparedRows:
        """Inputs of one shard; none past the end."""
        return self.take(np.arange(len(self))[number * size :][:size])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write as ``.npz``."""
        save_arrays(path, vars(self))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> PreparedRows:
        """Read what :meth:`save` wrote."""
        with reading(path):
            return cls(**load_arrays(path))
