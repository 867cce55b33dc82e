"""Files of the package that a stage's results depend on."""

from __future__ import annotations

import ast
import functools
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from smug.io import sha256
from smug.jobs.home import CARRIED, PACKAGE


def modules_of(stage: str) -> list[Path]:
    """Files of SMUG that a stage's module imports or reads, directly or not, in their order.

    All of ``smug.jobs`` is left out: it carries values, it does not make results.
    """
    seen: dict[str, Path] = {}
    todo = [f"smug.stages.{stage}"]
    while todo:
        name = todo.pop()
        path = _module_path(name)
        carrier = name == "smug.jobs" or name.startswith("smug.jobs.")
        if path is None or name in seen or carrier:
            continue
        seen[name] = path
        todo += _mentions(path).modules
    files = (file for path in seen.values() for file in _mentions(path).files)
    return sorted({*seen.values(), *files})


def digest_of(stage: str) -> str:
    """SHA-256 of the files of SMUG that a stage's module depends on, wherever the package lies.

    Jobs have it as a param, so that editing a file makes anew exactly what depends on it. As input
    files they would be some hundred of each job, which Snakemake counts whenever one ends.
    """
    together = "".join(map(_digest, modules_of(stage)))
    return hashlib.sha256(together.encode()).hexdigest()


_digest = functools.cache(sha256)  # most stages share their files


@functools.cache
def _module_path(name: str) -> Path | None:
    base = PACKAGE.parent / Path(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@dataclass(frozen=True)
class _Mentions:
    """Names that a module's source spells out: modules of SMUG, files of the package."""

    modules: tuple[str, ...]
    files: tuple[Path, ...]


# Every rule of a run asks for the modules of its stage, and most stages share theirs.
@functools.cache
def _mentions(path: Path) -> _Mentions:
    """Modules that a source imports, and files such as tables and templates that it names."""
    modules: list[str] = []
    texts: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            modules += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.add(node.value)
            if re.fullmatch(r"smug[\w.]*:\w+", node.value):
                # A function of a registry or of a child process, imported when it is called.
                modules.append(node.value.partition(":")[0])
    return _Mentions(
        tuple(word for word in modules if re.fullmatch(r"smug(\.\w+)*", word)),
        tuple(file for file in _package_data() if file.name in texts),
    )


@functools.cache
def _package_data() -> tuple[Path, ...]:
    return tuple(
        file
        for file in PACKAGE.rglob("*.*")
        if file.is_file()
        and file.suffix not in (".py", ".pyc")
        and not file.is_relative_to(CARRIED)
    )
