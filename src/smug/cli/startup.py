"""Start of a command that needs a network: Keras, its threads and its log."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from smug.lean import without_extras
from smug.threads import configure_threads, quiet


def load_keras(threads: int) -> None:
    """Import Keras, and what it runs on, so that the terminal shows none of their lines.

    On some processors TensorFlow says something before it reads the log level that it was given.
    If the import fails, all that was said is shown; a level that the user has set stays.

    Parameters
    ----------
    threads : int
        See :func:`smug.threads.configure_threads`.

    Raises
    ------
    SmugError
        Keras runs on a library that smug does not know, or that is missing.
    """
    hushed = quiet()
    configure_threads(threads)
    without_extras()
    from smug.models import require_backend

    require_backend()
    with _held() if hushed else nullcontext():
        import keras  # noqa: F401


@contextmanager
def _held() -> Iterator[None]:
    """Keep what this process writes to stderr, native code included; show it after an error."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        stderr = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(stderr, held.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
