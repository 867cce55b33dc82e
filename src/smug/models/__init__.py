"""Networks, built or imported, and their first layer."""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from smug.errors import SmugError

#: Libraries that Keras may run on here; each is an extra of this package, too.
BACKENDS = ("tensorflow", "jax", "torch")


def require_backend() -> None:
    """Refuse a library that Keras cannot run on here, before Keras is imported and fails.

    Raises
    ------
    SmugError
        Names the library, where it was chosen, and what to install or to set.
    """
    backend, where = _backend()
    if backend not in BACKENDS:
        raise SmugError(
            f"Keras runs on {backend!r} ({where}); smug needs {', '.join(BACKENDS[:-1])} or "
            f"{BACKENDS[-1]}: set KERAS_BACKEND to one of them before keras is imported"
        )
    if find_spec(backend) is None:
        others = [name for name in BACKENDS if find_spec(name) is not None]
        choice = f", or set KERAS_BACKEND={others[0]}, which is installed" if others else ""
        raise SmugError(
            f"Keras runs on {backend!r} ({where}), which is not installed: "
            f"pip install 'smug[{backend}]'{choice}"
        )


def _backend() -> tuple[str, str]:
    """Backend that Keras runs on, or will once it is imported, and what says so."""
    if keras := sys.modules.get("keras"):
        return keras.config.backend(), "it is imported already"
    if backend := os.environ.get("KERAS_BACKEND"):
        return backend, f"KERAS_BACKEND={backend}"
    path = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "keras.json"
    try:
        return str(json.loads(path.read_text("utf-8"))["backend"]), str(path)
    except (OSError, ValueError, KeyError, TypeError):  # Keras, too, takes its default then
        return "tensorflow", "default"


require_backend()
