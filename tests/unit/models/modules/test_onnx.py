"""ONNX files, written here, are explained as the networks that they hold."""

import keras
import numpy as np
import pytest

import smug
from smug.errors import SmugError

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnx2torch")
if keras.config.backend() != "torch":
    pytest.skip("ONNX files need KERAS_BACKEND=torch", allow_module_level=True)

from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

from smug.metrics.sanity import levels, randomised  # noqa: E402
from smug.models.first_layer import find_first_layer  # noqa: E402
from smug.models.modules.channels import channels_last  # noqa: E402
from smug.models.modules.onnx import save_whole  # noqa: E402
from smug.models.own import read_own  # noqa: E402

RNG = np.random.default_rng(0)


def made(nodes, inputs, output, weights, opset=13):
    """A checked model of float inputs and outputs by their shapes."""
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def dense(batch=1, first="Gemm", opset=13):
    """A dense ReLU network in VNN-COMP's layout."""
    weights = {
        "W1": RNG.normal(size=(8, 12)).astype(np.float32),
        "b1": RNG.normal(size=8).astype(np.float32),
        "W2": RNG.normal(size=(8, 3)).astype(np.float32),
        "b2": RNG.normal(size=3).astype(np.float32),
    }
    weights["W2"][:, 0] = np.abs(weights["W2"][:, 0])  # every node that answers speaks for it
    if first == "Gemm":
        start = [
            helper.make_node("Flatten", ["x"], ["f"], axis=1),
            helper.make_node("Gemm", ["f", "W1", "b1"], ["h"], transB=1),
        ]
    else:
        weights |= {"W1": weights["W1"].T.copy(), "to": np.array([batch if batch == 1 else 0, -1])}
        start = [
            helper.make_node("Reshape", ["x", "to"], ["f"]),
            helper.make_node("MatMul", ["f", "W1"], ["p"]),
            helper.make_node("Add", ["b1", "p"], ["h"]),
        ]
    nodes = [
        *start,
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "W2"], ["m"]),
        helper.make_node("Add", ["m", "b2"], ["y"]),
    ]
    return made(nodes, {"x": [batch, 1, 3, 4]}, [batch, 3], weights, opset)


@pytest.fixture
def save(tmp_path):
    def write(model, name="network.onnx"):
        onnx.save(model, tmp_path / name)
        return tmp_path / name

    return write


@pytest.mark.parametrize("opset", [9, 13, 18])
@pytest.mark.parametrize("batch", [1, "n"])
@pytest.mark.parametrize("first", ["Gemm", "MatMul"])
def test_answers_are_those_of_the_reference_and_layers_are_dense(save, first, batch, opset):
    written = dense(batch, first, opset)
    model = smug.load(save(written))
    x = RNG.random((1, 1, 3, 4), np.float32)
    (right,) = ReferenceEvaluator(written).run(None, {"x": x})
    found = keras.ops.convert_to_numpy(model(np.repeat(x, 2, axis=0)))
    np.testing.assert_allclose(found, np.repeat(right, 2, axis=0), rtol=1e-4, atol=1e-5)
    made = smug.explain(model, x, 0, "smug", top_k=3, steps=10)
    assert made.mask.shape == (1, 3, 4)
    assert made.position_axes == (2, 3)
    assert made.record["first_layer"]["kind"] == "dense"


def convolution(names=("", "", "", ""), kernel=(3, 3), sides=(8, 8)):
    """A convolution over images or series, and class scores of its sums."""
    rng = np.random.default_rng(1)
    weights = {
        "W1": rng.normal(size=(4, 3, *kernel)).astype(np.float32),
        "W2": rng.normal(size=(4, 2)).astype(np.float32),
        "b2": rng.normal(size=2).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["x", "W1"], ["c"], name=names[0], kernel_shape=kernel),
        helper.make_node("Relu", ["c"], ["r"], name=names[1]),
        helper.make_node("GlobalAveragePool", ["r"], ["p"], name=names[2]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "W2", "b2"], ["y"], name=names[3]),
    ]
    return made(nodes, {"x": ["n", 3, *sides]}, ["n", 2], weights)


@pytest.mark.parametrize(("kernel", "sides"), [((3, 3), (6, 8)), ((3,), (9,))])
def test_channels_come_last_where_images_or_series_have_them_so(save, kernel, sides):
    written = convolution(kernel=kernel, sides=sides)
    whole = smug.load(save(written))
    assert whole.inputs[0].shape == (None, 3, *sides)
    assert whole.outputs[0].shape == (None, 2)
    axes = len(sides) + 1
    assert channels_last(whole, axes=axes + 1) is whole
    model = channels_last(whole, axes=axes)
    assert model.inputs[0].shape == (None, *sides, 3)
    assert model.outputs[0].shape == (None, 2)
    x = np.random.default_rng(2).random((2, 3, *sides), np.float32)
    (right,) = ReferenceEvaluator(written).run(None, {"x": x})
    found = keras.ops.convert_to_numpy(model(np.moveaxis(x, 1, -1)))
    np.testing.assert_allclose(found, right, rtol=1e-4, atol=1e-5)
    first = find_first_layer(model).linear
    assert (first.spatial, first.output_shape[-1]) == (sides, 4)


