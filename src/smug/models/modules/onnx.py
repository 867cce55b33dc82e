"""ONNX files as models: converted to a torch module, which is explained as any other."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

import keras
import numpy as np

from smug.errors import SmugError
from smug.io import reading


def load_onnx(path: str | Path, *, each_class: bool = False) -> keras.Model:
    """Read an ONNX file of one input; nothing in it is run but its operators.

    The first axis of the input is the batch; where the file fixes its size, it is freed.

    Parameters
    ----------
    path : path-like
    each_class : bool
        Whether a network that ends in the sigmoid of one output answers a probability for either
        class in its place.

    Raises
    ------
    SmugError
        Keras does not run on torch, the converter is not installed, a missing or damaged file,
        weights outside of the file's folder, an operator that the converter does not know,
        several inputs, or one output that is no probability where either class is asked for.
    """
    if keras.config.backend() != "torch":
        raise SmugError(
            f"{path} is an ONNX file, which runs on torch, and Keras runs on "
            f"{keras.config.backend()!r}; set KERAS_BACKEND=torch before keras is imported"
        )
    if find_spec("onnx") is None or find_spec("onnx2torch") is None:
        raise SmugError(f"{path} is an ONNX file: pip install 'smug[onnx]'")
    with reading(
        path,
        what="model file",
        missing="give a .keras, .h5 or .onnx file, or a SavedModel folder",
        damaged="is not an ONNX model that can be read",
        step="export it again",
    ):
        return _converted(Path(path), _read(Path(path), each_class))


def save_whole(path: str | Path, target: str | Path) -> None:
    """Write an ONNX file anew as one file that holds its weights and answers for each class.

    Raises
    ------
    SmugError
        As :func:`load_onnx`, or more weights than one file can hold.
    """
    import onnx

    read = _read(Path(path), each_class=True)
    try:
        onnx.save_model(read, target)
    except ValueError as error:
        raise SmugError(
            f"{path}: its weights do not fit into one ONNX file, which holds 2 GiB ({error}); "
            "save the network as a Keras model (.keras)"
        ) from error


def _read(path: Path, each_class: bool) -> Any:
    """Content of an ONNX file, with its weights."""
    import onnx

    from smug.models.modules.onnx_graph import answer_each_class

    if not path.is_file():
        raise FileNotFoundError(path)
    read = onnx.load(path, load_external_data=False)
    _check_outside_data(path, read)
    onnx.load_external_data_for_model(read, str(path.parent))
    onnx.checker.check_model(read)
    if each_class and not answer_each_class(read):
        raise SmugError(
            f"{path} has one output that is no probability; classes are explained: end it with a "
            "sigmoid, or with one output for each class"
        )
    return read


def _converted(path: Path, read: Any) -> keras.Model:
    import onnx2torch

    from smug.models.modules.model import ModuleModel
    from smug.models.modules.onnx_graph import (
        flatten_reshapes,
        in_older_operators,
        join_sums,
    )

    held = {one.name for one in read.graph.initializer}
    inputs = [one for one in read.graph.input if one.name not in held]
    if len(inputs) != 1:
        names = ", ".join(repr(one.name) for one in inputs)
        raise SmugError(
            f"{path} takes {len(inputs)} inputs ({names}); one is explained: export the network "
            "with the others held fixed"
        )
    given, answered = _told(inputs[0]), [_told(output) for output in read.graph.output]
    read = in_older_operators(read)
    fixed = _free_batch(read.graph)
    flatten_reshapes(read)
    join_sums(read)
    try:
        module = onnx2torch.convert(read)
    except NotImplementedError as error:
        found = re.search(r"operation_type='(\w+)'.*?version=(\d+)", str(error))
        named = f"{found[1]} (version {found[2]})" if found else str(error)
        raise SmugError(
            f"{path} uses the operator {named}, which onnx2torch cannot convert; export the "
            "network with other operators, or explain it in the library that it was made with"
        ) from error
    module.requires_grad_(False).eval()
    module.to(keras.ops.convert_to_tensor(0.0).device)
    model = ModuleModel(module)
    model.name = re.sub(r"\W", "_", path.stem)
    model.inputs = [given]
    if len(answered) == 1:
        model.outputs = answered
    _, *sides = given.shape
    if fixed and None not in sides:
        _check_rows(path, model, tuple(sides), given.dtype)
    return model


def _told(value: Any) -> keras.KerasTensor:
    """Input or output of a graph as the file writes it down; sides that it leaves open are None."""
    from onnx import helper

    tensor = value.type.tensor_type
    sides = [side.dim_value or None for side in tensor.shape.dim[1:]]
    kind = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.elem_type)).name
    return keras.KerasTensor((None, *sides), dtype=kind, name=value.name)


def _check_outside_data(path: Path, read: Any) -> None:
    """Refuse weights that lie anywhere but in the file's own folder, or below it."""
    folder = path.parent.resolve()
    held = [read.graph, *read.functions]
    for tensor in (tensor for one in held for tensor in _tensors(one)):
        told = {entry.key: entry.value for entry in tensor.external_data}
        if (place := told.get("location")) is None:
            continue
        inside = not PurePosixPath(place).is_absolute() and (folder / place).resolve()
        if not inside or not inside.is_relative_to(folder):
            raise SmugError(
                f"{path} asks for weights in {place!r}, outside of its own folder; that file is "
                "not opened: keep both in one folder and name the weights' file alone"
            )
        if not inside.is_file():
            raise SmugError(
                f"{path} keeps the weights {tensor.name!r} in {place!r}, which is not there; put "
                "that file beside it"
            )


