"""Files that torch exports are explained as the modules that they were made of."""

import keras
import numpy as np
import pytest

import smug

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnx2torch")
if keras.config.backend() != "torch":
    pytest.skip("ONNX files need KERAS_BACKEND=torch", allow_module_level=True)

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from smug.models.modules.onnx_graph import flatten_reshapes, in_older_operators  # noqa: E402

nn, F = torch.nn, torch.nn.functional
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


class Convolutional(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 2)
        self.norm, self.scores = nn.BatchNorm2d(4), nn.Linear(4, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.first(x))), 2)
        return self.scores(torch.relu(self.second(x)).mean((2, 3)))


class Dense(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.scores = nn.Linear(2 * 6 * 6, 8), nn.Linear(8, 3)

    def forward(self, x):
        return self.scores(F.relu(self.first(x.view(x.shape[0], -1))))


@pytest.fixture(params=["dynamo", "torchscript"])
def export(request, tmp_path):
    """Writes a module with one of torch's exporters."""
    dynamo = request.param == "dynamo"
    if dynamo:
        pytest.importorskip("onnxscript")

    def write(module, x, *, free):
        path, settings = tmp_path / "network.onnx", {}
        if free and dynamo:
            settings["dynamic_shapes"] = ({0: torch.export.Dim("batch")},)
        elif free:
            settings["dynamic_axes"] = {"x": {0: "batch"}}
        given = (torch.from_numpy(x if free else x[:1]),)
        names = {"input_names": ["x"], "verbose": False}
        torch.onnx.export(module, given, path, dynamo=dynamo, **names, **settings)
        return path

    return write


@pytest.mark.parametrize("free", [True, False])
@pytest.mark.parametrize("kind", [Convolutional, Dense])
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_an_exported_module_is_explained_as_itself(export, kind, free):
    torch.manual_seed(0)
    module = kind().eval()
    x = np.random.default_rng(0).random((2, 2, 6, 6), np.float32)
    model = smug.load(export(module, x, free=free))
    wanted = module(torch.from_numpy(x)).numpy(force=True)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(x)), wanted, rtol=0, atol=1e-6)
    methods = {"smug_base": {"top_k": 5, "steps": 5}, "integrated_gradients": {"steps": 5}}
    if kind is Dense:
        methods["robust"] = {"epsilon": 0.1}
    for method, settings in methods.items():
        found, right = (smug.explain(one, x, method=method, **settings) for one in (model, module))
        atol = 1e-5 * max(np.abs(right.values).max(), 1e-3)
        np.testing.assert_allclose(found.values, right.values, rtol=0, atol=atol)


def graph(nodes, shape, weights, version, output=("n", 3)):
    made = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output)],
        [numpy_helper.from_array(np.array(value), name) for name, value in weights.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", version)])


def test_axes_of_a_reduction_become_a_setting():
    nodes = [helper.make_node("ReduceMean", ["x", "axes"], ["y"], keepdims=0)]
    made = in_older_operators(graph(nodes, ["n", 3, 4], {"axes": [2]}, 18))
    assert made.opset_import[0].version == 17
    (node,) = made.graph.node
    assert {one.name: helper.get_attribute_value(one) for one in node.attribute} == {
        "axes": [2],
        "keepdims": 0,
    }


@pytest.mark.parametrize(
    "node",
    [
        helper.make_node("Gelu", ["x"], ["y"]),  # came with 20
        helper.make_node("ReduceMax", ["x", "x"], ["y"]),  # axes that the input says
    ],
)
def test_what_older_operators_cannot_say_stays(node):
    read = graph([node], ["n", 3], {}, 20, ("m", "k"))
    assert in_older_operators(read) is read


@pytest.mark.parametrize(("sides", "left"), [([0, 3], 1), ([-1, 3], 0)])
def test_what_a_zero_means_is_left_out_where_there_is_none(sides, left):
    node = helper.make_node("Reshape", ["x", "to"], ["y"], allowzero=1)
    made = in_older_operators(graph([node], ["n", 3], {"to": sides}, 20, ("m", "k")))
    assert len(made.graph.node[0].attribute) == left


@pytest.mark.parametrize(("sides", "flat"), [([0, 12], True), ([-1, 12], True), ([-1, 6], False)])
def test_a_reshape_to_rows_is_a_flatten(sides, flat):
    read = graph(
        [helper.make_node("Reshape", ["x", "to"], ["y"])],
        ["n", 3, 4],
        {"to": sides},
        17,
        ("m", "k"),
    )
    flatten_reshapes(read)
    assert (read.graph.node[0].op_type == "Flatten") == flat
