"""The only file that knows Hydra: compose the configuration, check it, freeze a stage's part.

``conf/config.yaml`` names the groups, the folders beside it hold them, and ``conf/<stage>.yaml``
says which sections a stage reads. The configuration is composed once per dataset. An override is
``key=value`` in Hydra's grammar and may name the dataset it is meant for
(``mnist:method.top_k=10``); a key that no dataset knows is an error.
"""

from __future__ import annotations

import copy
import difflib
import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import ConfigCompositionException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from smug.errors import SmugError, unknown_name
from smug.jobs.settings import SCHEMAS
from smug.jobs.settings.across_sections import check_together

ROOT = Path(__file__).resolve().parents[3]
CONF = ROOT / "conf"

#: Groups that hold one file per dataset (model: the one that ``models`` names).
DATASET_GROUPS = ("dataset", "method", "comparison", "grid", "timing", "sanity")
#: Groups whose files are lists of overrides for other sections, weakest first.
OVERRIDE_GROUPS = ("scale", "experiment")

_WORD = r"""(?:[^\s'"]|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")+"""
_OVERRIDE = re.compile(r"(?:(?P<dataset>[a-z_0-9]+):)?(?P<key>[A-Za-z_][\w.]*)=(?P<value>.*)", re.S)

#: Words that Hydra's grammar reads as something other than text.
_CONSTANTS = {"null", "true", "false", "inf", "nan"}

for (_group, _schema_name), _schema in SCHEMAS.items():
    ConfigStore.instance().store(group=_group, name=_schema_name, node=_schema)


@dataclass(frozen=True)
class Override:
    """One ``key=value``, for every dataset or for one of them."""

    key: str
    value: str
    dataset: str | None = None

    def __str__(self) -> str:
        return f"{self.key}={self.value}"

    def reaches(self, dataset: str | None) -> bool:
        """Whether a job of this dataset (None: of no dataset) hears the override."""
        return self.dataset is None or self.dataset == dataset


def stages() -> list[str]:
    """Names of all stages: every file in ``conf/`` but the primary one."""
    return [name for name in files(".") if name != "config"]


def datasets() -> list[str]:
    """Names of all datasets: every file in ``conf/dataset/``."""
    return files("dataset")


def files(group: str) -> list[str]:
    """Names of the files of a group."""
    if not CONF.is_dir():
        raise SmugError(f"no folder {CONF}; the workflow needs a checkout of the repository")
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


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


def compose(dataset: str, overrides: Iterable[Override] = ()) -> dict[str, Any]:
    """Compose the configuration of one dataset to plain, checked Python.

    Parameters
    ----------
    dataset : str
        Chooses the files of the :data:`DATASET_GROUPS` and of ``model``.
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
    if dataset not in datasets():
        raise unknown_name("dataset", dataset, datasets())
    own = [o for o in overrides if o.reaches(dataset)]
    known = _known_keys(dataset, own)
    return _compose(dataset, tuple(str(o) for o in own if o.key in known))


def _known_keys(dataset: str, overrides: Iterable[Override]) -> set[str]:
    """Keys and sections of a dataset's configuration, once its groups are chosen."""
    choices = tuple(str(o) for o in overrides if o.reaches(dataset) and "." not in o.key)
    sections = _compose(dataset, tuple(c for c in choices if c.partition("=")[0] in _sections()))
    return set(sections) | {key for key, _ in flatten(sections)}


@functools.cache
def _sections() -> dict[str, str]:
    """Read the sections, and the file that fills each unless another one is chosen."""
    defaults = yaml.safe_load((CONF / "config.yaml").read_text())["defaults"]
    return {
        section: name
        for entry in defaults
        if isinstance(entry, dict)
        for section, name in entry.items()
    }


@functools.cache
def _compose(dataset: str, overrides: tuple[str, ...]) -> dict[str, Any]:
    choices = tuple(word for word in overrides if "." not in word.partition("=")[0])
    config = copy.deepcopy(_chosen(dataset, choices))
    try:
        # Set one by one: composing anew for each of a sweep's settings takes ten times longer.
        for override in OverridesParser.create().parse_overrides(
            [word for word in overrides if word not in choices]
        ):
            if override.is_sweep_override():
                raise SmugError(f"{override.input_line}: several values; a list is written [1,2]")
            OmegaConf.update(config, override.key_or_group, override.value())
        plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
        OmegaConf.to_object(config)
    except (OverrideParseException, OmegaConfBaseException) as error:
        raise _explain(error) from error
    plain.pop("models")
    return plain


def _chosen(dataset: str, choices: tuple[str, ...]) -> DictConfig:
    """Fill every section with the file chosen for it.

    Only sections chosen otherwise are composed anew: the whole takes ten times longer.
    """
    config = copy.deepcopy(_of_dataset(dataset))
    for section, _, name in (choice.partition("=") for choice in choices):
        if config[section].name == name:
            continue
        with open_dict(config):
            config[section] = copy.deepcopy(_section(section, name))
    return config


@functools.cache
def _of_dataset(dataset: str) -> DictConfig:
    """Let Hydra compose the configuration of a dataset."""
    of_dataset = [f"{group}={dataset}" for group in DATASET_GROUPS]
    return _hydra("config", [*of_dataset, f"model={_models()[dataset]}"])


