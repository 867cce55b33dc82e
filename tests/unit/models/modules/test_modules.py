"""Torch modules are explained as the same network in Keras, and come back as they were."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest

import smug
from smug.errors import SmugError
from smug.methods import METHODS
from smug.models.modules import as_model, is_module

torch = pytest.importorskip("torch")
if keras.config.backend() != "torch":
    pytest.skip("torch modules need KERAS_BACKEND=torch", allow_module_level=True)
nn = torch.nn

#: Methods of images, with settings that keep them short.
METHODS_OF_IMAGES = {
    "smug": {"steps": 20, "top_k": 8},
    "smug_base": {"steps": 20, "top_k": 8},
    "integrated_gradients": {"steps": 20},
    "gradients": {},
    "gradcam": {},
    "ggig": {"points": 4},
    "geometric_ensemble": {"members": 1, "points": 2},
    "sis": {"limit": 1},
    "image_sis": {"window": 2},
}


def transposed(weight):
    """A torch kernel, (out, in, *taps), as Keras has it: (*taps, in, out)."""
    return np.moveaxis(weight.detach().numpy(), (0, 1), (-1, -2))


def images():
    """A convolution with a normalisation in torch, in training mode, and the same in Keras."""
    torch.manual_seed(1)
    made = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1, stride=2),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 4, 2, groups=2),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 5),
        nn.Softmax(dim=1),
    )
    with torch.no_grad():
        made[1].running_mean.normal_(0, 0.1)
        made[1].running_var.uniform_(0.5, 1.5)
        made[1].weight.uniform_(0.5, 1.5)
        made[5:].requires_grad_(False)
        made[9].weight.mul_(4)
    layers = keras.layers
    same = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.ZeroPadding2D(1),
            layers.Conv2D(6, 3, strides=2),
            layers.BatchNormalization(epsilon=made[1].eps),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Conv2D(4, 2, groups=2),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5, "softmax"),
        ]
    )
    norm = made[1]
    same.set_weights(
        [
            *(transposed(made[0].weight), made[0].bias.numpy(force=True)),
            *(one.numpy(force=True) for one in (norm.weight, norm.bias)),
            *(one.numpy() for one in (norm.running_mean, norm.running_var)),
            *(transposed(made[4].weight), made[4].bias.numpy(force=True)),
            *(made[9].weight.numpy(force=True).T, made[9].bias.numpy(force=True)),
        ]
    )
    x = np.random.default_rng(0).random((2, 3, 16, 16), np.float32)
    return made, same, x


def flags(module):
    """All that an explanation might leave behind in a module."""
    return (
        [(one.training, getattr(one, "inplace", None)) for one in module.modules()],
        [(one.requires_grad, one.grad) for one in module.parameters()],
        ["forward" in vars(one) for one in module.modules()],
        {name: one.numpy(force=True).tobytes() for name, one in module.state_dict().items()},
    )


@pytest.mark.parametrize("method", METHODS_OF_IMAGES)
def test_the_same_network_in_keras_has_the_same_answer(method):
    module, same, x = images()
    settings = METHODS_OF_IMAGES[method]
    before, random = flags(module), torch.get_rng_state()
    found = smug.explain(module, x, [1, 2], method, **settings)
    assert flags(module) == before
    assert torch.equal(torch.get_rng_state(), random)
    right = smug.explain(same, np.moveaxis(x, 1, -1), [1, 2], method, **settings)
    assert found.position_axes == (2, 3)
    values = right.values
    if values.ndim == 4:
        values = np.moveaxis(values, -1, 1)
    assert values.any()
    atol = 1e-4 * np.abs(values).max()
    if method == "geometric_ensemble":
        # Its noise is drawn weight by weight, in the order of axes that Keras has.
        assert found.values.shape == values.shape
    else:
        np.testing.assert_allclose(found.values, values, rtol=0, atol=atol)
    np.testing.assert_allclose(found.score, right.score, rtol=1e-5)
    if right.mask is not None:
        np.testing.assert_array_equal(found.mask, right.mask)
        np.testing.assert_array_equal(
            found.solver.get("objective", 0), right.solver.get("objective", 0)
        )


def test_every_method_of_the_registry_is_compared():
    assert {*METHODS_OF_IMAGES, "robust"} == METHODS.keys()


def test_gradients_and_path_integrals_are_those_of_plain_autograd():
    module, _, x = images()
    module.eval()
    target, steps = np.array([0, 3]), 25

    def gradient(points, target):
        points = torch.from_numpy(points).requires_grad_()
        with torch.enable_grad():
            scores = module(points)[torch.arange(len(points)), torch.as_tensor(target)]
            return torch.autograd.grad(scores.sum(), points)[0].numpy()

    found = smug.explain(module, x, target, "gradients").values
    np.testing.assert_allclose(found, gradient(x, target), rtol=0, atol=1e-6 * np.abs(found).max())
    times = (np.arange(steps) + 0.5) / steps
    right = [
        one * sum(gradient(np.float32(t) * one[None], [k])[0] for t in times) / steps
        for one, k in zip(x, target, strict=True)
    ]
    found = smug.explain(module, x, target, "integrated_gradients", steps=steps).values
    np.testing.assert_allclose(found, right, rtol=0, atol=1e-5 * np.abs(found).max())


def test_path_integrals_are_complete():
    module, _, x = images()
    made = smug.explain(module, x, 2, "integrated_gradients", steps=400)
    module.eval()
    with torch.no_grad():
        change = (module(torch.from_numpy(x)) - module(torch.zeros(1, 3, 16, 16)))[:, 2].numpy()
    np.testing.assert_allclose(made.values.sum((1, 2, 3)), change, rtol=0.02, atol=1e-3)


def test_the_kept_pixels_keep_the_response_of_the_real_layer():
    """By the module's own convolution and normalisation, on masked pixels."""
    module, _, x = images()
    made = smug.explain(module, x[:1], 1, "smug", steps=20, top_k=8, gamma=0.5)
    module.eval()
    with torch.no_grad():
        whole, kept = (
            module[1](module[0](torch.from_numpy(one))).numpy().ravel()
            for one in (x[:1], x[:1] * made.mask[:, None])
        )
    with as_model(module) as model:
        from smug.attribution.integrated_gradients import first_layer_integrated_gradients
        from smug.masks.encode import top_k_nodes

        a = first_layer_integrated_gradients(model, x[:1], np.array([1]), steps=20)[0]
    # Nodes are channels last, the module's answers channels first.
    rows, columns, channels = np.unravel_index(top_k_nodes(a, 8), a.shape)
    nodes = np.ravel_multi_index((channels, rows, columns), (6, 8, 8))
    assert (whole[nodes] > 0).all()
    assert (kept[nodes] > 0.5 * whole[nodes] * (1 - 1e-5)).all()


