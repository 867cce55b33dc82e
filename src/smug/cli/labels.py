"""Names of a model's classes, read from a file."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from smug.errors import SmugError


def read_labels(path: str | Path) -> tuple[str, ...]:
    """Read class names in the order of the model's outputs.

    Parameters
    ----------
    path : str or path
        A ``.json`` file with a list of names or a mapping from each index to its name, a ``.csv``
        file of the columns index and name (a header may stand above); any other file holds one
        name a line.

    Raises
    ------
    SmugError
        Missing or unreadable file, or one that does not name every class once.
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise SmugError(f"no file of labels {path}") from error
    except (OSError, ValueError) as error:
        raise SmugError(f"{path} is no text of class names ({error}); save it as UTF-8") from error
    read = {".json": _from_json, ".csv": _from_csv}.get(path.suffix.lower(), _from_lines)
    names = read(path, text)
    if not names or not all(names):
        raise SmugError(f"{path} has a class without a name; write one name a line")
    return tuple(names)


def _from_lines(_: Path, text: str) -> list[str]:
    # A name may hold any of the other signs that Python's own splitlines ends a line at.
    return [line.strip() for line in re.split(r"\r\n|\r|\n", text.rstrip())]


def _from_csv(path: Path, text: str) -> list[str]:
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
        if rows and not rows[0][0].strip().isdecimal():
            del rows[0]
        return _in_order([(index, name.strip()) for index, name in rows])
    except (ValueError, KeyError, csv.Error) as error:
        raise SmugError(
            f"{path} is no table of index and name, one row for each class from 0 on ({error})"
        ) from error


def _in_order(pairs: Iterable[tuple[str, Any]]) -> list[Any]:
    """Names of the indices 0, 1, …; KeyError where one is missing or stands twice."""
    pairs = list(pairs)
    numbered = {int(index): name for index, name in pairs}
    return [numbered[index] for index in range(len(pairs))]


class _Pairs(list[tuple[str, Any]]):
    """Pairs of a JSON mapping."""


def _from_json(path: Path, text: str) -> list[str]:
    try:
        # Pairs, not mappings: of an index that stands twice a mapping keeps the last name.
        content: Any = json.loads(text, object_pairs_hook=_Pairs)
        if isinstance(content, _Pairs):
            content = _in_order(content)
    except (ValueError, KeyError, RecursionError) as error:
        raise SmugError(
            f'{path} is no list of names and no mapping {{"0": name, "1": name, …}} ({error})'
        ) from error
    if not isinstance(content, list) or not all(isinstance(name, str) for name in content):
        raise SmugError(f"{path} holds no names; write a list of texts")
    return content
