"""The configuration: composed, checked, and a stage's part of it frozen.

``conf/config.yaml`` names the groups, the folders beside it hold them, and a stage's signature
says which sections it reads. The configuration is composed once per dataset. An override is
``key=value`` in Hydra's grammar and may name the dataset it is meant for
(``mnist:method.top_k=10``); a key that no dataset knows is an error.
"""

from __future__ import annotations

import copy
import difflib
import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from smug.errors import SmugError, unknown_name
from smug.jobs.groups import KINDS, datasets, files
from smug.jobs.heard import check_heard
from smug.jobs.overrides import Override, flatten, hydra_value, parse_overrides
from smug.jobs.own import base_of, check_listed, own_kinds
from smug.jobs.sections import (
    DATASET_GROUPS,
    files_of,
    filled_section,
    in_one_line,
    text_of,
    usual_files,
)
from smug.jobs.settings import SCHEMAS
from smug.jobs.settings.across_sections import check_together
from smug.jobs.signatures import read_io, signature

_NAMED = ("dataset", "model")  # groups in which the user's own have names and no files
#: Section that a value refers to.
_REFERENCE = re.compile(r"\$\{(\w+)\.")


def compose(dataset: str, overrides: Iterable[Override] = ()) -> dict[str, Any]:
    """Compose the configuration of one dataset to plain, checked Python.

    Parameters
    ----------
    dataset : str
        Chooses the files of :data:`smug.jobs.sections.DATASET_GROUPS` and of ``model``.
    overrides : iterable of Override
        Applied in order, those meant for other datasets left out.

    Returns
    -------
    dict
        Sections by name, each a dict of values.

    Raises
    ------
    SmugError
        Names the key, the value and what is allowed.
    """
    return _composed(dataset, overrides).plain


@dataclass(frozen=True)
class _Composed:
    """One configuration twice: as plain values and as objects of the schemas, by section."""

    plain: dict[str, Any]
    settings: dict[str, Any]

    def named(self, dataset: str) -> _Composed:
        """The same for a dataset of the user's own: it and its own network bear its name."""
        named = [section for section in _NAMED if self.plain[section]["name"] in KINDS]
        plain = {section: self.plain[section] | {"name": dataset} for section in named}
        settings = {section: replace(self.settings[section], name=dataset) for section in named}
        return _Composed(self.plain | plain, self.settings | settings)


def _composed(dataset: str, overrides: Iterable[Override]) -> _Composed:
    base, own = _reaching(dataset, overrides)
    known = _known_keys(base, own)
    composed = _compose(base, tuple(str(o) for o in own if o.key in known))
    return composed if base == dataset else composed.named(dataset)


def _reaching(dataset: str, overrides: Iterable[Override]) -> tuple[str, list[Override]]:
    """File in ``conf/dataset/`` that a dataset takes, and the overrides that reach it."""
    base = base_of(dataset, overrides)
    own = [Override(o.key, o.value) for o in overrides if o.reaches(dataset)]
    # A job of the user's own dataset names it, and its network after it: no files of conf/.
    return base, [o for o in own if base == dataset or o.key not in _NAMED or o.value != dataset]


def _known_keys(base: str, overrides: Iterable[Override]) -> frozenset[str]:
    """Keys and sections of a dataset's configuration, once its groups are chosen."""
    chosen = {o.key: o.value for o in overrides if o.key in usual_files()}
    return _keys_of_all(base, tuple({**files_of(base), **chosen}.items()))


@functools.cache
def _keys_of_all(dataset: str, files: tuple[tuple[str, str], ...]) -> frozenset[str]:
    return frozenset().union(*(_keys(dataset, section, file) for section, file in files))


@functools.cache
def _keys(dataset: str, section: str, file: str) -> frozenset[str]:
    # Names stand before the values are resolved and checked, which takes as long again.
    node = OmegaConf.to_container(filled_section(dataset, section, file), resolve=False)
    return frozenset([section, *(key for key, _ in flatten({section: node}))])


