"""Networks, built or imported, and their first layer."""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from smug.errors import SmugError


def require_tensorflow() -> None:
    """Refuse another backend of Keras than TensorFlow, before Keras is imported and fails.

    Raises
    ------
    SmugError
        Names the backend, and where it was chosen.
    """
    backend, where = _backend()
    if backend != "tensorflow":
        raise SmugError(
            f"Keras runs on {backend!r} ({where}); smug needs TensorFlow: set "
            "KERAS_BACKEND=tensorflow before keras is imported"
        )
    if find_spec("tensorflow") is None:
        raise SmugError("smug needs TensorFlow, which is not installed: pip install tensorflow")


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


require_tensorflow()
