"""Signature of every stage: the sections and the files that its module asks for.

A stage declares them as two dataclasses, ``Sections`` and ``Files``, or takes them, or classes that
these extend, from its family's module in ``smug.stages.families``. Here they are read from the
source: whoever only plans jobs, such as the Snakefile, imports no stage and none of its libraries.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from smug.errors import SmugError, unknown_name

STAGES = Path(__file__).resolve().parents[1] / "stages"
FAMILIES = STAGES / "families"

#: Section that the job itself fills; no configuration holds it.
JOB = "job"

#: Types of a file, and if they take several paths.
_SEVERAL = {"Path": False, "list[Path]": True}


@dataclass(frozen=True)
class File:
    """One name of a stage's inputs and outputs."""

    name: str
    several: bool
    optional: bool


@dataclass(frozen=True)
class Signature:
    """Sections and files that a stage asks for, in the order of its source."""

    sections: tuple[str, ...]
    files: tuple[File, ...]


def stages() -> list[str]:
    """Names of all stages: the modules of ``smug.stages``."""
    return sorted(path.stem for path in STAGES.glob("[a-z]*.py"))


@functools.cache
def signature(stage: str) -> Signature:
    """Read the signature of a stage.

    Raises
    ------
    SmugError
        Unknown stage, one without the two dataclasses, or a file that is no path.
    """
    if stage not in stages():
        raise unknown_name("stage", stage, stages())
    module = STAGES / f"{stage}.py"
    sections = tuple(name for name in _fields(module, "Sections", stage) if name != JOB)
    files = []
    for name, field in _fields(module, "Files", stage).items():
        kind = ast.unparse(field.annotation)
        if kind not in _SEVERAL:
            raise SmugError(
                f"stage {stage}: Files.{name} is a {kind}; known: {', '.join(_SEVERAL)}"
            )
        files.append(File(name, _SEVERAL[kind], optional=field.value is not None))
    return Signature(sections, tuple(files))


def read_io(stage: str, words: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Split a job's words into its paths by name, and those that are none.

    Raises
    ------
    SmugError
        Unknown or missing ``io`` names, or several paths where one is meant.
    """
    known = {file.name: file for file in signature(stage).files}
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
    for name, file in known.items():
        if name not in io and not file.optional:
            raise SmugError(f"{stage} needs io.{name}=<path>; known: io.{', io.'.join(known)}")
        if len(io.get(name, ())) > 1 and not file.several:
            raise SmugError(f"{stage} takes one io.{name}, not {len(io[name])}; give one path")
    return io, rest


def _fields(module: Path, name: str, stage: str) -> dict[str, ast.AnnAssign]:
    """Fields of a dataclass by their names, those of the classes that it extends first."""
    tree = ast.parse(module.read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            found: dict[str, ast.AnnAssign] = {}
            for base in node.bases:
                found |= _fields(module, ast.unparse(base), stage)
            return found | {
                field.target.id: field
                for field in node.body
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            }
        if isinstance(node, ast.ImportFrom):
            family = re.fullmatch(r"smug\.stages\.families\.(\w+)", node.module or "")
            for alias in node.names:
                if family and name == (alias.asname or alias.name):
                    return _fields(FAMILIES / f"{family[1]}.py", alias.name, stage)
    raise SmugError(f"stage {stage} declares no dataclass {name}; see src/smug/stages")
