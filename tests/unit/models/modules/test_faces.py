"""Keras layers that stand for torch's answer what torch's do."""

import keras
import numpy as np
import pytest

import smug
from smug.errors import SmugError
from smug.models import rewire
from smug.models.first_layer import find_first_layer
from smug.models.modules import as_model

torch = pytest.importorskip("torch")
if keras.config.backend() != "torch":
    pytest.skip("torch modules need KERAS_BACKEND=torch", allow_module_level=True)
nn = torch.nn


def head(features):
    return nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(features, 3))


torch.manual_seed(1)
FIRST = {
    "conv1d": (nn.Conv1d(4, 6, 5, stride=2, padding=2), (4, 20)),
    "conv1d same": (nn.Conv1d(4, 6, 4, dilation=2, padding="same"), (4, 20)),
    "conv2d in groups": (nn.Conv2d(4, 6, 3, groups=2, bias=False), (4, 9, 8)),
    "conv2d depthwise": (nn.Conv2d(3, 6, (3, 2), groups=3, padding=(1, 0), bias=False), (3, 9, 8)),
    "conv2d dilated and strided": (
        nn.Conv2d(3, 4, 3, dilation=2, stride=2, padding=1),
        (3, 11, 11),
    ),
    "conv2d reflected": (nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"), (3, 7, 7)),
    "conv3d": (nn.Conv3d(2, 4, 3, padding=1), (2, 5, 6, 7)),
    "linear": (nn.Linear(12, 8), (12,)),
    "weight norm": (nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3)), (3, 8, 8)),
}


@pytest.mark.parametrize("name", FIRST)
def test_first_layers_are_found_as_arrays_that_answer_like_the_module(name):
    torch.manual_seed(0)
    layer, shape = FIRST[name]
    x = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    with torch.no_grad():
        answer = layer(torch.from_numpy(x)).numpy()
    module = nn.Sequential(layer, head(answer.size))
    with as_model(module) as model:
        first = find_first_layer(model, x=x)
        assert first.name == "0"
        assert first.linear.spatial == (shape[1:] or shape)
        entering = first.linear_input(x)[0]
        from smug.models.first_layer.answers import responses_of

        found = responses_of(first.linear, entering).reshape(first.linear.output_shape)
    right = np.moveaxis(answer[0], 0, -1) if answer.ndim > 2 else answer[0]
    np.testing.assert_allclose(found, right, rtol=0, atol=1e-5 * np.abs(right).max())


@pytest.mark.parametrize("name", FIRST)
def test_masks_of_every_first_layer_are_proven_and_confirmed(name):
    torch.manual_seed(0)
    layer, shape = FIRST[name]
    x = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    with torch.no_grad():
        if layer.bias is not None:
            layer.bias.zero_()  # which alone may keep a response
        size = layer(torch.from_numpy(x)).numel()
    made = smug.explain(nn.Sequential(layer, head(size)), x, 0, top_k=4, steps=10)
    assert made.mask.any()
    assert made.mask.shape[1:] == (shape[1:] or shape)
    assert made.solver["status"][0] == "optimal"


LAYERS = {
    "max pooling": (nn.MaxPool2d(3, 2), (2, 4, 9, 9), "MaxPooling2D"),
    "padded max pooling": (nn.MaxPool2d(3, 2, padding=1), (2, 4, 9, 9), "MaxPooling2D"),
    "padded mean": (nn.AvgPool1d(4, 2, padding=1), (2, 4, 9), "AveragePooling1D"),
    "padding": (nn.ZeroPad2d((1, 2, 3, 0)), (2, 4, 5, 6), "ZeroPadding2D"),
    "normalised rows": (nn.BatchNorm1d(5), (4, 5), "BatchNormalization"),
    "normalised series": (nn.BatchNorm1d(5), (4, 5, 7), "BatchNormalization"),
    "leaky": (nn.LeakyReLU(0.2), (2, 3, 4, 5), "LeakyReLU"),
    "cut at six": (nn.ReLU6(), (2, 3), "ReLU"),
    "gelu": (nn.GELU(), (2, 3), "Activation"),
    "gelu by tanh": (nn.GELU("tanh"), (2, 3), "Activation"),
    "hard swish": (nn.Hardswish(), (2, 3), "Activation"),
    "flatten": (nn.Flatten(), (2, 3, 4, 5), "Flatten"),
    "attention": (nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (2, 5, 8), "Layer"),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_that_are_watched_answer_like_the_module(name):
    torch.manual_seed(0)
    layer, shape, kind = LAYERS[name]
    if isinstance(layer, nn.BatchNorm1d):
        layer.running_mean.normal_()
        layer.running_var.uniform_(0.5, 2)
    x = (4 * np.random.default_rng(0).normal(size=shape)).astype(np.float32)
    layer.eval()
    with torch.no_grad():
        right = layer(torch.from_numpy(x)).numpy()
    with as_model(nn.Sequential(layer)) as model:
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(x)), right)
        calls = rewire.record_calls(model, x)
        watched = {call.op: call.op.call for call in calls}
        with rewire.substituted(watched):
            found = keras.ops.convert_to_numpy(model(x))
    assert type(calls[-1].op).__name__ == kind
    np.testing.assert_allclose(found, right, rtol=1e-5, atol=1e-5)