def _tensors(graph: Any) -> Any:
    """Every tensor of values that a graph or function holds, those of inner graphs too."""
    yield from getattr(graph, "initializer", ())
    for sparse in getattr(graph, "sparse_initializer", ()):
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from _tensors(inner)


def _free_batch(graph: Any) -> bool:
    """Let the first axis have any size, where the file says that it is 1; whether it did."""
    from onnx import numpy_helper

    from smug.models.modules.onnx_graph import constants

    held = {one.name for one in graph.initializer}
    given = next(one for one in graph.input if one.name not in held)
    shape = given.type.tensor_type.shape
    if not shape.dim or shape.dim[0].dim_value != 1:
        return False
    for one in (given, *graph.output):
        if one.type.tensor_type.shape.dim:
            one.type.tensor_type.shape.dim[0].dim_param = "batch"
    del graph.value_info[:]
    values = constants(graph)
    for node in graph.node:
        if node.op_type != "Reshape" or node.input[1] not in values:
            continue
        tensor = values[node.input[1]]
        sides = numpy_helper.to_array(tensor).copy()
        if sides.size and sides[0] == 1:
            sides[0] = 0  # as many as there are
            tensor.CopyFrom(numpy_helper.from_array(sides, tensor.name))
    return True


def _check_rows(path: Path, model: keras.Model, shape: tuple[int, ...], kind: str) -> None:
    """Refuse a network that was made for one input and mixes those of a batch."""
    rng = np.random.default_rng(0)
    two = (rng.random((2, *shape)) if kind.startswith("float") else np.ones((2, *shape))).astype(
        kind
    )
    try:
        both, one = (
            keras.ops.convert_to_numpy(model(keras.ops.convert_to_tensor(rows)))
            for rows in (two, two[:1])
        )
        same = both.shape[1:] == one.shape[1:] and len(both) == 2
        same = same and np.allclose(both[:1], one, rtol=1e-3, atol=1e-4)
    except Exception:  # whatever the operators raise
        same = False
    if not same:
        raise SmugError(
            f"{path} was exported for a batch of exactly 1 and answers otherwise to more; export "
            "it with a dynamic first axis"
        )
