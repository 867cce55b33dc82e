import shutil
import zipfile
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

from smug.cli.defaults import IMAGE_MODELS
from smug.cli.network import load_network, read_scale
from smug.errors import SmugError
from smug.models.imports import IMPORTS


def test_the_networks_with_names_are_those_that_packages_ship():
    assert set(IMAGE_MODELS) == {name for name, known in IMPORTS.items() if known.packaged}


def test_a_network_with_a_name_brings_its_weights_its_scale_and_its_classes():
    network = load_network("squeezenet", None, None)
    assert network.model.name == "squeezenet"
    assert network.source == {"source": "squeezenet"}
    assert network.class_names[285] == "Egyptian cat"
    fed = network.preprocess(np.zeros((1, 227, 227, 3), np.uint8))[0, 0, 0]
    np.testing.assert_allclose(fed, [-104.006, -116.669, -122.679], rtol=1e-6)


def options(model="mine.keras", mean=None, scale=None):
    return SimpleNamespace(model=model, mean=mean, scale=scale)


@pytest.mark.parametrize(
    ("mean", "scale", "wanted"),
    [
        (None, None, None),
        ("127.5", "127.5", ((127.5,) * 3, (127.5,) * 3)),
        (None, "255", ((0,) * 3, (255,) * 3)),
        ("103.9,116.8,123.7", None, ((103.9, 116.8, 123.7), (1,) * 3)),
    ],
)
def test_a_scale_is_one_number_or_three(mean, scale, wanted):
    assert read_scale(options(mean=mean, scale=scale)) == wanted


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scale": "0"}, "--scale 0 would divide by zero"),
        ({"scale": "1,0,1"}, "would divide by zero"),
        ({"scale": "x"}, "--scale x is not one number"),
        ({"scale": "nan"}, "--scale nan is not one number"),
        ({"mean": "inf"}, "--mean inf is not one number"),
        ({"mean": "1,2"}, "--mean 1,2 is not one number, or three"),
        ({"mean": "1", "model": None}, "for your own --model; efficientnet_lite0 has its own"),
        ({"scale": "1", "model": "squeezenet"}, "squeezenet has its own"),
    ],
)
def test_a_wrong_scale_is_refused(given, said):
    with pytest.raises(SmugError) as found:
        read_scale(options(**given))
    assert said in str(found.value)


def test_a_scale_that_is_given_is_used(model_file):
    network = load_network(str(model_file), None, ((1.0, 2.0, 3.0), (2.0, 4.0, 8.0)))
    pixels = np.full((1, 16, 16, 3), 9, np.uint8)
    assert network.preprocess(pixels)[0, 0, 0].tolist() == [4.0, 7 / 4, 6 / 8]
    assert "--mean" in network.reason


def test_a_model_that_rescales_inside_gets_plain_pixels(model_file, tmp_path):
    base = keras.Sequential([keras.Input((16, 16, 3)), layers.Rescaling(1 / 255)])
    model = keras.Sequential([base, keras.models.load_model(model_file)])
    model.save(tmp_path / "nested.keras")
    for path, largest in ((tmp_path / "nested.keras", 255.0), (model_file, 1.0)):
        preprocess = load_network(str(path), None, None).preprocess
        assert preprocess(np.full((1, 16, 16, 3), 255, np.uint8)).max() == largest


def _flipped(source, path):
    data = bytearray(source.read_bytes())
    with zipfile.ZipFile(source) as archive:
        data[archive.getinfo("model.weights.h5").header_offset + 2000] ^= 255
    path.write_bytes(data)


def _truncated(source, path):
    path.write_bytes(source.read_bytes()[:-100])


def _without_weights(source, path):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for name in ("config.json", "metadata.json"):
            new.writestr(name, old.read(name))


def _foreign(_, path):
    with zipfile.ZipFile(path, "w") as new:
        new.writestr("a.txt", "b")


def _bad_config(source, path):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data[:-5] if name == "config.json" else data)


@pytest.mark.parametrize("harm", [_flipped, _truncated, _without_weights, _foreign, _bad_config])
def test_a_damaged_model_is_named(model_file, tmp_path, harm):
    harm(model_file, tmp_path / "broken.keras")
    with pytest.raises(SmugError, match=r"broken\.keras"):
        load_network(str(tmp_path / "broken.keras"), None, None)


def test_a_folder_is_no_model(model_file, tmp_path):
    shutil.copy(model_file, tmp_path)
    with pytest.raises(SmugError, match="no model file"):
        load_network(str(tmp_path), None, None)


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="SavedModels need TensorFlow")
def test_a_saved_model_folder_is_taken_with_the_scale_that_is_given(model_file, tmp_path):
    keras.models.load_model(model_file).export(tmp_path / "folder", verbose=False)
    folder, pixels = str(tmp_path / "folder"), np.full((1, 16, 16, 3), 51, np.uint8)
    network = load_network(folder, None, ((0.0,) * 3, (255.0,) * 3))
    np.testing.assert_allclose(network.preprocess(pixels), 0.2, rtol=1e-6)
    assert len(network.source["file_sha256"]) == 64
    with pytest.raises(SmugError, match="cannot be looked into; say what it takes: --scale 255"):
        load_network(folder, None, None)


def _saved(path, build):
    build().save(path)
    return str(path)


def _two_inputs():
    a, b = keras.Input((8, 8, 3)), keras.Input((4,))
    return keras.Model([a, b], layers.Dense(2)(layers.Concatenate()([layers.Flatten()(a), b])))


def _of_shape(*shape, dtype="float32"):
    inputs = keras.Input(shape, dtype=dtype)
    x = keras.ops.cast(inputs, "float32")
    return keras.Model(inputs, layers.Dense(2)(keras.ops.max(x, axis=(1, 2))))


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: keras.Sequential([layers.Conv2D(4, 3), layers.Flatten()]), "before it was built"),
        (_two_inputs, "takes 2 inputs"),
        (lambda: _of_shape(8, 8, 1), r"inputs of shape \(8, 8, 1\)"),
        (lambda: _of_shape(None, None, 3), "feeds images"),
        (lambda: keras.Sequential([keras.Input((20, 4)), layers.Conv1D(2, 3)]), "feeds images"),
    ],
)
@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_a_model_that_takes_no_images_is_refused(tmp_path, build, said):
    with pytest.raises(SmugError, match=said) as found:
        load_network(_saved(tmp_path / "x.keras", build), None, None)
    assert "x.keras" in str(found.value)


def test_whole_pixels_are_not_scaled(tmp_path):
    path = _saved(tmp_path / "x.keras", lambda: _of_shape(8, 8, 3, dtype="uint8"))
    assert load_network(path, None, None).preprocess.scale == (1.0, 1.0, 1.0)
    with pytest.raises(SmugError, match="uint8 takes whole pixels"):
        load_network(path, None, ((0.0,) * 3, (255.0,) * 3))