@functools.cache
def _compose(dataset: str, overrides: tuple[str, ...]) -> _Composed:
    """Compose section by section: the settings of a sweep differ in one, the others are there."""
    composed = _Composed({}, {})
    for section in usual_files():
        sections = _with_referred(dataset, section, overrides)
        heard = tuple(word for word in overrides if _section_of(word) in sections)
        composed.plain[section], composed.settings[section] = _part(dataset, sections, heard)
    return composed


def _section_of(word: str) -> str:
    return word.partition("=")[0].partition(".")[0]


def _choice(dataset: str, section: str, overrides: tuple[str, ...]) -> str:
    """File that fills a section: the one chosen last, or the dataset's own."""
    chosen = [word.partition("=")[2] for word in overrides if word.startswith(f"{section}=")]
    return chosen[-1] if chosen else files_of(dataset)[section]


def _with_referred(dataset: str, section: str, overrides: tuple[str, ...]) -> tuple[str, ...]:
    """A section, and those that its values refer to, as ``${method.top_k}`` does."""
    sections = [section]
    for name in sections:  # grows while it is read
        texts = [word for word in overrides if _section_of(word) == name]
        texts.append(text_of(dataset, name, _choice(dataset, name, overrides)))
        referred = dict.fromkeys(found for text in texts for found in _REFERENCE.findall(text))
        sections += [one for one in referred if one in usual_files() and one not in sections]
    return tuple(sections)


@functools.cache
def _part(dataset: str, sections: tuple[str, ...], overrides: tuple[str, ...]) -> tuple[Any, Any]:
    """First of some sections, as plain values and as an object of its schema."""
    config = OmegaConf.create({})
    for name in sections:
        filled = filled_section(dataset, name, _choice(dataset, name, overrides))
        config[name] = copy.deepcopy(filled)
    OmegaConf.set_struct(config, True)
    try:
        # Set one by one: Hydra takes ten times longer for each of a sweep's settings.
        for word in overrides:
            if "." in word.partition("=")[0]:
                _set(config, word)
        section = config[sections[0]]
        plain = OmegaConf.to_container(section, resolve=True, throw_on_missing=True)
        return plain, OmegaConf.to_object(section)
    except SmugError as error:
        raise _where_typed(config, error) from error
    except OmegaConfBaseException as error:
        raise in_one_line(error) from error


def _where_typed(config: DictConfig, error: SmugError) -> SmugError:
    """The error of a method's settings, under the key that a user types.

    A method stands in the section ``explainer`` and, several times, in ``sanity.explainers``.
    """
    nodes = {"explainer": config.explainer} if "explainer" in config else {}
    if "sanity" in config:
        of_sanity = config.sanity.explainers.items()
        nodes |= {f"sanity.explainers.{name}": node for name, node in of_sanity}
    for place, node in nodes.items():
        try:
            OmegaConf.to_object(node)
        except SmugError as same:
            if str(same) == str(error):
                return SmugError(re.sub(r"\bexplainer\.", f"{place}.", str(error)))
    return error


@functools.cache
def _parser() -> OverridesParser:
    return OverridesParser.create()


def _set(config: DictConfig, word: str) -> None:
    """Set the value of one override, in Hydra's grammar."""
    key = word.partition("=")[0]
    try:
        override = _parser().parse_override(word)
        if override.is_sweep_override():
            raise SmugError(f"{word}: several values; a list is written [1,2]")
        OmegaConf.update(config, override.key_or_group, override.value())
    except HydraException as error:
        raise SmugError(f"{word}: {error}; a text with spaces or brackets needs quotes") from error
    except (ArithmeticError, RecursionError, ValueError) as error:
        if isinstance(error, SmugError | OmegaConfBaseException):
            raise
        # Numbers of thousands of digits, brackets in thousands of brackets.
        raise SmugError(f"{word}: not a value of {key} ({error})") from error


