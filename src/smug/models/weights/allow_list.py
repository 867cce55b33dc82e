"""Read a pickle without trust: of all the names that it may ask for, a reader knows a few.

Pickle can call anything that a program can import. What stands here for an allowed name should
have no attribute that a pickle can set: an instance of a class with empty slots, or a class with
a ``__setstate__``.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from collections.abc import Callable, Mapping
from typing import Any

from smug.errors import SmugError

#: A name as a pickle asks for it: module, and name in the module.
Name = tuple[str, str]


def unpickle(
    file: io.BytesIO,
    names: Mapping[Name, Any],
    *,
    persistent: Callable[[Any], Any] | None = None,
) -> Any:
    """Read one pickle from where a file stands, and leave it behind the pickle's end.

    Parameters
    ----------
    file : io.BytesIO
    names : mapping of (module, name) to object
        What stands for each name that is allowed. Nothing is imported.
    persistent : callable, optional
        From a persistent id to what it stands for; without it, none is allowed.

    Raises
    ------
    SmugError
        The pickle asks for another name.
    Exception
        Of any kind, on damaged bytes: see :func:`smug.io.reading`.
    """
    _check_memory(file)
    return _Unpickler(file, names, persistent).load()


def _check_memory(file: io.BytesIO) -> None:
    """Refuse places in the pickle's memory beyond the file's length: room is made for them all."""
    start, size = file.tell(), file.getbuffer().nbytes
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name.endswith("PUT") and (place := int(argument or 0)) > size:
            raise ValueError(f"place {place} of its memory, in a file of {size} bytes")
    file.seek(start)


class _Unpickler(pickle.Unpickler):
    def __init__(
        self,
        file: io.BytesIO,
        names: Mapping[Name, Any],
        persistent: Callable[[Any], Any] | None,
    ) -> None:
        super().__init__(file)
        self._names, self._persistent = names, persistent

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in self._names:
            return self._names[module, name]
        allowed = ", ".join(".".join(known) for known in self._names)
        raise SmugError(
            f"the file asks for {module}.{name}, which a table of weights does not need; allowed: "
            f"{allowed}. Do not trust this file; fetch it again from its publisher"
        )

    def persistent_load(self, pid: Any) -> Any:
        if self._persistent is None:
            raise ValueError(f"persistent id {pid!r}")
        return self._persistent(pid)
