"""Overrides: words ``key=value`` from text, files of overrides, and values written as text."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from smug.errors import SmugError, shortened, unknown_name
from smug.io import reading
from smug.jobs.groups import CONF, datasets, files, inputs_of
from smug.jobs.own import check_named

logger = logging.getLogger(__name__)

#: Groups whose files are lists of overrides for other sections, weakest first.
OVERRIDE_GROUPS = ("scale", "experiment")
#: Key that names a file of overrides of the user's own, weaker than an experiment.
SETTINGS = "settings"

_WORD = r"""(?:[^\s'"]|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")+"""
_OVERRIDE = re.compile(r"(?:(?P<dataset>[\w-]+):)?(?P<key>[A-Za-z_][\w.]*)=(?P<value>.*)", re.S)

_QUOTES = ("'", '"')
#: Letters of an override that a message shows.
_SHOWN = 300

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

    @property
    def typed(self) -> str:
        """The override as a user types it."""
        return str(self) if self.dataset is None else f"{self.dataset}:{self}"

    def reaches(self, dataset: str | None) -> bool:
        """True if a job of this dataset (None: of no dataset) hears the override.

        What is said of a dataset holds for those that take its inputs, too, but for what makes
        them others: the network, and the dataset's own file.
        """
        if self.dataset is None or self.dataset == dataset:
            return True
        section = self.key.partition(".")[0]
        other = section == "model" or self.key == "dataset"
        return dataset is not None and not other and self.dataset == inputs_of(dataset)


def parse_overrides(text: str | Sequence[str]) -> tuple[Override, ...]:
    """Read overrides from one string (words apart by white space) or from a list of words.

    ``scale=NAME`` and ``experiment=NAME`` are replaced by the overrides their files hold, which
    the other words win over; without ``scale=`` the demo scale is read. ``settings=PATH`` is a file
    of the user's own in the same form, stronger than the scale. Of two words for one key
    the last wins, and the log says so.

    Raises
    ------
    SmugError
        A word that is not ``key=value``, an unknown scale, experiment or dataset, two of them, the
        name of a section.
    """
    words = _split(text) if isinstance(text, str) else list(text)
    given = [_parse_word(word) for word in words]
    chosen = _chosen_groups(given)
    for place, later in enumerate(given):
        for earlier in given[:place]:
            if earlier.key == later.key and later.reaches(earlier.dataset) and earlier != later:
                logger.warning(
                    "%s",
                    shortened(f"{earlier.typed} is not heard: {later.typed} comes later", _SHOWN),
                )
    expanded: list[Override] = list(_group_overrides("scale", chosen.get("scale", "demo")))
    if SETTINGS in chosen:
        expanded += _own_overrides(Path(chosen[SETTINGS].strip("'\"")))
    if "experiment" in chosen:
        expanded += _group_overrides("experiment", chosen["experiment"])
    expanded += (o for o in given if o.key not in (*OVERRIDE_GROUPS, SETTINGS))
    check_named(expanded)
    return tuple(expanded)


def _chosen_groups(given: Iterable[Override]) -> dict[str, str]:
    """The scale, the file and the experiment among the words, each at most once."""
    chosen: dict[str, str] = {}
    for one in given:
        if one.key not in (*OVERRIDE_GROUPS, SETTINGS):
            continue
        if one.dataset is not None:
            raise SmugError(f"{one.typed}: {one.key} is for all datasets; write {one}")
        if chosen.setdefault(one.key, one.value) != one.value:
            raise SmugError(
                f"{one.key}={chosen[one.key]} and {one}: give one, and the values of the other as "
                f"overrides (conf/{one.key}/)"
            )
    return chosen


def from_command_line(text: str, arguments: Sequence[str]) -> str:
    """Text of the overrides as it was typed.

    Snakemake strips quotes from the ends of a value, the one that closes the last word among them,
    and reads the rest as YAML, in which `` #`` begins a comment.

    Parameters
    ----------
    text : str
        What Snakemake gives.
    arguments : sequence of str
        The command line.
    """
    typed = [word.partition("=")[2] for word in arguments if word.startswith("override=")]
    if not typed:
        # A job on a cluster gets the value once more: it was whole when the run began.
        return next((text + quote for quote in ("", *_QUOTES) if _is_closed(text + quote)), text)
    whole = typed[-1].strip()
    if len(whole) > 1 and whole[0] == whole[-1] and whole[0] in _QUOTES:
        return whole[1:-1]
    return whole


def _is_closed(text: str) -> bool:
    return not re.sub(_WORD, "", text).strip()


def _split(text: str) -> list[str]:
    """Split at white space outside quotes; the quotes stay, Hydra's grammar reads them."""
    if not _is_closed(text):
        raise SmugError(f"overrides {text!r}: a quotation is not closed; add the quote")
    return re.findall(_WORD, text)


def _parse_word(word: str) -> Override:
    match = _OVERRIDE.fullmatch(word)
    if match is None:
        raise SmugError(f"override {word!r} is not key=value; for example solver.timeout=60")
    dataset = match["dataset"]
    if dataset is not None and match["key"].partition(".")[0] == "workflow":
        raise SmugError(
            f"{word}: a run has one name and one list of datasets; leave out {dataset}:"
        )
    section, dot, name = match["key"].rpartition(".")
    if dot and name == "name":
        choice = f"choose it with {section}=<name>" if "." not in section else "it cannot be set"
        raise SmugError(f"{word}: {match['key']} says which file fills the section; {choice}")
    return Override(match["key"], match["value"], dataset)


def _group_overrides(group: str, name: str) -> tuple[Override, ...]:
    if name not in files(group):
        raise unknown_name(group, name, files(group))
    return _overrides_of_file(CONF / group / f"{name}.yaml")


def _own_overrides(path: Path) -> tuple[Override, ...]:
    """Overrides of a file of the user's own.

    Raises
    ------
    SmugError
        No such file, or none that lists overrides.
    """
    with reading(
        path,
        what="file of settings",
        missing="smug init <folder> writes one",
        damaged="is no list of overrides, a dataset (or all), a section and a key above each",
        step="correct it",
    ):
        # Read anew where it was changed, however long the process lives.
        return _overrides_of_file(path, path.stat().st_mtime_ns)


@functools.cache
def _overrides_of_file(path: Path, changed: int = 0) -> tuple[Override, ...]:
    """Overrides that a file lists, the dataset that each is meant for first."""
    content = yaml.safe_load(path.read_text("utf-8")) or {}
    known = {"all", *datasets(), *(name for name in content if "kind" in _dataset(content[name]))}
    overrides = []
    for scope, sections in content.items():
        if scope not in known:
            raise unknown_name(f"dataset in {_shown(path)}", scope, known)
        dataset = None if scope == "all" else scope
        overrides += [
            Override(key, hydra_value(value), dataset) for key, value in flatten(sections)
        ]
    return tuple(overrides)


def _dataset(sections: Any) -> Any:
    """Section of the dataset among those that a file lists; with a kind it is the user's own."""
    return sections.get("dataset", {})


def _shown(path: Path) -> str:
    return str(path.relative_to(CONF.parent) if path.is_relative_to(CONF) else path)


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