def test_a_flat_image_has_its_pixels_as_positions():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(3 * 6 * 5, 8), nn.ReLU(), nn.Linear(8, 3))
    x = np.random.default_rng(0).random((1, 3, 6, 5), np.float32)
    made = smug.explain(module, x, 0, top_k=4, steps=10)
    assert made.mask.shape == (1, 6, 5)
    with torch.no_grad():
        kept = module[1](torch.from_numpy((x * made.mask[:, None]).reshape(1, -1))).numpy()[0]
        whole = module[1](torch.from_numpy(x.reshape(1, -1))).numpy()[0]
    # Some node of positive response keeps a positive one, which half a pixel could not give.
    assert made.mask.any()
    assert ((kept > 0) & (whole > 0)).any()


def test_shared_weights_change_once():
    """A kernel that two layers use is one weight of the model."""
    module = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    module[2].weight = module[0].weight
    with as_model(module) as model:
        pointers = [one.value.data_ptr() for one in model.trainable_variables]
    assert [pointers.count(one.data_ptr()) for one in module.parameters()] == [1, 1, 1]


def test_words_are_masked_at_their_embedding():
    class Text(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(30, 6, padding_idx=0)
            self.filters = nn.Conv1d(6, 8, 3)
            self.out = nn.Linear(8, 2)

        def forward(self, ids):
            found = torch.relu(self.filters(self.words(ids).transpose(1, 2)))
            return self.out(found.amax(2)).softmax(1)

    torch.manual_seed(0)
    ids = np.random.default_rng(0).integers(1, 30, (2, 12))
    made = smug.explain(Text(), ids, 0, top_k=4, steps=20)
    assert made.mask.shape == (2, 12)
    assert made.record["first_layer"]["name"] == "filters"
    assert (made.solver["status"] == "optimal").all()
    values = smug.explain(Text(), ids, 0, "integrated_gradients", steps=5)
    assert values.values.shape == (2, 12, 6)
    assert values.record["attributed_to"] == "words"


def test_robust_sets_of_a_chain_are_those_of_the_same_network_in_keras():
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(1, 2, 2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3)
    )
    x = np.random.default_rng(0).random((1, 1, 5, 5), np.float32)
    found = smug.explain(module, x, method="robust", epsilon=0.2, window=1)
    same = keras.Sequential(
        [
            keras.Input((5, 5, 1)),
            keras.layers.Conv2D(2, 2, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Permute((3, 1, 2)),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )
    kernel = np.moveaxis(module[0].weight.numpy(force=True), (0, 1), (-1, -2))
    dense = module[4].weight.numpy(force=True).T
    biases = [module[k].bias.numpy(force=True) for k in (0, 4)]
    same.set_weights([kernel, biases[0], dense, biases[1]])
    right = smug.explain(same, np.moveaxis(x, 1, -1), method="robust", epsilon=0.2, window=1)
    assert right.solver["objective"][0] > 0
    np.testing.assert_array_equal(found.mask, right.mask)


def test_what_has_no_linear_first_layer_says_what_explains_it():
    class Scan(nn.Module):
        def __init__(self):
            super().__init__()
            self.scan = nn.LSTM(4, 8, batch_first=True)
            self.out = nn.Linear(8, 3)

        def forward(self, x):
            return self.out(self.scan(x)[0][:, -1])

    x = np.random.default_rng(0).normal(size=(1, 6, 4)).astype(np.float32)
    with pytest.raises(SmugError, match=r"'scan'.*integrated_gradients"):
        smug.explain(Scan(), x, 0)
    made = smug.explain(Scan(), x, 0, "integrated_gradients", steps=5)
    assert made.position_axes == (1,)


def test_one_of_several_inputs_and_a_map_of_classes():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.left, self.right = nn.Conv2d(1, 3, 1), nn.Linear(2, 3)

        def forward(self, image, row):
            return self.left(image) + self.right(row)[:, :, None, None]

    torch.manual_seed(0)
    module, rng = Two(), np.random.default_rng(0)
    x = {
        "image": rng.random((1, 1, 4, 4), np.float32),
        "row": rng.random((1, 2), np.float32),
    }
    made = smug.explain(module, x, 1, "gradients", explain="image", reduce="mean")
    weight = module.left.weight[1, 0, 0, 0].item()
    np.testing.assert_allclose(made.values, np.full((1, 1, 4, 4), weight / 16), rtol=1e-5)
