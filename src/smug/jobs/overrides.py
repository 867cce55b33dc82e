"""Overrides: words ``key=value`` from text, files of overrides, and values written as text."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from smug.errors import SmugError, unknown_name
from smug.jobs.groups import CONF, datasets, files

#: Groups whose files are lists of overrides for other sections, weakest first.
OVERRIDE_GROUPS = ("scale", "experiment")

_WORD = r"""(?:[^\s'"]|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")+"""
_OVERRIDE = re.compile(r"(?:(?P<dataset>[a-z_0-9]+):)?(?P<key>[A-Za-z_][\w.]*)=(?P<value>.*)", re.S)

#: Words that Hydra's grammar reads as something other than text.
_CONSTANTS = {"null", "true", "false", "inf", "nan"}


@dataclass(frozen=True)
class Override:
    """One ``key=value``, for every dataset or for one of them."""

    key: str
    value: str
    dataset: str | None = None

    def __str__(self) -> str:
        return f"{self.key}={self.value}"

    def reaches(self, dataset: str | None) -> bool:
        """True if a job of this dataset (None: of no dataset) hears the override."""
        return self.dataset is None or self.dataset == dataset


def parse_overrides(text: str | Sequence[str]) -> tuple[Override, ...]:
    """Read overrides from one string (words apart by white space) or from a list of words.

    ``scale=NAME`` and ``experiment=NAME`` are replaced by the overrides their files hold, which
    the other words win over; without ``scale=`` the demo scale is read.

    Raises
    ------
    SmugError
        A word that is not ``key=value``, an unknown scale, experiment or dataset.
    """
    words = _split(text) if isinstance(text, str) else list(text)
    given = [_parse_word(word) for word in words]
    chosen = {o.key: o.value for o in given if o.key in OVERRIDE_GROUPS}
    expanded: list[Override] = list(_group_overrides("scale", chosen.get("scale", "demo")))
    if "experiment" in chosen:
        expanded += _group_overrides("experiment", chosen["experiment"])
    return (*expanded, *(o for o in given if o.key not in OVERRIDE_GROUPS))


def _split(text: str) -> list[str]:
    """Split at white space outside quotes; the quotes stay, Hydra's grammar reads them."""
    if re.sub(_WORD, "", text).strip():
        raise SmugError(f"overrides {text!r}: a quotation is not closed; add the quote")
    return re.findall(_WORD, text)


def _parse_word(word: str) -> Override:
    match = _OVERRIDE.fullmatch(word)
    if match is None:
        raise SmugError(f"override {word!r} is not key=value; for example solver.timeout=60")
    dataset = match["dataset"]
    if dataset is not None and dataset not in datasets():
        raise unknown_name("dataset in override", dataset, datasets())
    return Override(match["key"], match["value"], dataset)


@functools.cache
def _group_overrides(group: str, name: str) -> tuple[Override, ...]:
    if name not in files(group):
        raise unknown_name(group, name, files(group))
    content = yaml.safe_load((CONF / group / f"{name}.yaml").read_text()) or {}
    overrides = []
    for scope, sections in content.items():
        if scope != "all" and scope not in datasets():
            raise unknown_name(f"dataset in conf/{group}/{name}.yaml", scope, ["all", *datasets()])
        dataset = None if scope == "all" else scope
        overrides += [
            Override(key, hydra_value(value), dataset) for key, value in flatten(sections)
        ]
    return tuple(overrides)


def flatten(tree: Any, prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Yield ``(dotted key, value)`` for every leaf of a nested dict; lists are leaves."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def hydra_value(value: Any) -> str:
    """Write a plain value (None, bool, number, string, list) in Hydra's override grammar."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        if re.fullmatch(r"[A-Za-z_]\w*", value, re.ASCII) and value.lower() not in _CONSTANTS:
            return value
        # A backslash escapes only a quote or what leads to one, so only those runs are doubled.
        quoted = re.sub(r"(\\*)('|\Z)", lambda m: m[1] * 2 + ("\\'" if m[2] else ""), value)
        return f"'{quoted}'"
    if isinstance(value, list):
        return "[" + ",".join(hydra_value(item) for item in value) + "]"
    raise SmugError(f"{value!r} of type {type(value).__name__} cannot stand in a configuration")
