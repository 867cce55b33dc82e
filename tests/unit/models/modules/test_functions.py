"""Functions that a forward calls are explained as the modules of their names."""

import keras
import numpy as np
import pytest

import smug
from smug.methods import METHODS, method_settings
from smug.models import rewire
from smug.models.modules import as_model

torch = pytest.importorskip("torch")
if keras.config.backend() != "torch":
    pytest.skip("torch modules need KERAS_BACKEND=torch", allow_module_level=True)
nn, F = torch.nn, torch.nn.functional

FEW = {"steps": 5, "top_k": 6, "window": 1, "points": 2, "members": 1, "limit": 1, "epsilon": 0.02}


class Functional(nn.Module):
    """A convolutional network that writes what it can as functions."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.norm = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)
        self.second, self.scores = nn.Conv2d(4, 4, 2), nn.Linear(36, 3)

    def forward(self, x):
        x = self.norm(self.first(F.pad(x, (1, 1, 1, 1))))
        F.relu_(x)
        x = F.relu(self.second(F.max_pool2d(x, 2)), inplace=True)
        x = F.dropout(x, 0.5, self.training).view(x.shape[0], -1)
        return F.softmax(self.scores(x), dim=1)


X = np.random.default_rng(0).random((2, 1, 8, 8), np.float32)


@pytest.fixture
def pair():
    """The network, and the same of modules alone."""
    made = Functional()
    parts = (nn.ZeroPad2d(1), made.first, made.norm, nn.ReLU(inplace=True), nn.MaxPool2d(2))
    parts += (made.second, nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), made.scores)
    return made, nn.Sequential(*parts, nn.Softmax(dim=1))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_every_method_answers_as_of_modules(pair, method):
    few = {name: value for name, value in FEW.items() if name in method_settings(method)}
    made, right = (smug.explain(one, X, method=method, **few) for one in pair)
    np.testing.assert_array_equal(made.values, right.values)
    np.testing.assert_array_equal(made.score, right.score)
    assert (made.mask is None) == (right.mask is None)
    if right.mask is not None:
        np.testing.assert_array_equal(made.mask, right.mask)


@pytest.mark.parametrize(
    ("forward", "named"),
    [
        (lambda x: x.relu(), ["relu"]),
        (lambda x: torch.sigmoid(torch.relu(x)), ["relu", "sigmoid"]),
        (lambda x: F.softmax(x, -1), ["softmax"]),
        (lambda x: x.softmax(dim=1), ["softmax"]),
        (lambda x: F.softmax(x, dim=0), ["softmax"]),
        (lambda x: F.softmax(x, 1, dtype=torch.float64), []),
        (lambda x: torch.flatten(x.unflatten(1, (2, 2)), 1), ["flatten"]),
        (lambda x: x.unflatten(1, (2, 2)).reshape(2, -1), ["flatten"]),
        (lambda x: x.unflatten(1, (2, 2)).reshape(4, 2), []),
        (lambda x: x.flatten(1), []),  # flat already
        (lambda x: F.relu(x, inplace=True), ["relu"]),
        (lambda x: x.relu_().sigmoid_(), ["relu", "sigmoid"]),
        (lambda x: torch.relu_(x[:, :2]), ["relu"]),
        (lambda x: F.dropout(x, training=False, inplace=True), []),
        (lambda x: F.leaky_relu(F.leaky_relu(x, 0.1), 0.2), ["leaky_relu", "leaky_relu_1"]),
        (lambda x: F.leaky_relu(F.leaky_relu(x, 0.1), 0.1), ["leaky_relu"] * 2),
        (lambda x: F.relu(input=x), ["relu"]),
    ],
)
def test_a_function_is_a_layer_where_it_does_the_same(forward, named):
    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.own = nn.Linear(4, 4)

        def forward(self, x):
            return forward(self.own(x))

    x = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    with as_model(Whole()) as model:
        calls = rewire.record_calls(model, x)
        plain = keras.ops.convert_to_numpy(model(x))
    assert [call.op.name for call in calls] == ["own", *(f"functional.{name}" for name in named)]
    if named:
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(calls[-1].output), plain)


SERIES, IMAGE, VOLUME = (
    np.random.default_rng(1).normal(size=(2, 3, *(4,) * axes)).astype(np.float32)
    for axes in (1, 2, 3)
)
SAME = [
    (IMAGE, F.relu6, nn.ReLU6()),
    (IMAGE, lambda x: F.leaky_relu(x, 0.3), nn.LeakyReLU(0.3)),
    (IMAGE, lambda x: F.elu(x, alpha=0.5), nn.ELU(0.5)),
    (IMAGE, F.celu, nn.CELU()),
    (IMAGE, torch.selu, nn.SELU()),
    (IMAGE, F.gelu, nn.GELU()),
    (IMAGE, lambda x: F.gelu(x, approximate="tanh"), nn.GELU("tanh")),
    (IMAGE, F.silu, nn.SiLU()),
    (IMAGE, F.mish, nn.Mish()),
    (IMAGE, torch.tanh, nn.Tanh()),
    (IMAGE, lambda x: F.hardtanh(x, -0.5, 0.5), nn.Hardtanh(-0.5, 0.5)),
    (IMAGE, F.tanhshrink, nn.Tanhshrink()),
    (IMAGE, F.logsigmoid, nn.LogSigmoid()),
    (IMAGE, F.hardsigmoid, nn.Hardsigmoid()),
    (IMAGE, F.hardswish, nn.Hardswish()),
    (IMAGE, lambda x: F.hardshrink(x, 0.1), nn.Hardshrink(0.1)),
    (IMAGE, F.softshrink, nn.Softshrink()),
    (IMAGE, lambda x: F.softplus(x, beta=2), nn.Softplus(2)),
    (IMAGE, F.softsign, nn.Softsign()),
    (IMAGE, lambda x: F.threshold(x, 0.1, -1), nn.Threshold(0.1, -1)),
    (IMAGE, lambda x: x.log_softmax(1), nn.LogSoftmax(1)),
    (SERIES, lambda x: F.max_pool1d(x, 2), nn.MaxPool1d(2)),
    (IMAGE, lambda x: F.max_pool2d(x, 2, 1), nn.MaxPool2d(2, 1)),
    (IMAGE, lambda x: F.max_pool2d(x, 3, ceil_mode=True), nn.MaxPool2d(3, ceil_mode=True)),
    (IMAGE, lambda x: torch.max_pool2d(x, [2, 1]), nn.MaxPool2d((2, 1))),
    (VOLUME, lambda x: F.max_pool3d(x, 2), nn.MaxPool3d(2)),
    (SERIES, lambda x: F.avg_pool1d(x, 2), nn.AvgPool1d(2)),
    (IMAGE, lambda x: F.avg_pool2d(x, 2, 2, 1), nn.AvgPool2d(2, padding=1)),
    (IMAGE, lambda x: F.avg_pool2d(x, 2, divisor_override=3), nn.AvgPool2d(2, divisor_override=3)),
    (VOLUME, lambda x: F.avg_pool3d(x, 2), nn.AvgPool3d(2)),
    (SERIES, lambda x: F.adaptive_avg_pool1d(x, 1), nn.AdaptiveAvgPool1d(1)),
    (IMAGE, lambda x: F.adaptive_avg_pool2d(x, 1), nn.AdaptiveAvgPool2d(1)),
    (IMAGE, lambda x: F.adaptive_avg_pool2d(x, (2, None)), nn.AdaptiveAvgPool2d((2, None))),
    (VOLUME, lambda x: F.adaptive_avg_pool3d(x, 1), nn.AdaptiveAvgPool3d(1)),
    (SERIES, lambda x: F.adaptive_max_pool1d(x, 1), nn.AdaptiveMaxPool1d(1)),
    (IMAGE, lambda x: F.adaptive_max_pool2d(x, 1), nn.AdaptiveMaxPool2d(1)),
    (VOLUME, lambda x: F.adaptive_max_pool3d(x, 1), nn.AdaptiveMaxPool3d(1)),
    (SERIES, lambda x: F.pad(x, (2, 0)), nn.ConstantPad1d((2, 0), 0)),
    (IMAGE, lambda x: F.pad(x, (1, 2)), nn.ZeroPad2d((1, 2, 0, 0))),
    (IMAGE, lambda x: F.pad(x, (1, 2, 3, 0), value=0.5), nn.ConstantPad2d((1, 2, 3, 0), 0.5)),
    (IMAGE, lambda x: F.pad(x, (1, 2, 3, 0), mode="reflect"), nn.ReflectionPad2d((1, 2, 3, 0))),
    (IMAGE, lambda x: F.pad(x, (1,) * 4, mode="replicate"), nn.ReplicationPad2d(1)),
    (IMAGE, lambda x: F.pad(x, (1,) * 4, mode="circular"), nn.CircularPad2d(1)),
    (VOLUME, lambda x: F.pad(x, (-1,) * 6), nn.ConstantPad3d(-1, 0)),
]


@pytest.mark.parametrize(("x", "function", "module"), SAME)
def test_a_function_is_the_layer_of_the_module_of_its_name(x, function, module):
    class Whole(nn.Module):
        def __init__(self, part=None):
            super().__init__()
            self.own, self.part = nn.Identity(), part

        def forward(self, x):
            return (self.part or function)(self.own(x))

    made, right = [], []
    for calls, whole in ((made, Whole()), (right, Whole(module))):
        with as_model(whole) as model:
            calls += rewire.record_calls(model, x)
    assert len(made) == len(right)
    for one, other in zip(made, right, strict=True):
        assert one.op.get_config() | {"name": ""} == other.op.get_config() | {"name": ""}
        assert type(one.op).__mro__[-8:] == type(other.op).__mro__[-8:]
        np.testing.assert_array_equal(one.output, other.output)
    np.testing.assert_array_equal(made[-1].inputs[0], made[-2].output)


@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_series_of_functions_are_explained_as_those_of_modules():
    torch.manual_seed(0)
    first, scores = nn.Conv1d(2, 4, 2), nn.Linear(8, 3)

    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.scores = first, scores

        def forward(self, x):
            x = F.avg_pool1d(F.relu(self.first(x)), 2)
            return self.scores(torch.flatten(F.max_pool1d(x, 2), 1))

    parts = (first, nn.ReLU(), nn.AvgPool1d(2), nn.MaxPool1d(2), nn.Flatten(), scores)
    x = np.random.default_rng(0).random((2, 2, 9), np.float32)
    for method in ("smug", "gradcam", "robust"):
        made, right = (
            smug.explain(one, x, method=method) for one in (Whole(), nn.Sequential(*parts))
        )
        np.testing.assert_array_equal(made.values, right.values)


def test_pooling_before_a_dense_layer_is_traced_as_in_keras():
    torch.manual_seed(0)
    scores = nn.Linear(8, 3)
    nn.init.uniform_(scores.weight)

    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.scores = scores

        def forward(self, x):
            return self.scores(F.avg_pool2d(x, 2).flatten(1))

    layers = keras.layers
    same = keras.Sequential(
        [keras.Input((4, 4, 2)), layers.AveragePooling2D(2), layers.Permute((3, 1, 2))]
    )
    same.add(layers.Flatten())
    same.add(layers.Dense(3))
    same.layers[-1].set_weights([scores.weight.numpy().T, scores.bias.numpy()])
    x = np.random.default_rng(0).random((1, 2, 4, 4), np.float32)
    right = smug.explain(same, x.transpose(0, 2, 3, 1), gamma=0.9).values
    assert right.any()
    for one in (Whole(), nn.Sequential(nn.AvgPool2d(2), nn.Flatten(), scores)):
        np.testing.assert_allclose(smug.explain(one, x, gamma=0.9).values, right, rtol=1e-5)


def test_gradients_go_through_what_changes_in_place():
    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.own, self.scores = nn.Linear(4, 4), nn.Linear(4, 2)

        def forward(self, x):
            x = self.own(x)
            F.silu(x, inplace=True)
            return F.softmax(self.scores(x), 1)

    made = Whole()
    right = nn.Sequential(made.own, nn.SiLU(), made.scores, nn.Softmax(1))
    x = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    for one in (made, right):
        one.x = smug.explain(one, x, method="integrated_gradients", steps=5)
    np.testing.assert_array_equal(made.x.values, right.x.values)


@pytest.mark.parametrize("method", ["smug", "gradients", "sis"])
def test_dropout_as_in_training_is_refused(method):
    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.own = nn.Linear(4, 4)

        def forward(self, x):
            return F.dropout(self.own(x), 0.5)

    with pytest.raises(smug.SmugError, match="dropout with training=True, so that its answers"):
        smug.explain(Whole(), np.ones((1, 4), np.float32), method=method)


def test_robust_refuses_a_function_that_is_no_layer_in_one_sentence():
    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.own, self.scores = nn.Linear(4, 4), nn.Linear(4, 2)

        def forward(self, x):
            return self.scores(torch.square(self.own(x)))

    with pytest.raises(smug.SmugError, match="computation that is no layer before layer 'scores'"):
        smug.explain(Whole(), np.ones((1, 4), np.float32), method="robust")


def test_what_is_made_of_weights_is_no_layer():
    class Module(nn.Module):
        def __init__(self):
            super().__init__()
            self.own = nn.Linear(4, 3)
            self.scale = nn.Parameter(torch.ones(3))

        def forward(self, x):
            return self.own(x) * torch.relu(self.scale)

    with as_model(Module()) as model:
        calls = rewire.record_calls(model, np.ones((1, 4), np.float32))
    assert [call.op.name for call in calls] == ["own"]


def test_nested_names_are_proven():
    module, first, last = nn.Sequential(), nn.Linear(4, 3), nn.Linear(3, 2)
    module.add_module("inner", nn.Sequential(first, nn.ReLU(), last))
    with torch.no_grad():  # the sum of all features against a constant
        first.weight.fill_(1.0)
        last.weight.copy_(torch.tensor([[1.0] * 3, [0.0] * 3]))
        last.bias.copy_(torch.tensor([-1.0, 0.0]))
    x = np.random.default_rng(1).random((1, 4), np.float32)
    made = smug.explain(module, x, method="robust", epsilon=None, input_range=(-9.0, 9.0))
    assert made.mask.any()
    assert made.solver["status"][0] == "optimal"
