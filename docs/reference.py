"""Tables of the reference pages, made from the registries and the schema.

``python docs/reference.py`` writes them into ``docs/reference/``; a test holds them up to date.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any

import yaml
from omegaconf import MISSING

from smug.errors import SmugError
from smug.jobs import docstrings
from smug.jobs.config import compose
from smug.jobs.groups import CONF, datasets, files
from smug.jobs.sections import names_of
from smug.jobs.settings import SCHEMAS
from smug.jobs.settings.meanings import Section
from smug.limits import NAMES, RANGES, Range
from smug.masks.solvers import SOLVERS
from smug.methods import METHODS, Setting, method_settings

FOLDER = Path(__file__).parent / "reference"
COMMAND = "python docs/reference.py"

#: Types as a user reads them.
_TYPES = {
    int: "whole number",
    float: "number",
    bool: "true or false",
    str: "text",
    list: "list of numbers",
    type(None): "null",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown table; a bar inside a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines
    )


def limits(found: Range | Collection[Any] | None) -> str:
    """Range or known values as a reader sees them; empty where everything is allowed."""
    if isinstance(found, Range):
        return str(found).replace("inf", "∞")
    return ", ".join(f"`{value}`" for value in found or ())


def methods() -> str:
    """Every method: its name, what it needs and answers; then its settings."""
    rows = (
        (
            f"[`{name}`](#{name.replace('_', '-')})",
            method.name,
            method.about,
            ", ".join(method.needs),
            "values and a mask" if method.mask else "values",
        )
        for name, method in METHODS.items()
    )
    parts = [table(("method", "in figures", "about", "needs", "answers"), rows)]
    for name, method in METHODS.items():
        module, _, function = method.function.partition(":")
        parts.append(f"\n## {name}\n\nCode: {{func}}`{function} <{module}.{function}>`.\n")
        if settings := method_settings(name):
            parts.append("\n" + table(_COLUMNS, _rows(method.function, settings)))
        else:
            parts.append("\nIt has no settings.\n")
    return "".join(parts)


_COLUMNS = ("setting", "type", "default", "allowed", "meaning")


def _rows(function: str, settings: dict[str, Setting]) -> Iterable[tuple[str, ...]]:
    for name, setting in settings.items():
        kinds = " or ".join(_TYPES[kind] for kind in setting.kinds)
        found = SOLVERS if name == "solver" else RANGES.get(name, NAMES.get(name))
        about = docstrings.meaning(function, name) or ""
        yield f"`{name}`", kinds, f"`{setting.default}`", limits(found), about


def solvers() -> str:
    """Every solver: its name, the encodings it takes and the extra that brings it."""
    rows = (
        (
            f"`{name}`",
            solver.name,
            solver.about,
            ", ".join(f"`{encoding}`" for encoding in solver.encodings),
            f"`pip install -e '.[{solver.extra}]'`" if solver.extra else "always there",
        )
        for name, solver in SOLVERS.items()
    )
    return table(("solver", "in figures", "about", "encodings", "comes with"), rows)


@dataclass(frozen=True)
class Value:
    """A value as a file of ``conf/`` writes it, and the origin that its comment names."""

    text: str
    origin: str

    def __str__(self) -> str:
        # Outside of code, <folder> would be a tag.
        origin = self.origin.replace("<", "&lt;")
        return f"`{self.text}` ({origin})" if origin else f"`{self.text}`"


def values(path: Path) -> dict[str, Value]:
    """Values of a file by dotted key, those of the files of its group that it builds on first."""
    found: dict[str, Value] = {}
    text = path.read_text("utf-8")
    for default in yaml.safe_load(text).get("defaults", []):
        if isinstance(default, str) and (parent := path.with_name(f"{default}.yaml")).exists():
            found |= values(parent)
    above: list[tuple[int, str]] = []
    for line in text.splitlines():
        part = re.fullmatch(r"( *)(\w+):\s*([^#]*?)\s*(?:#\s*(.*))?", line)
        if part is None:
            continue
        indent, key, value, origin = len(part[1]), part[2], part[3], part[4] or ""
        above = [*(one for one in above if one[0] < indent), (indent, key)]
        if value and key != "defaults":
            found[".".join(name for _, name in above)] = Value(value, origin)
    return found


def schema_of(path: Path) -> str:
    """Name of the schema that a file of ``conf/`` follows, itself or by what it builds on."""
    for default in yaml.safe_load(path.read_text("utf-8"))["defaults"]:
        if isinstance(default, str) and default.endswith("_schema"):
            return default
        if isinstance(default, str) and (parent := path.with_name(f"{default}.yaml")).exists():
            return schema_of(parent)
    raise SmugError(f"{path} names no schema in its defaults; see smug.jobs.settings.SCHEMAS")


def configuration() -> str:
    """Every key of every section, by group; then what the scales and experiments override."""
    config = yaml.safe_load((CONF / "config.yaml").read_text("utf-8"))
    groups = [next(iter(default)) for default in config["defaults"] if default != "_self_"]
    parts = []
    for group in groups:
        parts.append(f"\n## {group}\n")
        parts += (_section(group, name) for known, name in SCHEMAS if known == group)
    parts.append("\n## Networks of the datasets\n\nThe file of a dataset names its network.\n\n")
    rows = (
        (f"`dataset={name}`", f"`model={compose(name)['model']['name']}`") for name in datasets()
    )
    parts.append(table(("dataset", "network"), rows))
    for group in ("scale", "experiment"):
        for name in files(group):
            parts.append(f"\n## {group}={name}\n\n")
            overrides = values(CONF / group / f"{name}.yaml").items()
            rows = ((f"`{_override(key)}`", str(value)) for key, value in overrides)
            parts.append(table(("key", "value"), rows))
    return "".join(parts)


def _override(key: str) -> str:
    dataset, _, rest = key.partition(".")
    return rest if dataset == "all" else f"{dataset}:{rest}"


def _section(group: str, schema: str) -> str:
    """Table of one schema, for the files of the group that follow it."""
    paths = [CONF / group / f"{name}.yaml" for name in files(group)]
    found = {path.stem: values(path) for path in paths if schema_of(path) == schema}
    kind: type[Section] = SCHEMAS[group, schema]
    about = re.sub(r":(\w+):`", r"{\1}`", (inspect.getdoc(kind) or "").replace("``", "`"))
    choices = [*found, *(name for name in names_of(group) if name not in files(group))]
    chosen = ", ".join(f"`{group}={name}`" for name in choices) or "none yet"
    head = f"\n{about}\n\nChoices: {chosen}.\n\n"
    rows = (
        (
            f"`{group}.{one.name}`",
            kind_of(one),
            "<br>".join(_origins(one, found)),
            limits(kind.allowed(one.name)),
            meaning(kind, one),
        )
        for one in fields(kind)
        if one.name != "name"
    )
    return head + table(("key", "type", "value and origin", "allowed", "meaning"), rows)


def _origins(one: Field[Any], found: dict[str, dict[str, Value]]) -> Iterator[str]:
    """Values of a key with the files that give each, files that agree together."""
    given: dict[str, list[str]] = {}
    for name, keys in found.items():
        for key, value in keys.items():
            if key == one.name:
                given.setdefault(str(value), []).append(name)
            elif key.startswith(f"{one.name}."):
                inner = Value(f"{key.partition('.')[2]}={value.text}", value.origin)
                given.setdefault(str(inner), []).append(name)
    for text, names in given.items():
        yield text if len(names) == len(found) else f"{', '.join(names)}: {text}"
    default = one.default_factory() if callable(one.default_factory) else one.default
    if not given and default != MISSING:
        yield "null" if default is None else "empty" if default in ([], {}) else f"`{default}`"


def kind_of(one: Field[Any]) -> str:
    """Type of a field as a reader sees it."""
    return _KINDS[one.type.__name__ if isinstance(one.type, type) else str(one.type)]


def meaning(kind: type[Section], one: Field[Any]) -> str:
    """Meaning of a field.

    Raises
    ------
    SmugError
        It has none.
    """
    if not (text := one.metadata.get("help")):
        raise SmugError(
            f"{kind.__name__}.{one.name} has no meaning; write "
            f'{one.name}: … = described("…") in smug.jobs.settings'
        )
    return text


#: Types of the schema's fields as a reader sees them.
_KINDS = {
    "int": "whole number",
    "int | None": "whole number or null",
    "float": "number",
    "float | None": "number or null",
    "bool": "true or false",
    "str": "text",
    "str | None": "text or null",
    "list[int]": "list of whole numbers",
    "list[float]": "list of numbers",
    "list[str]": "list of texts",
    "dict[str, Any]": "sections by name",
    "Any": "text, number or list",
}

#: Files of ``docs/reference/`` by name, with what makes them.
TABLES: dict[str, Callable[[], str]] = {
    "methods": methods,
    "solvers": solvers,
    "configuration": configuration,
}


def check() -> None:
    """Refuse a table that differs from what the code says now.

    Raises
    ------
    SmugError
        Names the files and the command that writes them.
    """
    old = [
        f"docs/reference/{name}.md"
        for name, make in TABLES.items()
        if not (path := FOLDER / f"{name}.md").exists() or path.read_text("utf-8") != make()
    ]
    if old:
        raise SmugError(f"{', '.join(old)} no longer says what the code says; run: {COMMAND}")


def main() -> None:
    """Write every table."""
    FOLDER.mkdir(exist_ok=True)
    for name, make in TABLES.items():
        (FOLDER / f"{name}.md").write_text(make(), "utf-8")


if __name__ == "__main__":
    main()
