import keras
import numpy as np
import pytest
from keras import layers

from smug.errors import SmugError
from smug.models.dense import dense_layers
from smug.models.networks import mnist_mlp
from smug.models.registry import load_model, network
from smug.models.training import train_digits


def test_the_same_seed_trains_the_same_network():
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (64, 28, 28), np.uint8), rng.integers(0, 10, 64)
    settings = {"name": "mnist_mlp", "hidden": (4,), "learning_rate": 1e-3}
    settings |= {"batch_size": 32, "epochs": 1, "seed": 3}
    first, second = (train_digits(images, labels, **settings).get_weights() for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_papers_network_has_the_papers_size():
    assert mnist_mlp.build((32,)).count_params() == 784 * 32 + 32 + 32 * 10 + 10


def test_dense_layers_compute_what_the_network_computes():
    model = mnist_mlp.build((6, 5))
    x = np.random.default_rng(0).random((4, 28, 28)).astype(np.float32)
    a = x.reshape(4, -1).astype(np.float64)
    *hidden, (kernel, bias) = dense_layers(model)
    for W, b in hidden:
        a = np.maximum(a @ W + b, 0)
    logits = a @ kernel + bias
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.asarray(model(x)), expected, rtol=1e-4)


@pytest.mark.parametrize(
    "hidden",
    [
        [layers.Conv1D(2, 3, activation="relu"), layers.Flatten()],
        [layers.Flatten(), layers.Dense(4, activation="tanh")],
        [layers.Flatten(), layers.Dense(4), layers.BatchNormalization()],
    ],
)
def test_other_networks_have_no_dense_layers(hidden):
    model = keras.Sequential([keras.Input((8, 3)), *hidden, layers.Dense(2, activation="softmax")])
    assert dense_layers(model) == ()


def test_models_are_read_without_running_their_code(tmp_path):
    model = keras.Sequential([keras.Input((2,)), layers.Lambda(lambda x: x + 1), layers.Dense(1)])
    model.save(tmp_path / "lambda.keras")
    with pytest.raises(SmugError, match=r"lambda\.keras is not a Keras model that can be read"):
        load_model(tmp_path / "lambda.keras")
    (tmp_path / "text.keras").write_text("nothing")
    with pytest.raises(SmugError, match=r"text\.keras is not a Keras model"):
        load_model(tmp_path / "text.keras")
    with pytest.raises(SmugError, match="no model file"):
        load_model(tmp_path / "missing.keras")


def test_unknown_networks_are_named():
    with pytest.raises(SmugError, match=r"unknown model 'vgg'; known: .*mnist_mlp"):
        network("vgg")


def test_the_size_of_photographs_is_known_for_networks_on_them():
    assert network("efficientnet_lite0").size == (224, 224)
    with pytest.raises(SmugError, match="takes no photographs"):
        network("mnist_mlp").size  # noqa: B018


def test_padding_is_known_for_networks_on_words():
    words = np.array([[0, 0, 3], [0, 1, 2]], np.int32)
    assert network("text_cnn").padding(words, (3,)).tolist() == (words == 0).tolist()
    pixels = np.zeros((2, 4, 5), np.uint8)
    assert not network("mnist_mlp").padding(pixels, (4, 5)).any()
    assert network("mnist_mlp").padding(pixels, (4, 5)).shape == (2, 4, 5)