@pytest.mark.parametrize("fails", [True, False])
def test_errors_leave_no_trace(fails):
    module, _, x = images()
    before = flags(module)
    if fails:
        with pytest.raises(SmugError, match="unknown layer 'nowhere'"):
            smug.explain(module, x, 0, "gradients", layer="nowhere")
    with pytest.raises(SmugError, match="does not run on inputs of shape"):
        smug.explain(module, x[:, :2], 0, "gradients")
    assert flags(module) == before


def test_layers_are_named_as_the_module_names_them():
    module, _, x = images()
    made = smug.explain(module, x, 0, "integrated_gradients", layer="4", steps=10)
    assert made.values.shape == (2, 3, 3, 4)  # channels last, as every layer of Keras


def test_dropout_that_trains_is_off_and_a_batch_equals_its_singles():
    module, _, x = images()
    assert module[6].training
    both = smug.explain(module, x, 0, "gradients").values
    one = smug.explain(module, x[1:], 0, "gradients").values
    np.testing.assert_allclose(both[1:], one, rtol=1e-5, atol=1e-9)


def test_half_precision_is_explained_as_its_weights_answer_in_float32():
    module, _, x = images()
    half = module.to(torch.bfloat16)
    found = smug.explain(half, x, 1, "gradients").values
    assert half[0].weight.dtype == torch.bfloat16
    right = smug.explain(half.float(), x, 1, "gradients").values
    np.testing.assert_array_equal(found, right)


def test_double_precision_stays():
    module, _, x = images()
    right = smug.explain(module, x, 1, "gradients").values
    mask = smug.explain(module, x, 1, top_k=4, steps=5).mask
    found = smug.explain(module.double(), x, 1, "gradients").values
    np.testing.assert_allclose(found, right, atol=1e-5 * np.abs(right).max())
    np.testing.assert_array_equal(smug.explain(module, x, 1, top_k=4, steps=5).mask, mask)


def test_the_modules_own_device_counts_and_gradients_may_be_off():
    module, _, x = images()
    right = smug.explain(module, x, 1, "smug", top_k=4, steps=5).values
    with keras.device("meta"), torch.inference_mode():
        found = smug.explain(module, x, 1, "smug", top_k=4, steps=5).values
    np.testing.assert_array_equal(found, right)


def test_weights_are_read_when_called_and_a_tensor_is_an_input():
    module, _, x = images()
    first = smug.explain(module, torch.from_numpy(x).requires_grad_(), 1, "gradients").values
    with torch.no_grad():
        module[9].weight.zero_()
    assert first.any()
    with pytest.warns(smug.SmugWarning, match="zero everywhere"):
        assert not smug.explain(module, x, 1, "gradients").values.any()


def test_a_module_that_is_no_keras_model_is_told_apart():
    assert is_module(nn.Linear(2, 2))
    assert not is_module(keras.layers.Dense(2))
    assert not is_module(keras.Sequential())
    assert not is_module("module")


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (lambda: nn.Sequential(nn.LazyLinear(3)), "'0.weight' of module Sequential has no shape"),
        (lambda: nn.Linear(4, 3, device="meta"), "is on the device 'meta'"),
    ],
)
def test_weights_that_are_not_there_are_named(module, said):
    with pytest.raises(SmugError, match=said):
        smug.explain(module(), np.ones((1, 4), np.float32), 0, "gradients")


def test_another_backend_is_told_what_to_set(monkeypatch):
    monkeypatch.setattr("keras.config.backend", lambda: "jax")
    with pytest.raises(SmugError, match="Keras runs on 'jax'; set KERAS_BACKEND=torch before"):
        smug.explain(nn.Linear(4, 3), np.ones((1, 4), np.float32))


def test_a_method_called_by_itself_names_the_way():
    from smug.attribution.gradients import gradients

    with pytest.raises(SmugError, match=r"is a torch.nn.Module; give it to smug.explain, or"):
        gradients(nn.Linear(4, 3), np.ones((1, 4), np.float32), [0])


def test_the_examples_of_the_page_run():
    page = (Path(__file__).resolve().parents[4] / "docs/torch.md").read_text("utf-8")
    names = {}
    for block in re.findall(r"^```py\n(.*?)^```", page, re.M | re.S):
        exec(compile(block, "torch.md", "exec"), names)
    assert names["explanation"].mask.shape == (2, 8, 8)
    assert names["explanation"].position_axes == (2, 3)
