"""Read the weights of an ONNX file: the few protobuf fields that hold them, and no more."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from smug.errors import SmugError
from smug.io import reading

# Field numbers of onnx.proto.
_MODEL_GRAPH = 7
_GRAPH_INITIALIZER = 5
_DIMS, _DATA_TYPE, _FLOAT_DATA, _INT64_DATA, _NAME, _RAW_DATA, _LOCATION = 1, 2, 4, 7, 8, 9, 14
_DTYPES = {1: "<f4", 7: "<i8", 11: "<f8"}  # TensorProto.DataType


def read_initializers(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read all initializers (trained weights) of an ONNX model by name.

    Parameters
    ----------
    path : path-like
        ``.onnx`` file that holds its own weights, as float32, float64 or int64.

    Returns
    -------
    dict of str to numpy.ndarray
        In the file's order; convolution kernels are OIHW.

    Raises
    ------
    SmugError
        If the file is missing, damaged, without weights or keeps them elsewhere.
    """
    arrays: dict[str, np.ndarray] = {}
    with reading(
        path,
        what="ONNX file at",
        missing="give the path of an existing .onnx file",
        damaged="is not a readable ONNX file",
        step="fetch it again",
    ):
        for field, graph in _fields(memoryview(Path(path).read_bytes())):
            if field == _MODEL_GRAPH:
                for part, tensor in _fields(_bytes(graph)):
                    if part == _GRAPH_INITIALIZER:
                        name, array = _tensor(_bytes(tensor))
                        arrays[name] = array
    if not arrays:
        raise SmugError(f"{path} holds no initializer: it is no ONNX model with its weights")
    return arrays


def _tensor(data: memoryview) -> tuple[str, np.ndarray]:
    """Name and value of a TensorProto."""
    shape: list[int] = []
    kind: int | memoryview = 0
    name, raw = "", None
    numbers: list[np.ndarray] = []
    for field, value in _fields(data):
        if field == _DIMS:
            shape += [value] if isinstance(value, int) else list(_varints(value))
        elif field == _DATA_TYPE:
            kind = value
        elif field == _NAME:
            name = str(_bytes(value), "utf-8")
        elif field == _RAW_DATA:
            raw = _bytes(value)
        elif field == _FLOAT_DATA:
            numbers.append(np.frombuffer(_bytes(value), "<f4"))
        elif field == _INT64_DATA:
            whole = [value] if isinstance(value, int) else list(_varints(value))
            numbers.append(np.array(whole, np.uint64).astype(np.int64))
        elif field == _LOCATION and value:
            raise ValueError(f"weight {name!r} is kept in another file")
    if kind not in _DTYPES:
        raise ValueError(f"weight {name!r} has data type {kind}, known: {sorted(_DTYPES)}")
    if raw is not None:
        array = np.frombuffer(raw, _DTYPES[kind])
    else:
        array = np.concatenate(numbers) if numbers else np.zeros(0, _DTYPES[kind])
    if array.size != math.prod(shape):
        raise ValueError(f"weight {name!r} has {array.size} values, its shape is {shape}")
    return name, array.reshape(shape)


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError(f"the number {value} stands where bytes belong")
    return value


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Fields of a protobuf message: number and value (an int, or the bytes of anything else)."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if wire == 2:
            size, at = _varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at + size > len(data):
            raise ValueError(f"a field of {size} bytes reaches over the end")
        yield key >> 3, data[at : at + size]
        at += size


def _varints(data: memoryview) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """Base-128 number at a position, and the position after it."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise ValueError("a number longer than 64 bits")
