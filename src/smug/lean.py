"""Keras without the packages that it imports merely because they are installed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

#: Packages that Keras imports for its wrappers, its plots and the data frames that it trains on,
#: and does without where they are missing. They take as long to import as Keras itself.
EXTRAS = ("matplotlib", "pandas", "sklearn")


def without_extras() -> None:
    """Let Keras, when it is imported next, take those packages for missing.

    For processes of this project's own, in which nobody asks Keras for them. They are imported as
    ever by whoever else needs them. A Keras or a package that is imported already stays.
    """
    if "keras" not in sys.modules and not any(isinstance(one, _Finder) for one in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds Keras in its folder, as often as it is looked for, and lets :class:`_Lean` load it."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "keras":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Lean(spec.loader)
        return spec


class _Lean(Loader):
    """Another loader, while the extras cannot be imported."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        # Whatever else a loader can do: its source, its resources.
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        missing: dict[str, Any] = {name: None for name in EXTRAS if name not in sys.modules}
        # An entry of None makes an import fail as if the package were not there.
        sys.modules.update(missing)
        try:
            self._loader.exec_module(module)
        finally:
            for name in missing:
                if sys.modules.get(name, module) is None:
                    del sys.modules[name]
