"""Tables and series of the user's own, read into arrays of numbers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from smug.datasets.own.tables import (
    LABEL,
    READERS,
    categories,
    check_columns,
    check_file,
    labels_of,
    numbers,
    read_table,
)
from smug.errors import SmugError, unknown_name
from smug.io import reading

#: Array of an ``.npz`` file that holds the series where no other is named.
SERIES = "x"


@dataclass(frozen=True)
class ReadRows:
    """Rows as the user's file holds them.

    Parameters
    ----------
    values : numpy.ndarray of float64, shape (n, features) or (n, steps[, channels])
    labels : list, optional
        Class of each as it is written, None where it has none; None where nobody told any.
    ids : list of str
    features : list of str
        Names of the last axis.
    """

    values: np.ndarray
    labels: list[Any] | None
    ids: list[str]
    features: list[str]


def read_rows(
    root: str | os.PathLike[str],
    *,
    label: str | None = None,
    ids: str | None = None,
    columns: Sequence[str] = (),
    one_hot: Sequence[str] = (),
    codes: Sequence[str] = (),
) -> ReadRows:
    """Read the rows of a table; its columns become features as the settings of these names say.

    Raises
    ------
    SmugError
        A column that is not there, or that holds what a network does not take: says which, and
        what to do.
    """
    table = read_table(root)
    labels = labels_of(table, label, root)
    for key, names in (("columns", columns), ("one_hot", one_hot), ("codes", codes)):
        check_columns(table, names, f"dataset.{key}", root)
    apart = {label if label is not None else LABEL, ids}
    taken = list(columns) or [name for name in table.columns if name not in apart]
    if lost := [name for name in (*one_hot, *codes) if name not in taken]:
        raise SmugError(
            f"dataset.columns leaves out {lost[0]!r}, which dataset.one_hot or dataset.codes "
            "names; name it in both or in none"
        )
    made = [pair for name in taken for pair in _features(table[name], one_hot, codes, root)]
    if not made:
        raise SmugError(f"{root} has no column beside labels and names; a network takes some")
    return ReadRows(
        values=np.stack([values for _, values in made], axis=1),
        labels=labels,
        ids=_ids(table, ids, root),
        features=[name for name, _ in made],
    )


def read_series(
    root: str | os.PathLike[str], *, inputs: str | None = None, label: str | None = None
) -> ReadRows:
    """Read series: arrays of an ``.npz`` or ``.npy`` file, or a table with one series a row.

    Parameters
    ----------
    root : path-like
    inputs : str, optional
        Array of an ``.npz`` file; by default ``x``, or the only one that holds no labels.
    label : str, optional
        Array or column of the labels; by default the one called ``label``, if there is one.
    """
    path = Path(root)
    if path.suffix.lower() in READERS:
        found = read_rows(path, label=label)
        return ReadRows(found.values, found.labels, found.ids, ["value"])
    check_file(path, (*READERS, ".npz", ".npy"))
    arrays = _arrays(path)
    if label is not None and label not in arrays:
        raise unknown_name("dataset.label", label, arrays)
    labels = arrays.pop(label or LABEL, None)
    name = inputs or (SERIES if SERIES in arrays or len(arrays) != 1 else next(iter(arrays)))
    if name not in arrays:
        raise unknown_name("dataset.inputs", name, arrays)
    values = arrays[name]
    if values.dtype.kind not in "biuf" or values.ndim not in (2, 3) or not values.size:
        raise SmugError(
            f"{path}: {name} has shape {values.shape} and type {values.dtype}; series are numbers "
            "of shape (series, steps) or (series, steps, channels)"
        )
    if not np.isfinite(values).all():
        row = int(np.argwhere(~np.isfinite(values))[0][0])
        raise SmugError(f"{path}: {name} holds no finite number in series {row}; fill it")
    if labels is not None and labels.shape != (len(values),):
        raise SmugError(
            f"{path}: {len(values)} series, but labels of shape {labels.shape}; give one each"
        )
    channels = 1 if values.ndim == 2 else values.shape[2]
    return ReadRows(
        values=values.astype(np.float64),
        labels=None if labels is None else labels.tolist(),
        ids=[str(i) for i in range(len(values))],
        features=["value"] if channels == 1 else [f"channel {c}" for c in range(channels)],
    )


def shaped(rows: ReadRows, shape: tuple[int, ...], root: object) -> np.ndarray:
    """Values as a network takes them, float32, ``(n, *shape)``.

    Raises
    ------
    SmugError
        Another number of features, steps or channels than the network takes.
    """
    own = rows.values.shape[1:]
    channels = own if len(own) == 2 or len(shape) == 1 else (*own, 1)
    if channels != shape and not (len(own) == 2 and own[1] == 1 and own[:1] == shape):
        listed = f": {', '.join(rows.features[:20])}" if len(own) == 1 < len(rows.features) else ""
        raise SmugError(
            f"{root} has inputs of shape {own}{listed}; the network takes {shape}. Choose columns "
            "with dataset.columns, or another network with model.file"
        )
    return rows.values.reshape(-1, *shape).astype(np.float32)


def standardised(values: np.ndarray) -> np.ndarray:
    """Each column minus its mean, by its standard deviation; a column of one value becomes 0."""
    axes = tuple(range(values.ndim - 1))
    spread = values.std(axis=axes)
    return (values - values.mean(axis=axes)) / np.where(spread > 0, spread, 1.0)


def _features(
    column: pd.Series, one_hot: Sequence[str], codes: Sequence[str], root: object
) -> list[tuple[str, np.ndarray]]:
    """Features, by their names, that a column becomes."""
    name = str(column.name)
    if name in one_hot:
        place, found = categories(column, root)
        return [(f"{name}={one}", (place == i).astype(float)) for i, one in enumerate(found)]
    if name in codes:
        return [(name, categories(column, root)[0].astype(float))]
    return [(name, numbers(column, root))]


def _ids(table: pd.DataFrame, ids: str | None, root: object) -> list[str]:
    if ids is None:
        return [f"row {i + 1}" for i in range(len(table))]
    check_columns(table, [ids], "dataset.ids", root)
    return [str(name) for name in table[ids]]


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with reading(path, damaged="holds no readable arrays", step="save it again with numpy.savez"):
        found = np.load(path, allow_pickle=False)
        if isinstance(found, np.ndarray):
            return {SERIES: found}
        with found:
            return {name: found[name] for name in found.files}
