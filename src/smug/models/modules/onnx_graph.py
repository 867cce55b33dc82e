"""ONNX graphs rewritten in operators that the converter knows and that are layers by themselves."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

# The last operators of all kinds that the converter knows. What newer ones add are types, settings
# that are checked for, and axes as an input.
_OPSET = 17
# Reductions whose axes were a setting then; those of ReduceSum were an input already.
_REDUCTIONS = {
    *("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean"),
    *("ReduceMin", "ReduceProd", "ReduceSumSquare"),
}


def in_older_operators(read: onnx.ModelProto) -> onnx.ModelProto:
    """The same network in operators of opset 17, where they can say it; else as it is."""
    own = next((one for one in read.opset_import if one.domain in ("", "ai.onnx")), None)
    if own is None or own.version <= _OPSET:
        return read
    made = onnx.ModelProto()
    made.CopyFrom(read)
    for one in made.opset_import:
        if one.domain == own.domain:
            one.version = _OPSET
    values = constants(made.graph)
    for node in made.graph.node:
        if len(node.input) != 2 or node.input[1] not in values:
            continue
        numbers = numpy_helper.to_array(values[node.input[1]]).ravel().tolist()
        if node.op_type == "Reshape" and 0 not in numbers:
            _drop(node, "allowzero")  # what a 0 means
        elif node.op_type in _REDUCTIONS and numbers:
            _drop(node, "noop_with_empty_axes")
            node.attribute.append(helper.make_attribute("axes", numbers))
            del node.input[1:]
    try:
        onnx.checker.check_model(made, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError):
        return read
    return made


def _drop(node: onnx.NodeProto, setting: str) -> None:
    kept = [one for one in node.attribute if one.name != setting]
    del node.attribute[:]
    node.attribute.extend(kept)


def constants(graph: onnx.GraphProto) -> dict[str, onnx.TensorProto]:
    """Tensors that are the same for every input, by name."""
    values = {one.name: one for one in graph.initializer}
    return values | {
        node.output[0]: attribute.t
        for node in graph.node
        if node.op_type == "Constant"
        for attribute in node.attribute
        if attribute.name == "value"
    }


def answer_each_class(read: onnx.ModelProto) -> bool:
    """Let a network that ends in the sigmoid of one output answer a probability for either class.

    ``softmax([0, z]) = [1 - sigmoid(z), sigmoid(z)]``, of a dense layer that makes ``[0, z]``.

    Parameters
    ----------
    read : onnx.ModelProto
        Changed in place, where it has one answer of shape ``(batch, 1)``.

    Returns
    -------
    bool
        False for one that has, and does not end in a sigmoid.
    """
    answers = read.graph.output
    shapes = [_shapes(read).get(one.name, ()) for one in answers]
    if len(answers) != 1 or len(shapes[0]) != 2 or shapes[0][1] != 1:
        return True
    name = answers[0].name
    last = next((node for node in read.graph.node if name in node.output), None)
    used = any(name in node.input for node in read.graph.node)
    if last is None or last.op_type != "Sigmoid" or used:
        return False
    taken = {one for node in read.graph.node for one in (node.name, *node.output)}
    taken |= {one.name for one in (*read.graph.initializer, *read.graph.input)}
    kernel, bias, both = (_free(one, taken) for one in ("both_kernel", "both_bias", "both_scores"))
    values = {kernel: np.array([[0.0, 1.0]]), bias: np.zeros(2)}
    kind = helper.tensor_dtype_to_np_dtype(answers[0].type.tensor_type.elem_type)
    read.graph.initializer.extend(
        numpy_helper.from_array(value.astype(kind), one) for one, value in values.items()
    )
    scores = helper.make_node("Gemm", [last.input[0], kernel, bias], [both], both)
    ends = helper.make_node("Softmax", [both], [name], last.name, axis=1)
    kept = [node for node in read.graph.node if node is not last]
    del read.graph.node[:]
    read.graph.node.extend([*kept, scores, ends])
    answers[0].type.tensor_type.shape.dim[1].dim_value = 2
    return True


def _free(name: str, taken: set[str]) -> str:
    """A name that nothing in the graph has."""
    return name if name not in taken else _free(f"{name}_", taken)


def flatten_reshapes(read: onnx.ModelProto) -> None:
    """Make a Flatten of each Reshape to the rows of a batch, and leave out what told its shape."""
    values, shapes = constants(read.graph), _shapes(read)
    for node in read.graph.node:
        if node.op_type != "Reshape":
            continue
        before, made = (shapes.get(one, ()) for one in (node.input[0], node.output[0]))
        # Symbols stand for sides that are open; the same one is the same side.
        same = len(made) == 2 and made[:1] == before[:1] != ("",)
        if node.input[1] in values:
            sides = numpy_helper.to_array(values[node.input[1]]).tolist()
            row = prod(side if isinstance(side, int) else 0 for side in before[1:])
            same = sides == [0, -1] or (
                len(sides) == 2 and sides[0] < 1 and sides[1] == row and row > 0
            )
        if same:
            flat = helper.make_node("Flatten", node.input[:1], node.output, node.name, axis=1)
            node.CopyFrom(flat)
    used = {one.name for one in read.graph.output}
    kept = []
    for node in reversed(read.graph.node):
        if used.intersection(node.output):
            kept.append(node)
            used.update(node.input)
    del read.graph.node[:]
    read.graph.node.extend(reversed(kept))


def _shapes(read: onnx.ModelProto) -> dict[str, tuple[int | str, ...]]:
    """Shapes of tensors by name, as far as they follow; open sides are symbols, or ""."""
    known = onnx.shape_inference.infer_shapes(read, data_prop=True).graph
    return {
        one.name: tuple(side.dim_value or side.dim_param for side in one.type.tensor_type.shape.dim)
        for one in (*known.value_info, *known.input, *known.output)
    }


def join_sums(read: onnx.ModelProto) -> None:
    """Make one Gemm, a dense layer, of each product of rows with a matrix and sum with a vector."""
    rank = {name: len(shape) for name, shape in _shapes(read).items()}
    shapes = {one.name: tuple(one.dims) for one in read.graph.initializer}
    nodes, answers = list(read.graph.node), {one.name for one in read.graph.output}
    joined: dict[int, Any] = {}
    for place, node in enumerate(nodes):
        if node.op_type != "MatMul" or rank.get(node.input[0]) != 2:
            continue
        users = [i for i, one in enumerate(nodes) if node.output[0] in one.input]
        if len(users) != 1 or nodes[users[0]].op_type != "Add" or node.output[0] in answers:
            continue
        added = nodes[users[0]]
        bias = next((name for name in added.input if name != node.output[0]), "")
        columns = shapes.get(node.input[1], ())[1:]
        if len(columns) == 1 and shapes.get(bias) == columns:
            name = added.name or node.name
            joined[users[0]] = helper.make_node(
                "Gemm", [*node.input, bias], list(added.output), name=name
            )
            joined[place] = None
    made = [joined.get(i, node) for i, node in enumerate(nodes)]
    del read.graph.node[:]
    read.graph.node.extend([node for node in made if node is not None])
