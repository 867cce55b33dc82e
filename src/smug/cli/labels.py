"""Names of a model's classes, read from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from smug.errors import SmugError


def read_labels(path: str | Path) -> tuple[str, ...]:
    """Read class names in the order of the model's outputs.

    Parameters
    ----------
    path : str or path
        A ``.json`` file with a list of names or a mapping from each index to its name; any other
        file holds one name a line.

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
    if path.suffix.lower() == ".json":
        names = _from_json(path, text)
    else:
        names = [line.strip() for line in text.rstrip().splitlines()]
    if not names or not all(names):
        raise SmugError(f"{path} has a class without a name; write one name a line")
    return tuple(names)


def _from_json(path: Path, text: str) -> list[str]:
    try:
        content: Any = json.loads(text)
        if isinstance(content, dict):
            numbered = {int(key): name for key, name in content.items()}
            content = [numbered[index] for index in range(len(content))]
    except (ValueError, KeyError, RecursionError) as error:
        raise SmugError(
            f'{path} is no list of names and no mapping {{"0": name, "1": name, …}} ({error})'
        ) from error
    if not isinstance(content, list) or not all(isinstance(name, str) for name in content):
        raise SmugError(f"{path} holds no names; write a list of texts")
    return content
