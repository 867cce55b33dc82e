"""Tables of the reference pages, made from the registries and the schema.

``python docs/reference.py`` writes them into ``docs/reference/``; a test holds them up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from smug import limits
from smug.errors import SmugError
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


def allowed(name: str) -> str:
    """Values that a setting may have, by its name; empty without limits."""
    if name in limits.NAMES:
        return ", ".join(f"`{value}`" for value in limits.NAMES[name])
    if name in limits.RANGES:
        return str(limits.RANGES[name]).replace("inf", "∞")
    if name in ("solver", "solvers"):
        return ", ".join(f"`{value}`" for value in SOLVERS)
    return ""


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
            parts.append("\n" + table(("setting", "type", "default", "allowed"), _rows(settings)))
        else:
            parts.append("\nIt has no settings.\n")
    return "".join(parts)


def _rows(settings: dict[str, Setting]) -> Iterable[tuple[str, ...]]:
    for name, setting in settings.items():
        kinds = " or ".join(_TYPES[kind] for kind in setting.kinds)
        yield f"`{name}`", kinds, f"`{setting.default}`", allowed(name)


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


#: Files of ``docs/reference/`` by name, with what makes them.
TABLES: dict[str, Callable[[], str]] = {"methods": methods, "solvers": solvers}


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
