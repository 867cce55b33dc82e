"""Datasets of the user's own: no file of ``conf/`` names them, overrides alone do.

``mine:dataset.kind=table`` makes ``mine`` a dataset of the kind ``table``: where a dataset of the
project has a file of its own in a group, ``mine`` takes the one of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from smug.datasets.own.sources import check_inputs, check_network, check_vocabulary
from smug.errors import SmugError, unknown_name
from smug.jobs.groups import KINDS, datasets, files
from smug.threads import is_onnx

#: Key that makes a dataset.
KIND = "dataset.kind"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
#: Words that mean something else where a dataset's name stands.
_RESERVED = ("all", "main", *KINDS)


class Meant(Protocol):
    """An override, and the dataset that it is meant for: :class:`smug.jobs.overrides.Override`."""

    @property
    def key(self) -> str:
        """Key in the configuration."""

    @property
    def value(self) -> str:
        """Value as it is typed."""

    @property
    def dataset(self) -> str | None:
        """Dataset that it is meant for; None: every one."""

    def reaches(self, dataset: str | None) -> bool:
        """True if a job of this dataset hears the override."""


def own_kinds(overrides: Iterable[Meant]) -> dict[str, str]:
    """Kind of each dataset of the user's own, by its name, in the order of the overrides."""
    return {
        one.dataset: _plain(one.value)
        for one in overrides
        if one.key == KIND and one.dataset is not None and one.dataset not in datasets()
    }


def base_of(dataset: str, overrides: Iterable[Meant] = ()) -> str:
    """File of ``conf/dataset/`` that a dataset takes: its own, or that of its kind.

    Raises
    ------
    SmugError
        Neither a file of this name, nor an override that says its kind.
    """
    if dataset in (*datasets(), *KINDS):
        return dataset
    told = [one for one in overrides if one.key == KIND and one.reaches(dataset)]
    if not told:
        raise _unknown("dataset", dataset)
    kind = _plain(told[-1].value)
    known = [one for one in KINDS if one in files("dataset")]
    if kind not in known:
        raise unknown_name(KIND, kind, known)
    return kind


def check_name(name: str) -> None:
    """Refuse a name that a dataset of the user's own cannot have.

    Raises
    ------
    SmugError
        Says what a name is.
    """
    if name in (*_RESERVED, *datasets(), *files("model")):
        raise SmugError(
            f"{name}: is a word of the project's own and names no dataset; choose another name"
        )
    if not _NAME.fullmatch(name):
        raise SmugError(
            f"{name}: cannot name a dataset; a name is small letters, digits and _, a letter first"
        )


def check_named(overrides: Iterable[Meant]) -> None:
    """Refuse overrides for a dataset that nobody knows, or whose name cannot be one.

    Raises
    ------
    SmugError
        Names the dataset and what is allowed.
    """
    overrides = list(overrides)
    for name in dict.fromkeys(one.dataset for one in overrides if one.dataset is not None):
        if name in datasets():
            continue
        check_name(name)
        if name not in own_kinds(overrides):
            raise _unknown("dataset in override", name)
        base_of(name, overrides)


def check_listed(listed: Iterable[str], overrides: Iterable[Meant]) -> None:
    """Refuse a list of a run's datasets with one that nobody knows.

    Raises
    ------
    SmugError
        Names the dataset, those known and how one becomes known.
    """
    known = {*datasets(), *own_kinds(overrides)}
    for name in listed:
        if name not in known:
            raise _unknown("workflow.datasets", name, known)


def check_own(chosen: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse inputs or a network of the user's own that no job could read.

    Raises
    ------
    SmugError
        Names the dataset, the setting, its value and what is there.
    """
    dataset, model = chosen["dataset"], chosen["model"]
    try:
        check_inputs(dataset)
        if "file" in model:  # a network that comes with the project is named by model=
            check_network(model["file"])
        if "vocabulary" in model:
            check_vocabulary(model["vocabulary"])
            _check_words(model["file"])
    except SmugError as error:
        raise SmugError(f"{dataset['name']}: {error}") from error


def _check_words(file: str) -> None:
    """Refuse an ONNX file for texts: its embedding is a lookup like any other."""
    if is_onnx(file):
        raise SmugError(
            f"model.file={file}: texts need a network whose embedding layer is known, and an ONNX "
            "file has none; save it as a Keras model (.keras)"
        )


def _unknown(what: str, name: str, known: Iterable[str] | None = None) -> SmugError:
    found = unknown_name(what, name, datasets() if known is None else known)
    return SmugError(
        f"{found} A dataset of your own says its kind: {name}:{KIND}={'|'.join(KINDS)}"
    )


def _plain(value: str) -> str:
    """A name without the quotes that an override may have around it."""
    return value.strip("'\"")
