"""The long result table: one row per run, dataset, image, method and metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from smug.errors import SmugError
from smug.io import atomic

#: Columns of the table; status, bound, gap and seconds are those of a solver, else empty (a sanity
#: check's status says why its value is missing).
COLUMNS = {
    "run": "string",
    "dataset": "string",
    "image": "string",
    "method": "string",
    "metric": "string",
    "value": "float64",
    "status": "string",
    "bound": "float64",
    "gap": "float64",
    "seconds": "float64",
}


def as_table(rows: Sequence[dict]) -> pd.DataFrame:
    """Build the table from rows; missing columns are empty.

    Raises
    ------
    SmugError
        A row has a column that the table does not.
    """
    unknown = {name for row in rows for name in row} - COLUMNS.keys()
    if unknown:
        raise SmugError(f"result rows have unknown columns {sorted(unknown)}")
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def save_results(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as parquet."""
    with atomic(path) as temporary:
        table.to_parquet(temporary, index=False)


def load_results(*paths: str | Path) -> pd.DataFrame:
    """Read tables and put them under one another.

    Raises
    ------
    SmugError
        Missing or damaged file.
    """
    tables = []
    for path in paths:
        try:
            tables.append(pd.read_parquet(path))
        except FileNotFoundError as error:
            raise SmugError(f"no file {path}; run the rule that makes it") from error
        except (OSError, ValueError) as error:
            raise SmugError(f"{path} is damaged ({error}); delete it and run again") from error
    return pd.concat(tables, ignore_index=True)


def dataset_label(dataset: Mapping[str, Any], *, generated: bool = False) -> str:
    """Name of a dataset in tables and figures: made-up data says so.

    Parameters
    ----------
    dataset : mapping
        The configuration section.
    generated : bool
        What the prepared data (or the attributed shard) say of themselves: a folder of files may
        hold generated ones, which the configuration does not know.
    """
    made_up = generated or dataset["source"] == "generated"
    return dataset["name"] + (" (generated)" if made_up else "")
