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
        self.first, self.norm = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.pool, self.second = nn.MaxPool2d(2), nn.Conv2d(4, 4, 2)
        self.scores = nn.Linear(36, 3)

    def forward(self, x):
        x = self.pool(F.relu(self.norm(self.first(x))))
        x = torch.relu(self.second(x)).view(x.shape[0], -1)
        return F.softmax(self.scores(x), dim=1)


X = np.random.default_rng(0).random((2, 1, 8, 8), np.float32)


@pytest.fixture
def pair():
    """The network, and the same of modules alone."""
    made = Functional().eval()
    parts = (made.first, made.norm, nn.ReLU(), made.pool, made.second, nn.ReLU(), nn.Flatten())
    return made, nn.Sequential(*parts, made.scores, nn.Softmax(dim=1))


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
        (lambda x: F.softmax(x, dim=0), []),
        (lambda x: torch.flatten(x.unflatten(1, (2, 2)), 1), ["flatten"]),
        (lambda x: x.unflatten(1, (2, 2)).reshape(2, -1), ["flatten"]),
        (lambda x: x.unflatten(1, (2, 2)).reshape(4, 2), []),
        (lambda x: x.flatten(1), []),  # flat already
        (lambda x: F.relu(x, inplace=True), []),
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
