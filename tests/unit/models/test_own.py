import keras
import numpy as np
import pytest
from keras import layers

from smug.errors import SmugError
from smug.models import own

CODE = """
import keras
def build():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
def fails():
    raise OSError("no weights")
def nothing():
    return 3
"""

SAVED = """
import keras, smug
def whole():
    return smug.load("saved")
def part():
    layer = keras.layers.TFSMLayer("saved", call_endpoint="serve")
    return keras.Sequential([keras.Input((3,)), layer, keras.layers.Softmax()])
"""


def network(*parts, shape=(3,)):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input(shape), *parts])


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_file_is_read_as_it_is(ending, tmp_path):
    model = network(layers.Dense(4, activation="relu"), layers.Dense(3, activation="softmax"))
    model.save(tmp_path / f"net{ending}")
    x = np.eye(3, dtype=np.float32)
    found = own.read_own(str(tmp_path / f"net{ending}"))
    np.testing.assert_allclose(found(x), model(x), rtol=1e-6)


@pytest.mark.parametrize("bias", [True, False])
def test_one_probability_becomes_one_for_either_class(bias, tmp_path):
    model = network(layers.Dense(4), layers.Dense(1, activation="sigmoid", use_bias=bias))
    model.save(tmp_path / "net.keras")
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    one = np.asarray(model(x))
    both = np.asarray(own.read_own(str(tmp_path / "net.keras"))(x))
    np.testing.assert_allclose(both, np.concatenate([1 - one, one], 1), atol=1e-6)


@pytest.mark.tensorflow("a SavedModel needs TensorFlow")
def test_a_saved_model_within_a_network_is_refused(tmp_path, monkeypatch):
    network(layers.Dense(2)).export(tmp_path / "saved")
    (tmp_path / "own_saved_model_for_a_test.py").write_text(SAVED)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["", *__import__("sys").path])
    for name in ("whole", "part"):
        with pytest.raises(SmugError, match=rf"{name} is a SavedModel, and the workflow's masks"):
            own.read_own(f"own_saved_model_for_a_test:{name}")


def test_a_function_is_called_from_the_folder_of_the_run(tmp_path, monkeypatch):
    (tmp_path / "own_nets_for_a_test.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["", *__import__("sys").path])
    assert own.read_own("own_nets_for_a_test:build").output_shape == (None, 2)
    with pytest.raises(SmugError, match=r"did not make a network \(OSError: no weights\)"):
        own.read_own("own_nets_for_a_test:fails")
    with pytest.raises(SmugError, match=r"returned int, not a keras.Model"):
        own.read_own("own_nets_for_a_test:nothing")
    with pytest.raises(SmugError, match=r"ModuleNotFoundError"):
        own.read_own("own_nets_that_are_not_there:build")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: network(layers.Dense(1)), "one output that is no probability"),
        (lambda: network(layers.Conv1D(2, 1), shape=(None, 2)), "leaves the shape of its input"),
        (lambda: network(layers.Conv1D(2, 1), shape=(4, 2)), "has an output of shape"),
    ],
)
def test_a_network_that_cannot_be_explained_is_named(made, said, tmp_path):
    made().save(tmp_path / "net.keras")
    with pytest.raises(SmugError, match=said):
        own.read_own(str(tmp_path / "net.keras"))


@pytest.mark.parametrize(
    ("preprocessing", "black", "white"),
    [("unit", 0, 1), ("centred", -1, 1), ("pixels", 0, 255), ("auto", 0, 1)],
)
def test_grey_pixels_are_scaled_and_shaped_as_the_network_takes_them(preprocessing, black, white):
    pixels = np.array([[[0, 255], [255, 0]]], np.uint8)
    for shape in ((2, 2), (2, 2, 1)):
        known = own.of_images(
            network(layers.Flatten(), layers.Dense(2), shape=shape), preprocessing
        )
        x = known.preprocess(pixels)
        assert x.shape == (1, *shape)
        np.testing.assert_allclose(x.ravel(), [black, white, white, black])
        np.testing.assert_allclose(known.input_range, (black, white))
        assert own.size_of(known) == (2, 2)


@pytest.mark.parametrize("name", ["torch", "caffe"])
def test_colours_are_scaled_as_keras_applications_does(name):
    pixels = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    known = own.of_images(network(layers.Flatten(), layers.Dense(2), shape=(2, 2, 3)), name)
    wanted = keras.applications.imagenet_utils.preprocess_input(pixels.astype(float), mode=name)
    np.testing.assert_allclose(known.preprocess(pixels), wanted, atol=1e-5)


def test_a_network_that_says_nothing_of_its_pixels_is_asked_for_them():
    bends = network(
        layers.Lambda(lambda x: x * x), layers.Flatten(), layers.Dense(2), shape=(2, 2, 1)
    )
    with pytest.raises(SmugError, match=r"set model.preprocessing to unit"):
        own.of_images(bends, "auto")
    with pytest.raises(SmugError, match=r"inputs of shape \(5,\); images are"):
        own.of_images(network(layers.Dense(2), shape=(5,)), "unit")
