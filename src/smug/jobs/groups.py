"""Groups of ``conf/``: its folders, and the names of the files in them."""

from __future__ import annotations

import functools
from typing import Any

import yaml

from smug.jobs.home import HOME

CONF = HOME / "conf"

#: Kinds that inputs are of; a dataset of the user's own takes the files of its kind.
KINDS = ("images", "texts", "table", "series")


def datasets() -> list[str]:
    """Names of all datasets: every file in ``conf/dataset/`` that is not that of a kind."""
    return [name for name in files("dataset") if name not in KINDS]


@functools.cache
def inputs_of(dataset: str) -> str:
    """Dataset whose inputs a dataset takes: the one that its file builds on, else itself.

    Such datasets differ in the network that explains them.
    """
    known = datasets()
    built_on = _read("dataset", dataset)["defaults"] if dataset in known else ()
    return next((name for name in built_on if name in known), dataset)


@functools.cache
def format_of(dataset: str) -> str | None:
    """Format of a dataset's inputs: the schema that its file builds on; None without a file."""
    if dataset not in datasets():
        return None
    built_on = _read("dataset", inputs_of(dataset))["defaults"]
    return next(name.removesuffix("_schema") for name in built_on if str(name).endswith("_schema"))


def in_format(name: str) -> list[str]:
    """Names of all datasets of a format, such as ``imagenet``: of folders like ImageNet's."""
    return [dataset for dataset in datasets() if format_of(dataset) == name]


def file_of(dataset: str, group: str) -> str | None:
    """File of a group for a dataset: its own, else that of those whose inputs or format it has."""
    names = (dataset, inputs_of(dataset), format_of(dataset))
    return next((name for name in names if name in files(group)), None)


def _read(group: str, name: str) -> dict[str, Any]:
    """One file of a group as it stands there."""
    return dict(yaml.safe_load((CONF / group / f"{name}.yaml").read_text("utf-8")))


def files(group: str) -> list[str]:
    """Names of the files of a group."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


@functools.cache
def packaged_networks() -> tuple[str, ...]:
    """Names of the files in ``conf/model/`` whose networks come trained, and take photographs.

    They take the inputs of a dataset in colour, and are imported: no job trains them.
    """
    photographs = {name for name in datasets() if _read("dataset", name).get("colour")}
    found = {name: _read("model", name) for name in files("model")}
    return tuple(
        name
        for name, content in found.items()
        if "imported_schema" in content["defaults"] and photographs & {*content["datasets"]}
    )


@functools.cache
def networks(dataset: str) -> list[str]:
    """Names of the files in ``conf/model/`` whose networks take the inputs of a dataset."""
    return [
        name for name in files("model") if inputs_of(dataset) in _read("model", name)["datasets"]
    ]
