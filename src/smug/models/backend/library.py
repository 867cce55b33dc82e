"""TensorFlow itself, for what Keras does with no other library."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import keras

from smug.errors import SmugError


def tensorflow(what: str, *, running: bool) -> Any:
    """Module ``tensorflow``.

    Parameters
    ----------
    what : str
        Work that needs it, for the message.
    running : bool
        Whether Keras has to run on it.

    Raises
    ------
    SmugError
        TensorFlow is not installed, or Keras runs on another library.
    """
    if find_spec("tensorflow") is None:
        raise SmugError(f"{what} needs TensorFlow: pip install 'smug[tensorflow]'")
    if running and keras.config.backend() != "tensorflow":
        raise SmugError(
            f"{what} works with TensorFlow only, and Keras runs on {keras.config.backend()!r}; "
            "set KERAS_BACKEND=tensorflow before keras is imported"
        )
    import tensorflow

    return tensorflow
