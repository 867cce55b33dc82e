import keras
import numpy as np
import pytest

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


@pytest.mark.parametrize("content", [b"GIF89a", b"\x80\x04N.", b"{}", b"\0" * 5000])
def test_foreign_files_are_refused(tmp_path, content):
    path = tmp_path / "foreign.keras"
    path.write_bytes(content)
    with pytest.raises(SmugError, match=r"foreign\.keras is not a Keras model that can be read"):
        load_model(path)
    with pytest.raises(SmugError, match="no model file"):
        load_model(tmp_path)
