"""Signature of every stage: the sections and the files that its module asks for.

A stage declares them as two dataclasses, ``Sections`` and ``Files``. Here they are read from the
source: whoever only plans jobs, such as the Snakefile, imports no stage and none of its libraries.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from smug.errors import SmugError, unknown_name

STAGES = Path(__file__).resolve().parents[1] / "stages"

#: Section that the job itself fills; no configuration holds it.
JOB = "job"

#: Whether a file's type takes several paths.
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
    tree = ast.parse((STAGES / f"{stage}.py").read_text("utf-8"))
    sections = tuple(name for name, _, _ in _fields(tree, "Sections", stage) if name != JOB)
    files = []
    for name, kind, optional in _fields(tree, "Files", stage):
        if kind not in _SEVERAL:
            raise SmugError(
                f"stage {stage}: Files.{name} is a {kind}; known: {', '.join(_SEVERAL)}"
            )
        files.append(File(name, _SEVERAL[kind], optional))
    return Signature(sections, tuple(files))


def _fields(tree: ast.Module, name: str, stage: str) -> Iterator[tuple[str, str, bool]]:
    """Name, type and whether a default is given, of every field of a dataclass."""
    found = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    if not found:
        raise SmugError(f"stage {stage} declares no dataclass {name}; see src/smug/stages")
    for node in found[0].body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, ast.unparse(node.annotation), node.value is not None
