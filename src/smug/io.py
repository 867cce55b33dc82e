"""Files, written whole or not at all, and read with errors that name them."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from smug.errors import SmugError

#: The file that makes a folder a SavedModel, as TensorFlow writes it.
SAVED_MODEL = "saved_model.pb"


def is_saved_model(path: str | os.PathLike[str]) -> bool:
    """True for a folder that TensorFlow has saved a model in."""
    return (Path(path) / SAVED_MODEL).is_file()


@contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its place only if the block succeeds.

    Raises
    ------
    SmugError
        The folder cannot be written, or the disk is full.
    """
    path = Path(path)
    prefix, suffix = f".{path.stem}-", "".join(path.suffixes)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(path.parent, prefix, suffix)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=suffix)
        os.close(handle)
    except OSError as error:
        raise SmugError(f"cannot write {path}: {error.strerror}; choose another folder") from error
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes private files; results are as readable as the umask says.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
    except OSError as error:
        raise SmugError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _remove_stale(folder: Path, prefix: str, suffix: str) -> None:
    """Remove what a killed process left of an earlier write of the same file."""
    # Between them stand mkstemp's eight characters, never a hyphen as in another file's prefix.
    temporary = re.compile(rf"{re.escape(prefix)}[a-z0-9_]{{8}}{re.escape(suffix)}")
    for path in folder.iterdir():
        if temporary.fullmatch(path.name):
            path.unlink(missing_ok=True)


def save_arrays(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Write arrays (numbers, booleans, strings) as a compressed ``.npz``, never pickled.

    Types of machine learning that NumPy's files do not know (bfloat16, float8) become float32,
    which holds all their values.

    Raises
    ------
    SmugError
        An array would need pickling, or the file cannot be written.
    """
    plain = {name: _as_known(np.asarray(value)) for name, value in arrays.items()}
    objects = [name for name, value in plain.items() if value.dtype.hasobject]
    if objects:
        raise SmugError(f"{path}: array {objects[0]!r} holds Python objects; pass plain numbers")
    with atomic(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, **plain)


def _as_known(array: np.ndarray) -> np.ndarray:
    # ml_dtypes names its types floats, while to NumPy they are bytes without meaning.
    if array.dtype.kind == "V" and "float" in array.dtype.name:
        return array.astype(np.float32)
    return array


def load_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read every array of an ``.npz`` written by :func:`save_arrays`.

    Raises
    ------
    SmugError
        Missing, truncated or foreign file.
    """
    with _opened(path) as file:
        return {name: file[name] for name in file.files}


def array_names(path: str | os.PathLike[str]) -> list[str]:
    """Names of the arrays in an ``.npz``, without reading them; raises as :func:`load_arrays`."""
    with _opened(path) as file:
        return list(file.files)


def load_rows(
    path: str | os.PathLike[str], name: str, start: int = 0, stop: int | None = None
) -> np.ndarray:
    """Read rows ``start`` to ``stop`` of one array, read-only, holding no others in memory.

    Raises as :func:`load_arrays`.
    """
    with _opened(path) as file, file.zip.open(f"{name}.npy") as stream:
        np.lib.format.read_magic(stream)
        (length, *row), fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
        if fortran_order:
            return file[name][start:stop]
        start, stop, _ = slice(start, stop).indices(length)
        count, size = max(stop - start, 0), math.prod(row) * dtype.itemsize
        stream.seek(start * size, os.SEEK_CUR)
        return np.frombuffer(stream.read(count * size), dtype).reshape(count, *row)


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Any]:
    with reading(path), np.load(path, allow_pickle=False) as file:
        yield file


@contextmanager
def reading(
    path: str | os.PathLike[str],
    *,
    what: str = "file",
    missing: str = "run the rule that makes it",
    damaged: str = "is damaged",
    step: str = "delete it and run again",
) -> Iterator[None]:
    """Turn whatever a reader raises on a missing, damaged or foreign file into an error naming it.

    Readers of every format raise nearly every exception there is on damaged bytes, so all are
    caught; errors that are meant for the user already pass.

    Parameters
    ----------
    path : path-like
    what : str
        What the path leads to.
    missing, step : str
        Next step for a file that is not there, and for one that cannot be read.
    damaged : str
        What is said of a file that cannot be read.

    Raises
    ------
    SmugError
    """
    try:
        yield
    except SmugError:
        raise
    except FileNotFoundError as error:
        raise SmugError(f"no {what} {path}; {missing}") from error
    except Exception as error:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise SmugError(f"{path} {damaged} ({' '.join(said.split())}); {step}") from error


def save_json(path: str | os.PathLike[str], content: Any) -> None:
    """Write JSON, indented, keys in the order given."""
    # Half a character, as in a file's name of foreign bytes, is written as JSON escapes it.
    with atomic(path) as temporary:
        temporary.write_text(
            json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8", "backslashreplace"
        )


def load_json(path: str | os.PathLike[str]) -> Any:
    """Read JSON.

    Raises
    ------
    SmugError
        Missing or damaged file.
    """
    with reading(path):
        return json.loads(Path(path).read_text("utf-8"))


#: Numbers of an array that JSON lists; more are hashed.
_LISTED = 1000


def plain(value: Any) -> Any:
    """Turn a value into what JSON holds: arrays and tuples as lists, numbers as Python's own.

    Numbers that JSON does not know (NaN, infinite) become None; a large array is told by its
    shape, type and SHA-256, any other object by its name, if it has one, and else by its text.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "numpy"):  # a tensor or a variable of a framework
        value = value.numpy()
    if isinstance(value, np.ndarray) and value.size > _LISTED:
        data = np.ascontiguousarray(value)
        digest = hashlib.sha256(data.tobytes()).hexdigest()
        return {"shape": list(value.shape), "dtype": str(value.dtype), "sha256": digest}
    if isinstance(value, np.ndarray | np.generic):
        return plain(_as_known(np.asarray(value)).tolist())
    return str(getattr(value, "name", value))


def check_new(paths: Iterable[Path], *, overwrite: bool, how: str) -> None:
    """Refuse to replace a file.

    Parameters
    ----------
    paths : iterable of pathlib.Path
        Files about to be written.
    overwrite : bool
        Whether they may exist.
    how : str
        The way to allow it, for the message.

    Raises
    ------
    SmugError
        Names the first file that exists.
    """
    for path in paths:
        if not overwrite and path.exists():
            raise SmugError(f"{path} exists; {how}, or choose another name")


def sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file as hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
