"""Functions read from their source, so that nothing is imported to know their settings."""

from __future__ import annotations

import ast
import functools
from importlib.util import find_spec
from pathlib import Path

from smug.errors import SmugError


@functools.cache
def definition(function: str) -> ast.FunctionDef:
    """Source of a ``module:function``, which is not imported.

    Raises
    ------
    SmugError
        Names the module or the function that is not there.
    """
    module, _, name = function.partition(":")
    path = _source(module)
    if path is None:
        raise SmugError(f"{function} is registered, but there is no module {module}")
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node
    raise SmugError(f"{function} is registered, but {path} defines no function {name}")


def _source(module: str) -> Path | None:
    """File of a module, found without importing the packages around it."""
    top, *inner = module.split(".")
    found = find_spec(top)
    if found is None or found.origin is None:
        return None
    base = Path(found.origin)
    if not inner:
        return base
    base = base.parent.joinpath(*inner)
    paths = (base.with_suffix(".py"), base / "__init__.py")
    return next((path for path in paths if path.is_file()), None)
