"""Captions of the report: the settings that each names stand at the head of its own file."""

from __future__ import annotations

import re
from collections.abc import Iterable

from smug.errors import SmugError
from smug.jobs.home import HOME
from smug.jobs.overrides import flatten
from smug.jobs.selection import Run
from smug.jobs.variants import MAIN

FOLDER = HOME / "workflow" / "report"
_HEAD = re.compile(r"\.\. settings: (?P<keys>.*\n(?:   .*\n)*)")


def keys_of(name: str) -> list[str]:
    """Keys of the configuration that a caption names, from its first line and those indented below.

    Raises
    ------
    SmugError
        The file is missing or does not begin with ``.. settings: <section>.<key> ...``.
    """
    path = FOLDER / f"{name}.rst"
    if not path.is_file():
        raise SmugError(f"no caption {path}; every figure and table has one")
    head = _HEAD.match(path.read_text("utf-8"))
    if head is None:
        raise SmugError(f"{path} does not begin with '.. settings: <section>.<key> ...'; add it")
    return head["keys"].split()


def settings_shown(name: str, run: Run, datasets: Iterable[str], variant: str = MAIN) -> list[str]:
    """Settings that a caption names, one line for each dataset, which leaves out what it lacks."""
    keys = keys_of(name)
    lines = []
    for dataset in datasets:
        known = dict(flatten(run.settings(dataset, variant)))
        words = [f"{key}={known[key]}" for key in keys if key in known]
        lines.append(f"{dataset}: " + ", ".join(f"``{word}``" for word in words))
    return lines
