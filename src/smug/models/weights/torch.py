"""Read tensors from a legacy PyTorch checkpoint (``.pth``) without PyTorch and without trust.

A legacy checkpoint is five pickles (magic number, protocol, machine facts, the state dict with
storages as references, the list of storage keys) followed by the raw bytes of each storage.
Three kinds of names are allowed in it, all others refused.
"""

from __future__ import annotations

import io
import os
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from smug.errors import SmugError
from smug.io import reading
from smug.models.weights.allow_list import Name, unpickle

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001

_STORAGE_DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


class _StateDict(dict):
    """Stands for ``OrderedDict``; forgets the attributes a checkpoint attaches to it."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        """Ignore the state (PyTorch keeps module versions there)."""


class _RebuildTensor:
    """Stands for ``torch._utils._rebuild_tensor_v2``; without slots no pickle can alter it."""

    __slots__ = ()

    def __call__(
        self,
        storage: np.ndarray,
        offset: int,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        requires_grad: bool = False,
        hooks: object = None,
        *ignored: object,
    ) -> np.ndarray:
        """View ``storage`` (one-dimensional) with element offset, shape and strides."""
        integers = (offset, *shape, *strides)
        if not all(isinstance(n, int) and n >= 0 for n in integers) or len(shape) != len(strides):
            raise ValueError(f"tensor with offset {offset}, shape {shape}, strides {strides}")
        empty = 0 in shape
        last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
        if not empty and last >= storage.size:
            raise ValueError(f"tensor needs element {last} of a storage of {storage.size}")
        byte_strides = tuple(step * storage.itemsize for step in strides)
        return np.lib.stride_tricks.as_strided(storage[offset:], shape, byte_strides)


class _StorageType(str):
    """Stands for a class such as ``torch.FloatStorage``: the name of its dtype."""

    __slots__ = ()


@dataclass
class _Storages:
    """Arrays by storage key; filled after the pickle that refers to them."""

    limit: int  # bytes in the file: no honest checkpoint claims more
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def __call__(self, reference: Any) -> np.ndarray:
        """Resolve a persistent id ``("storage", type, key, device, elements, view)``."""
        kind, storage_type, key, _device, size, *view = reference
        if kind != "storage" or not isinstance(storage_type, _StorageType) or any(view):
            raise ValueError(f"persistent id {kind!r} with view {view}")
        if key not in self.arrays:
            dtype = np.dtype(str(storage_type))
            self.limit -= size * dtype.itemsize
            if size < 0 or self.limit < 0:
                raise ValueError(f"storage {key} claims {size} elements, more than the file holds")
            self.arrays[key] = np.zeros(size, dtype)
        return self.arrays[key]


_NAMES: dict[Name, Any] = {
    ("collections", "OrderedDict"): _StateDict,
    ("torch._utils", "_rebuild_tensor_v2"): _RebuildTensor(),
    **{("torch", name): _StorageType(dtype) for name, dtype in _STORAGE_DTYPES.items()},
}


def read_torch_checkpoint(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read a state dict saved by ``torch.save`` in the legacy (pre-1.6, not zip) format.

    Parameters
    ----------
    path : path-like
        A ``.pth`` file; only ``OrderedDict``, ``_rebuild_tensor_v2`` and CPU storages are read.

    Returns
    -------
    dict of str to numpy.ndarray
        Tensors by name, in the file's order, dtype and shape as saved (convolutions: OIHW).

    Raises
    ------
    SmugError
        If the file is missing, truncated, of another format, or asks for any other name.
    """
    with reading(
        path,
        what="checkpoint at",
        missing="give the path of an existing .pth file",
        damaged="is not a readable legacy checkpoint",
        step="it may be truncated: fetch it again",
    ):
        data = Path(path).read_bytes()
        if data[:2] == b"PK":
            raise SmugError(
                f"{path} is a zip checkpoint (torch >= 1.6); only the legacy format is read: save "
                "it with _use_new_zipfile_serialization=False"
            )
        return _read_legacy(io.BytesIO(data), _Storages(len(data)))


def _read_legacy(file: io.BytesIO, storages: _Storages) -> dict[str, np.ndarray]:
    def part() -> Any:
        return unpickle(file, _NAMES, persistent=storages)

    for expected in (MAGIC_NUMBER, PROTOCOL_VERSION):
        if (found := part()) != expected:
            raise ValueError(f"header {found!r} instead of {expected!r}")
    if part().get("little_endian") is not True:
        raise ValueError("saved on a big-endian machine")
    state, keys = part(), part()
    if sorted(keys) != sorted(storages.arrays):
        raise ValueError(f"{len(keys)} storages stored, {len(storages.arrays)} referred to")
    for key in keys:
        _fill(storages.arrays[key], file)
    if not isinstance(state, dict) or not all(isinstance(v, np.ndarray) for v in state.values()):
        raise ValueError("it holds something else than a dict of tensors; save model.state_dict()")
    return {str(name): np.array(tensor) for name, tensor in state.items()}


def _fill(storage: np.ndarray, file: io.BytesIO) -> None:
    (size,) = struct.unpack("<q", file.read(8))
    if size != storage.size:
        raise ValueError(f"a storage holds {size} elements, its tensor says {storage.size}")
    if file.readinto(storage.data.cast("B")) != storage.nbytes:
        raise ValueError("the last storage ends too early")
