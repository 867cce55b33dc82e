"""Files of the package that a stage's results depend on."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

from smug.jobs.groups import ROOT


def modules_of(stage: str) -> list[str]:
    """Files of SMUG that a stage's module imports or reads, directly or not.

    Rules name them as inputs, so that editing one reruns exactly the stages that use it. All of
    ``smug.jobs`` is left out: it carries values, it does not make results.

    Returns
    -------
    list of str
        Paths from the checkout for a run that is started in it, whole paths for any other.
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
        todo += _imports(name, path)
    found = {*seen.values(), *(file for path in seen.values() for file in _files_read(path))}
    at_home = Path.cwd() == ROOT
    return sorted(str(path.relative_to(ROOT) if at_home else path) for path in found)


def _module_path(name: str) -> Path | None:
    base = ROOT / "src" / Path(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@functools.cache
def _files_read(path: Path) -> tuple[Path, ...]:
    """Files of the package, such as tables and templates, whose names a module spells out."""
    texts = {
        node.value
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return tuple(file for file in _package_data() if file.name in texts)


@functools.cache
def _package_data() -> tuple[Path, ...]:
    files = (ROOT / "src" / "smug").rglob("*.*")
    return tuple(file for file in files if file.is_file() and file.suffix not in (".py", ".pyc"))


@functools.cache
def _imports(name: str, path: Path) -> tuple[str, ...]:
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.Constant) and re.fullmatch(r"smug[\w.]*:\w+", str(node.value)):
            # A function of a registry or of a child process, imported when it is called.
            found.append(str(node.value).partition(":")[0])
    return tuple(word for word in found if re.fullmatch(r"smug(\.\w+)*", word))
