"""Folders of the workflow: the modules of the package, and the rules and values beside them."""

from __future__ import annotations

from pathlib import Path

#: Folder of the package ``smug``.
PACKAGE = Path(__file__).resolve().parents[1]
#: Copy of the workflow in a package that was built; a checkout has none.
CARRIED = PACKAGE / "home"
#: Folder with ``workflow/`` and ``conf/``.
HOME = CARRIED if CARRIED.is_dir() else PACKAGE.parents[1]
