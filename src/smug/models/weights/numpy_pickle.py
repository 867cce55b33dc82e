"""Read arrays from a pickle of NumPy's (``.pkl``) without trust."""

from __future__ import annotations

import io
import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from smug.io import reading
from smug.models.weights.allow_list import Name, unpickle

#: Types of weights, little-endian.
_DTYPES = {"f2": "<f2", "f4": "<f4", "f8": "<f8"}

# Versions of the state that NumPy's pickles give an array and a dtype.
_ARRAY_STATE, _DTYPE_STATE = 1, 3


class _Dtype:
    """Stands for an instance of ``numpy.dtype``: its name, and its byte order once told."""

    __slots__ = ("name", "order")

    def __init__(self, name: Any) -> None:
        self.name = name
        self.order: Any = None

    def __setstate__(self, state: Any) -> None:
        """Take the byte order; all else is for strings and for types of several fields."""
        version, self.order, *others = state
        if version != _DTYPE_STATE or others != [None, None, None, -1, -1, 0]:
            raise ValueError(f"an array of type {self.name!r}, its state {state}")

    def plain(self) -> np.dtype:
        """The type, if it is one of weights."""
        if self.order != "<" or self.name not in _DTYPES:
            raise ValueError(
                f"an array of type {self.name!r}, byte order {self.order!r}; known: "
                f"{', '.join(_DTYPES)}, little-endian"
            )
        return np.dtype(_DTYPES[self.name])


class _Array:
    """Stands for an instance of ``numpy.ndarray``: nothing until its state is told."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: np.ndarray | None = None

    def __setstate__(self, state: Any) -> None:
        """Take shape, type, order of the axes and bytes; they have to fit."""
        version, shape, dtype, fortran, data = state
        sizes = type(shape) is tuple and all(type(n) is int and n >= 0 for n in shape)
        if version != _ARRAY_STATE or not sizes or not isinstance(dtype, _Dtype):
            raise ValueError(f"an array of version {version!r}, shape {shape!r}, type {dtype!r}")
        if type(data) is not bytes or type(fortran) is not bool:
            raise ValueError(f"an array of {type(data).__name__}: its values are no numbers")
        plain = dtype.plain()
        if len(data) != math.prod(shape) * plain.itemsize:
            raise ValueError(f"an array of {len(data)} bytes, its shape is {shape}, type {plain}")
        self.values = np.frombuffer(data, plain).reshape(shape, order="F" if fortran else "C")


class _Callable:
    """Stands for a name that a pickle calls, or hands on; without slots no pickle can alter it."""

    __slots__ = ()


class _NewDtype(_Callable):
    """Stands for ``numpy.dtype``."""

    __slots__ = ()

    def __call__(self, name: Any, align: Any = False, copy: Any = False) -> _Dtype:
        return _Dtype(name)


class _Reconstruct(_Callable):
    """Stands for ``numpy.core.multiarray._reconstruct``, which makes an array without values."""

    __slots__ = ()

    def __call__(self, subtype: Any, shape: Any, dtype: Any) -> _Array:
        return _Array()


#: ``numpy._core`` is the name since NumPy 2.
_NAMES: dict[Name, Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _Reconstruct(),
    ("numpy._core.multiarray", "_reconstruct"): _Reconstruct(),
    ("numpy", "ndarray"): _Callable(),
    ("numpy", "dtype"): _NewDtype(),
}


def read_numpy_pickle(path: str | os.PathLike) -> dict[str, list[np.ndarray]]:
    """Read a pickled dict of lists of arrays, such as the kernel and the bias of every layer.

    Parameters
    ----------
    path : path-like
        A ``.pkl`` file; its arrays are of float16, float32 or float64, little-endian.

    Returns
    -------
    dict of str to list of numpy.ndarray
        In the file's order, read-only, dtype and shape as saved.

    Raises
    ------
    SmugError
        The file is missing or damaged, holds something else, or asks for any name but those of
        arrays.
    """
    with reading(
        path,
        what="pickle at",
        missing="give the path of an existing .pkl file",
        damaged="is not a readable pickle of a dict of lists of arrays",
        step="it may be truncated: fetch it again",
    ):
        content = unpickle(io.BytesIO(Path(path).read_bytes()), _NAMES)
        if type(content) is not dict:
            raise ValueError(f"it holds a {type(content).__name__}")
        return {_text(name): _arrays(name, found) for name, found in content.items()}


def _text(name: Any) -> str:
    if type(name) is not str:
        raise ValueError(f"the name {name!r} is no text")
    return name


def _arrays(name: str, found: Any) -> list[np.ndarray]:
    told = [one.values for one in found if type(one) is _Array] if type(found) is list else []
    arrays = [one for one in told if one is not None]
    if type(found) is not list or len(arrays) < len(found):
        raise ValueError(f"{name} holds something else than arrays")
    return arrays