def check_overrides(overrides: Iterable[Override], dataset: str | None = None) -> None:
    """Compose every dataset, a job its own alone; stop at a key that none of those meant knows.

    Raises
    ------
    SmugError
        Lists the known keys of the section meant, or the sections.
    """
    overrides = [o for o in overrides if dataset is None or o.reaches(dataset)]
    names = [*datasets(), *own_kinds(overrides)] if dataset is None else [dataset]
    known = {name: _known_keys(*_reaching(name, overrides)) for name in names}
    for override in overrides:
        meant = [override.dataset] if override.dataset in known else known
        keys = set().union(*(known[name] for name in meant))
        section, dot, _ = override.key.partition(".")
        # A dataset's file is told by its name; other sections may hear of a file chosen elsewhere.
        of_others = set() if section == "dataset" else _keys_of_any_choice(section)
        if override.key in keys or override.key in of_others:
            continue
        same = [key for key in keys if dot and key.startswith(f"{section}.")]
        shown = sorted(same or (key for key in keys if "." not in key))
        close = difflib.get_close_matches(override.key, keys, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise SmugError(f"unknown key {override.key!r}; known: {', '.join(shown)}.{hint}")
    composed = {name: _composed(name, overrides) for name in known}
    # A job hears of its own sections only; those it does not read keep their defaults.
    if dataset is None:
        for one in composed.values():
            check_together(one.plain, files)
            check_listed(one.plain["workflow"]["datasets"], overrides)
        check_heard(overrides, composed, functools.partial(_model_keys, overrides))


def _model_keys(overrides: Iterable[Override], dataset: str, model: str) -> frozenset[str]:
    """Keys that a dataset's configuration has with a network."""
    base = base_of(dataset, overrides)
    return _keys(base, "model", base if model == dataset != base else model)


@functools.cache
def _keys_of_any_choice(section: str) -> set[str]:
    """Keys of every schema that may fill a section: heard where a file of it is chosen."""
    schemas = [schema for (group, _), schema in SCHEMAS.items() if group == section]
    return {f"{section}.{field.name}" for schema in schemas for field in fields(schema)}


def stage_config(stage: str, overrides: Iterable[Override] = (), *, dataset: str) -> dict[str, Any]:
    """Pick the sections that a stage reads from the composed configuration, as plain values."""
    return _stage_part(stage, compose(dataset, overrides))


def _stage_part(stage: str, composed: dict[str, Any]) -> dict[str, Any]:
    read = {}
    for section in signature(stage).sections:
        if section not in composed:
            raise unknown_name(f"section of stage {stage}", section, composed)
        read[section] = composed[section]
    check_together(read, files)
    return read


def freeze(config: dict[str, Any]) -> list[str]:
    """Write a stage's configuration as the overrides that bring it back, whatever changes later.

    Group choices come first (each section holds its file's name), then every leaf.
    """
    choices = [f"{section}={values['name']}" for section, values in config.items()]
    leaves = [(key, value) for key, value in flatten(config) if not key.endswith(".name")]
    return choices + [f"{key}={hydra_value(value)}" for key, value in leaves]


@dataclass(frozen=True)
class JobWords:
    """A job's command line, read and checked.

    Parameters
    ----------
    plain : dict
        The sections that the stage reads, as plain values: what its record says.
    settings : dict
        The same sections as objects of their schemas: what the stage gets.
    io : dict of str to list of str
        Paths by name.
    """

    plain: dict[str, Any]
    settings: dict[str, Any]
    io: dict[str, list[str]]


def from_words(stage: str, words: Sequence[str]) -> JobWords:
    """Read a job's command line: overrides and ``io.<name>=<path>`` words.

    Raises
    ------
    SmugError
        Unknown or missing ``io`` names, several paths where one is meant, and everything that
        :func:`compose` raises.
    """
    io, rest = read_io(stage, words)
    overrides = parse_overrides(rest)
    chosen = {o.key: o.value for o in overrides}
    named = (chosen[group] for group in DATASET_GROUPS if chosen.get(group) in datasets())
    dataset = chosen.get("dataset") or next(named, usual_files()["dataset"])
    check_overrides(overrides, dataset)
    composed = _composed(dataset, overrides)
    return JobWords(_stage_part(stage, composed.plain), composed.settings, io)
