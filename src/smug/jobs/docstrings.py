"""Meaning of a function's parameters, read from the docstring in its source.

So a setting of a method is explained where it is computed, and nowhere else. The function is not
imported: whoever only plans jobs loads none of its libraries.
"""

from __future__ import annotations

import ast
import functools
import re

from smug.source import definition

#: A description that hands on to the function that has the parameter, too.
_REFERENCE = re.compile(r"(?:As for|See) :func:`~?([\w.]+)`")


def meaning(function: str, parameter: str) -> str | None:
    """Description of a parameter as Markdown, on one line; None where no docstring has one.

    A description ``As for :func:`other``` or ``See :func:`other``` is that of the other function.

    Parameters
    ----------
    function : str
        ``module:function``.
    parameter : str
        Name in its signature.

    Raises
    ------
    SmugError
        There is no such function.
    """
    seen = set()
    while function not in seen:
        seen.add(function)
        text = _parameters(function).get(parameter, "")
        reference = _REFERENCE.match(text)
        if reference is None:
            return _markdown(text) or None
        module, _, name = reference[1].rpartition(".")
        function = f"{module or function.partition(':')[0]}:{name}"
    return None


@functools.cache
def _parameters(function: str) -> dict[str, str]:
    """Descriptions in the section Parameters by name; a line may name several parameters."""
    docstring = ast.get_docstring(definition(function)) or ""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\S[^\n]*\n-+$|\Z)", docstring, re.M | re.S)
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", section[1] if section else ""):
        head, _, text = entry.partition("\n")
        names = head.partition(" : ")[0].split(", ")
        found |= dict.fromkeys(names, " ".join(text.split()))
    return found


def _markdown(text: str) -> str:
    """Turn reStructuredText into Markdown: a reference becomes the last part of its name."""
    return re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", text).replace("``", "`")
