"""Tables of the user's own: files of rows and named columns."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from smug.errors import SmugError, shown, unknown_name
from smug.io import reading

#: Reader of each file of a table by its ending.
READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": pd.read_csv,
    ".tsv": lambda path: pd.read_csv(path, sep="\t"),
    ".parquet": pd.read_parquet,
    ".jsonl": lambda path: pd.read_json(path, lines=True),
}
#: Column of the classes where no other is named.
LABEL = "label"


def read_table(root: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a file of rows and named columns; at least one row.

    Raises
    ------
    SmugError
        Missing, unreadable or empty file, or one of an unknown ending.
    """
    path = Path(root)
    check_file(path, READERS)
    with reading(path, damaged="is no readable table", step="open it and save it again"):
        table = READERS[path.suffix.lower()](path)
    table.columns = [str(name).strip() for name in table.columns]
    if not len(table):
        raise SmugError(f"{path} has no row below the names of its columns; give at least one")
    if twice := table.columns[table.columns.duplicated()].tolist():
        raise SmugError(f"{path} has several columns called {twice[0]!r}; rename them")
    return table


def head_of(root: str | os.PathLike[str]) -> pd.DataFrame:
    """Names of a table's columns and its first row, however long the table is."""
    path = Path(root)
    if path.suffix.lower() == ".parquet":
        return read_table(path)
    with reading(path, damaged="is no readable table", step="open it and save it again"):
        if path.suffix.lower() == ".jsonl":
            head = pd.read_json(path, lines=True, nrows=1)
        else:
            head = pd.read_csv(path, nrows=1, sep="\t" if path.suffix.lower() == ".tsv" else ",")
    head.columns = [str(name).strip() for name in head.columns]
    return head


def check_file(path: Path, endings: Iterable[str]) -> None:
    """Refuse a file that is not there, or of an ending that nobody reads."""
    if not path.exists():
        raise SmugError(f"no file {path}; check dataset.root")
    if path.is_dir() or path.suffix.lower() not in endings:
        what = "is a folder" if path.is_dir() else f"ends in {path.suffix or 'nothing'!r}"
        raise SmugError(f"{path} {what}; dataset.root takes a file: {', '.join(endings)}")


def check_columns(table: pd.DataFrame, names: Iterable[str], key: str, root: object) -> None:
    """Refuse names that are no columns of a table; ``key`` is the setting that gave them."""
    for name in names:
        if name not in table.columns:
            raise SmugError(f"{unknown_name(key, name, table.columns)} ({root})")


def labels_of(table: pd.DataFrame, label: str | None, root: object) -> list[Any] | None:
    """True class of each row as the table writes it, None where it is left out; None without any.

    Parameters
    ----------
    table : pandas.DataFrame
    label : str, optional
        Column; by default the one called ``label``, if there is one.
    root : path-like
        File of the table, for the error.
    """
    if label is None:
        if LABEL not in table.columns:
            return None
        label = LABEL
    check_columns(table, [label], "dataset.label", root)
    column = table[label].astype(object)
    return [
        None if missing else value for value, missing in zip(column, column.isna(), strict=True)
    ]


def numbers(column: pd.Series, root: object) -> np.ndarray:
    """A column as numbers, float64, shape (rows,).

    Raises
    ------
    SmugError
        A column of texts or dates, or one with a missing or infinite value: says what it holds, in
        which row, and what may be done.
    """
    name = column.name
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        example = shown(column.dropna().iloc[0]) if column.notna().any() else "nothing"
        raise SmugError(
            f"{root}: the column {name!r} holds {example}, no numbers; name it in dataset.one_hot "
            "or dataset.codes as the network was trained, or leave it out with dataset.columns"
        )
    values = column.to_numpy(np.float64, na_value=np.nan)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise SmugError(
            f"{root}: the column {name!r} holds no finite number in row {row + 1}; fill it, or "
            "leave the row out"
        )
    return values


def categories(column: pd.Series, root: object) -> tuple[np.ndarray, list[Any]]:
    """Number of each row's category, int64, shape (rows,), and the categories, sorted.

    Raises
    ------
    SmugError
        A missing value, or values that have no order among each other.
    """
    if column.isna().any():
        row = int(np.flatnonzero(column.isna())[0])
        raise SmugError(f"{root}: the column {column.name!r} is empty in row {row + 1}; fill it")
    try:
        found = sorted(set(column.tolist()))
    except TypeError as error:
        raise SmugError(
            f"{root}: the column {column.name!r} mixes texts and numbers ({error}); write all of "
            "one kind"
        ) from error
    place = {value: i for i, value in enumerate(found)}
    return np.array([place[value] for value in column.tolist()], np.int64), found
