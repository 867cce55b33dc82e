import keras
import numpy as np
import pytest

import smug
from smug.errors import SmugError
from smug.models.registry import load_model
from tests.damage import flipped


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A small network as a file, and its weights."""
    keras.utils.set_random_seed(0)
    layers = [
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(3, 3, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(2, activation="softmax"),
    ]
    model, path = keras.Sequential(layers), tmp_path_factory.mktemp("saved") / "model.keras"
    model.save(path)
    return path, model.get_weights()


def test_damage_of_a_keras_file_is_refused_or_changes_nothing(saved, tmp_path):
    content, weights = saved[0].read_bytes(), saved[1]
    rng = np.random.default_rng(0)
    damaged = [b"", b"PK", b"\x89HDF\r\n\x1a\n", content[:100], content[:-30], content[30:]]
    damaged += [content[: len(content) // 2], content[:2000] + content[2100:]]
    damaged += flipped(content, rng.integers(0, 8 * len(content), 40))
    path, refused = tmp_path / "damaged.keras", 0
    for one in damaged:
        path.write_bytes(one)
        try:
            model = load_model(path)
        except SmugError as error:
            refused += "damaged.keras" in str(error)
            continue
        for found, wanted in zip(model.get_weights(), weights, strict=True):
            np.testing.assert_array_equal(found, wanted)
    assert refused > 30


def test_a_legacy_h5_file_is_the_network_that_was_saved(saved, tmp_path):
    model = load_model(saved[0])
    model.save(tmp_path / "model.h5")
    again, x = load_model(tmp_path / "model.h5"), np.random.default_rng(0).random((1, 8, 8, 1))
    settings = {"top_k": 20, "steps": 5, "window": 1}
    wanted, made = (smug.explain(one, x.astype(np.float32), **settings) for one in (model, again))
    np.testing.assert_array_equal(made.mask, wanted.mask)
    np.testing.assert_allclose(made.values, wanted.values, rtol=1e-5, atol=1e-7)


def test_code_in_a_legacy_h5_file_is_refused(tmp_path):
    doubling = keras.layers.Lambda(lambda x: 2 * x, output_shape=(2,))
    keras.Sequential([keras.Input((2,)), doubling]).save(tmp_path / "model.h5")
    with pytest.raises(SmugError, match=r"model\.h5 is not a Keras model.*Lambda"):
        load_model(tmp_path / "model.h5")


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n", b"\x80\x04N."])
def test_a_damaged_legacy_file_is_named(tmp_path, content):
    (tmp_path / "damaged.h5").write_bytes(content)
    with pytest.raises(SmugError, match=r"damaged\.h5 is not a Keras model that can be read"):
        load_model(tmp_path / "damaged.h5")


@pytest.mark.skipif(keras.config.backend() == "tensorflow", reason="TensorFlow runs SavedModels")
def test_a_saved_model_is_refused_where_nothing_can_run_it(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(SmugError, match=r"is a SavedModel, which (works with|needs) TensorFlow"):
        load_model(tmp_path)


@pytest.mark.parametrize("content", [b"GIF89a", b"\x80\x04N.", b"{}", b"\0" * 5000])
def test_foreign_files_are_refused(tmp_path, content):
    path = tmp_path / "foreign.keras"
    path.write_bytes(content)
    with pytest.raises(SmugError, match=r"foreign\.keras is not a Keras model that can be read"):
        load_model(path)
    with pytest.raises(SmugError, match="no model file"):
        load_model(tmp_path)