def test_layers_with_slashes_in_their_names_are_found_and_initialised_anew(save):
    # As torch writes them.
    model = smug.load(save(convolution(names=("/0/Conv", "/1/Relu", "/2/Pool", "/5/Gemm"))))
    (level,) = levels(model, at_most=1)
    assert level.name.replace(".", "/").split(" … ") == ["5/Gemm", "0/Conv"]
    before = [weight.numpy().copy() for weight in model.weights]
    with randomised(model, level, seed=1):
        changed = [weight.numpy() for weight in model.weights]
        assert not any(np.array_equal(*pair) for pair in zip(before, changed, strict=True))
    after = [weight.numpy() for weight in model.weights]
    np.testing.assert_equal(after, before)


def test_a_network_of_the_users_own_has_an_output_for_each_class(save):
    read = read_own(str(save(convolution())))
    assert read.outputs[0].shape == (None, 2)
    written = convolution()
    probability = helper.make_node("ReduceMax", ["y"], ["z"], axes=[1], keepdims=1)
    written.graph.node.append(probability)
    written.graph.output[0].name = "z"
    written.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 1
    with pytest.raises(SmugError, match=r"one output that is no probability; .*with a sigmoid"):
        read_own(str(save(written)))


def probability(batch, opset=13):
    """A dense network that ends in the sigmoid of one output."""
    weights = {
        "W1": RNG.normal(size=(8, 4)).astype(np.float32),
        "b1": RNG.normal(size=8).astype(np.float32),
        "both_kernel": RNG.normal(size=(8, 1)).astype(np.float32),
        "b2": RNG.normal(size=1).astype(np.float32),
    }
    nodes = [
        helper.make_node("Gemm", ["x", "W1", "b1"], ["h"], transB=1),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "both_kernel", "b2"], ["z"]),
        helper.make_node("Sigmoid", ["z"], ["y"]),
    ]
    return made(nodes, {"x": [batch, 4]}, [batch, 1], weights, opset)


@pytest.mark.parametrize("opset", [11, 13, 18])
@pytest.mark.parametrize("batch", [1, "n"])
def test_one_probability_becomes_one_for_either_class(save, tmp_path, batch, opset):
    written = probability(batch, opset)
    path = save(written)
    x = np.random.default_rng(2).random((5, 4), np.float32)
    right = np.concatenate(
        [ReferenceEvaluator(written).run(None, {"x": x[i : i + 1]})[0] for i in range(5)]
    )
    save_whole(path, tmp_path / "whole.onnx")
    for model in (read_own(str(path)), smug.load(tmp_path / "whole.onnx")):
        assert model.outputs[0].shape == (None, 2)
        found = keras.ops.convert_to_numpy(model(x))
        np.testing.assert_allclose(found, np.concatenate([1 - right, right], 1), atol=1e-6)
    np.testing.assert_allclose(smug.load(path)(x), right, atol=1e-6)


def test_sets_for_either_class_are_those_for_the_side_of_one_output(save):
    path = save(probability(1))
    x = np.random.default_rng(2).random((1, 4), np.float32)
    settings = {"method": "robust", "epsilon": 0.01}
    either, one = (
        smug.explain(model, x, **settings) for model in (read_own(str(path)), smug.load(path))
    )
    np.testing.assert_array_equal(either.mask, one.mask)


def test_a_file_is_written_whole(save, tmp_path):
    written = convolution()
    (tmp_path / "parts").mkdir()
    onnx.save(written, tmp_path / "parts" / "n.onnx", save_as_external_data=True, size_threshold=0)
    save_whole(tmp_path / "parts" / "n.onnx", tmp_path / "whole.onnx")
    x = np.random.default_rng(2).random((2, 3, 8, 8), np.float32)
    (right,) = ReferenceEvaluator(onnx.load(tmp_path / "whole.onnx")).run(None, {"x": x})
    found = keras.ops.convert_to_numpy(smug.load(tmp_path / "whole.onnx")(x))
    np.testing.assert_allclose(found, right, rtol=1e-4, atol=1e-5)


def test_robust_sets_of_a_file_are_proven_again_by_the_command(save, tmp_path, capsys):
    from smug.cli import main

    path = save(dense(first="MatMul"))
    x = RNG.random((1, 1, 3, 4), np.float32)
    made = smug.explain(smug.load(path), x, method="robust", epsilon=0.5)
    assert made.solver["status"][0] == "optimal"
    assert 0 < made.mask.sum() < 12
    files = made.save(tmp_path / "explained")
    assert not main(["verify", str(files[1]), "--model", str(path)])
    assert f"{int(made.mask.sum())} of 12 kept, proven" in capsys.readouterr().out


