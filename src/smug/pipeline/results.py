"""The long result table: one row per run, dataset, image, method, setting and metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from smug.errors import SmugError
from smug.io import atomic, reading

#: Columns of the table, empty where they do not apply. Encoding to solver: settings of a mask
#: problem (see :func:`problem_columns`) and of the map made from it; network to seed: settings of
#: a sanity check, whose status says why its value is missing. Status to solve_seconds: what the
#: solver says; confirmed: whether the network itself agrees with the mask
#: (:mod:`smug.pipeline.confirm`). The time of a whole method is a metric, ``seconds``.
COLUMNS = {
    "run": "string",
    "dataset": "string",
    "image": "string",
    "method": "string",
    "encoding": "string",
    "response": "string",
    "top_k": "Int64",
    "gamma": "float64",
    "margin": "float64",
    "window": "Int64",
    "delta": "float64",
    "epsilon": "float64",
    "replacement": "string",
    "ranking": "string",
    "scoring": "string",
    "solver": "string",
    "network": "string",
    "check": "string",
    "layer": "string",
    "level": "Int64",
    "levels": "Int64",
    "noise": "float64",
    "seed": "Int64",
    "metric": "string",
    "value": "float64",
    "status": "string",
    "bound": "float64",
    "gap": "float64",
    "encode_seconds": "float64",
    "solve_seconds": "float64",
    "confirmed": "boolean",
}

#: Settings of the mask problem that each encoding reads.
_READ = {
    "first_layer": ("response", "top_k", "gamma", "margin", "window", "replacement", "ranking"),
    "network": ("window", "replacement", "delta"),
}


def problem_columns(method: Mapping[str, Any], solver: str) -> dict[str, Any]:
    """Columns of the settings of a mask problem.

    Parameters
    ----------
    method : mapping
        The configuration section.
    solver : str
        Name of the solver.
    """
    encoding = method["encoding"]
    settings = {name: method[name] for name in _READ[encoding]}
    return {"encoding": encoding, **settings, "solver": solver}


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
    """Write a table as parquet, each page with a checksum: a flipped bit is no other value."""
    with atomic(path) as temporary:
        table.to_parquet(temporary, index=False, write_page_checksum=True)


def load_results(*paths: str | Path) -> pd.DataFrame:
    """Read tables and put them under one another.

    Raises
    ------
    SmugError
        Missing or damaged file, or one with other columns than :data:`COLUMNS`.
    """
    tables = []
    for path in paths:
        with reading(path):
            table = pd.read_parquet(path, page_checksum_verification=True)
        if other := set(COLUMNS) ^ set(table.columns):
            raise SmugError(
                f"{path} lacks columns of the result table or has others, {sorted(other)}: another "
                "version of smug wrote it; delete it and run again"
            )
        # Types stand in the file's last part, which has no checksum.
        with reading(path):
            tables.append(table[list(COLUMNS)].astype(COLUMNS))
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


def network_labels(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of networks where images of several datasets stand side by side.

    Parameters
    ----------
    configs : sequence of mapping
        Sections ``dataset`` and ``model`` of each dataset.

    Returns
    -------
    list of str
        All different: a network that explains several of the datasets is named with each of them.
        Made-up data says so.
    """
    networks = [config["model"]["name"] for config in configs]
    labels = []
    for network, config in zip(networks, configs, strict=True):
        dataset = config["dataset"]
        several = networks.count(network) > 1
        name = f"{network}, {dataset['name']}" if several else network
        labels.append(dataset_label({**dataset, "name": name}))
    return labels