@functools.cache
def _section(section: str, name: str) -> DictConfig:
    """Let Hydra compose one file of a group."""
    if name not in files(section):
        raise unknown_name(section, name, files(section))
    return _hydra(f"{section}/{name}", [])[section]


def _hydra(file: str, overrides: list[str]) -> DictConfig:
    try:
        # A stage may run inside a process that already uses Hydra for something else.
        GlobalHydra.instance().clear()
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return hydra_compose(file, overrides)
    except (ConfigCompositionException, MissingConfigException, OmegaConfBaseException) as error:
        raise _explain(error) from error


def _explain(error: Exception) -> SmugError:
    """Turn Hydra's complaint into one line: what, the value, what is allowed."""
    cause = error.__cause__ or error
    if isinstance(cause, SmugError):
        return cause
    text = " ".join(str(cause).split("full_key:")[0].split())
    key = getattr(cause, "full_key", None) or "override"
    return SmugError(f"{key}: {text}")


@functools.cache
def _models() -> dict[str, str]:
    """Read which network explains which dataset."""
    return yaml.safe_load((CONF / "config.yaml").read_text())["models"]


def check_overrides(overrides: Iterable[Override], dataset: str | None = None) -> None:
    """Compose every dataset, and stop at a key that none of those meant knows.

    A job names its own ``dataset`` and composes no other: that takes half a second each.

    Raises
    ------
    SmugError
        Lists the known keys of the section meant, or the sections.
    """
    overrides = [o for o in overrides if dataset is None or o.reaches(dataset)]
    names = datasets() if dataset is None else [dataset]
    known = {name: _known_keys(name, overrides) for name in names}
    for override in overrides:
        meant = [override.dataset] if override.dataset else known
        keys = set().union(*(known[name] for name in meant))
        section, dot, _ = override.key.partition(".")
        if override.key in keys or override.key in _keys_of_any_choice(section):
            continue
        same = [key for key in keys if key.startswith(f"{section}.")] if dot else []
        shown = sorted(same or (key for key in keys if "." not in key))
        close = difflib.get_close_matches(override.key, keys, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise SmugError(f"unknown key {override.key!r}; known: {', '.join(shown)}.{hint}")
    for name in known:
        composed = compose(name, overrides)
        # A job hears of its own sections only; those it does not read keep their defaults.
        if dataset is None:
            check_together(composed, files)


@functools.cache
def _keys_of_any_choice(section: str) -> set[str]:
    """Keys of every schema that may fill a section: heard where a file of it is chosen."""
    schemas = [schema for (group, _), schema in SCHEMAS.items() if group == section]
    return {f"{section}.{field.name}" for schema in schemas for field in fields(schema)}


@functools.cache
def _stage_file(stage: str) -> dict[str, Any]:
    if stage not in stages():
        raise unknown_name("stage", stage, stages())
    return yaml.safe_load((CONF / f"{stage}.yaml").read_text())


def stage_config(stage: str, overrides: Iterable[Override] = (), *, dataset: str) -> dict[str, Any]:
    """Pick the sections that a stage reads from the composed configuration."""
    composed = compose(dataset, overrides)
    read = {section: composed[section] for section in _stage_file(stage)["reads"]}
    check_together(read, files)
    return read


def freeze(config: dict[str, Any]) -> list[str]:
    """Write a stage's configuration as the overrides that bring it back, whatever changes later.

    Group choices come first (each section holds its file's name), then every leaf.
    """
    choices = [f"{section}={values['name']}" for section, values in config.items()]
    return choices + [f"{key}={hydra_value(value)}" for key, value in flatten(config)]


def sections(config: dict[str, Any]) -> SimpleNamespace:
    """Turn a configuration into attribute access, ``config.solver.timeout``."""
    return SimpleNamespace(
        **{section: SimpleNamespace(**values) for section, values in config.items()}
    )


def from_words(stage: str, words: Sequence[str]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Read a job's command line: overrides and ``io.<name>=<path>`` words.

    Returns
    -------
    config : dict
        The composed configuration.
    io : dict
        Paths by name; a name given several times holds all its paths.

    Raises
    ------
    SmugError
        Unknown or missing ``io`` names, and everything :func:`compose` raises.
    """
    # A name with a question mark may be left out.
    wanted = _stage_file(stage)["io"]
    known = [name.removesuffix("?") for name in wanted]
    io: dict[str, list[str]] = {}
    rest = []
    for word in words:
        if word.startswith("io.") and "=" in word:
            name, path = word[3:].split("=", 1)
            if name not in known:
                raise unknown_name(f"io name of {stage}", name, known)
            io.setdefault(name, []).append(path)
        else:
            rest.append(word)
    missing = [name for name in wanted if name not in io and not name.endswith("?")]
    if missing:
        raise SmugError(f"{stage} needs io.{missing[0]}=<path>; known: io.{', io.'.join(known)}")
    overrides = parse_overrides(rest)
    chosen = {o.key: o.value for o in overrides}
    named = (chosen[group] for group in DATASET_GROUPS if group in chosen)
    dataset = next(named, _sections()["dataset"])
    check_overrides(overrides, dataset)
    return stage_config(stage, overrides, dataset=dataset), io