def test_a_photograph_is_explained_by_the_command(tmp_path, capsys):
    from PIL import Image

    from smug.cli import main

    torch.manual_seed(0)
    nn = torch.nn
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 64, 3)
    )
    weights = {
        name.replace(".", "_"): v.numpy(force=True) for name, v in module.state_dict().items()
    }
    nodes = [
        helper.make_node(
            "Conv", ["x", "0_weight", "0_bias"], ["c"], strides=[2, 2], pads=[1, 1, 1, 1]
        ),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Flatten", ["r"], ["f"]),
        helper.make_node("Gemm", ["f", "3_weight", "3_bias"], ["y"], transB=1),
    ]
    written = made(nodes, {"x": ["n", 3, 16, 16]}, ["n", 3], weights)
    onnx.save(written, tmp_path / "network.onnx")
    Image.fromarray(RNG.integers(0, 256, (16, 16, 3), np.uint8)).save(tmp_path / "photo.png")
    asked = [str(tmp_path / "photo.png"), "--model", str(tmp_path / "network.onnx")]
    options = ["--scale", "255", "--set", "top_k=4", "--output-dir", str(tmp_path / "out")]
    code = main(["explain", *asked, *options])
    assert not code, capsys.readouterr().err
    found = smug.Explanation.load(next((tmp_path / "out").rglob("*.npz")))
    assert found.values.shape == (1, 16, 16)
    with torch.no_grad():
        given = torch.from_numpy(np.moveaxis(found.inputs, -1, 1))
        right = module(given).numpy()[0, found.target[0]]
    np.testing.assert_allclose(found.score[0], right, rtol=1e-4)


def test_weights_outside_of_the_folder_are_refused(tmp_path):
    (tmp_path / "inner").mkdir()
    for place in ("../secret.bin", str(tmp_path / "secret.bin")):
        written = dense()
        tensor = written.graph.initializer[0]
        size = len(tensor.raw_data)
        (tmp_path / "secret.bin").write_bytes(tensor.raw_data)
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", place), ("length", str(size))):
            tensor.external_data.add(key=key, value=value)
        (tmp_path / "inner/network.onnx").write_bytes(written.SerializeToString())
        with pytest.raises(SmugError, match="outside of its own folder"):
            smug.load(tmp_path / "inner/network.onnx")


def test_weights_beside_the_file_are_read(tmp_path):
    written = dense()
    x = RNG.random((1, 1, 3, 4), np.float32)
    (right,) = ReferenceEvaluator(written).run(None, {"x": x})
    path = tmp_path / "network.onnx"
    onnx.save(written, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    found = keras.ops.convert_to_numpy(smug.load(path)(x))
    np.testing.assert_allclose(found, right, rtol=1e-4, atol=1e-5)
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(SmugError, match=r"'weights\.bin', which is not there"):
        smug.load(path)


def test_an_operator_that_is_not_known_is_named(save):
    nodes = [helper.make_node("Det", ["x"], ["y"])]
    with pytest.raises(SmugError, match=r"uses the operator Det \(version 11\)"):
        smug.load(save(made(nodes, {"x": [2, 3, 3]}, [2], {})))


def test_several_inputs_are_named(save):
    nodes = [helper.make_node("Add", ["a", "b"], ["y"])]
    with pytest.raises(SmugError, match=r"takes 2 inputs \('a', 'b'\)"):
        smug.load(save(made(nodes, {"a": ["n", 3], "b": ["n", 3]}, ["n", 3], {})))


def test_a_network_that_mixes_the_inputs_of_a_batch_is_refused(save):
    nodes = [
        helper.make_node("ReduceSum", ["x", "axes"], ["s"], keepdims=1),
        helper.make_node("Mul", ["x", "s"], ["y"]),
    ]
    written = made(nodes, {"x": [1, 3]}, [1, 3], {"axes": np.array([0])})
    with pytest.raises(SmugError, match="was exported for a batch of exactly 1"):
        smug.load(save(written))


@pytest.mark.parametrize("damage", [b"", b"no network", None])
def test_a_damaged_file_is_named(tmp_path, damage):
    path = tmp_path / "network.onnx"
    whole = dense().SerializeToString()
    path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    with pytest.raises(SmugError, match=r"network\.onnx (is not an ONNX model|takes 0 inputs)"):
        smug.load(path)


def test_a_missing_file_and_a_missing_converter_are_named(tmp_path, monkeypatch):
    with pytest.raises(SmugError, match=r"no model file .*none\.onnx; give"):
        smug.load(tmp_path / "none.onnx")
    monkeypatch.setattr("smug.models.modules.onnx.find_spec", lambda _: None)
    with pytest.raises(SmugError, match=r"pip install 'smug\[onnx\]'"):
        smug.load(tmp_path / "none.onnx")


def test_another_backend_is_told_what_to_set(tmp_path, monkeypatch):
    monkeypatch.setattr("keras.config.backend", lambda: "tensorflow")
    with pytest.raises(SmugError, match=r"is an ONNX file, which runs on torch.*KERAS_BACKEND="):
        smug.load(tmp_path / "network.onnx")
