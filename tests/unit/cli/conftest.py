import keras
import numpy as np
import pytest
from PIL import Image

from smug.datasets.beer.tokenizer import Tokenizer
from smug.io import save_json
from smug.models.networks import text_cnn


@pytest.fixture
def picture(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    path = tmp_path_factory.mktemp("model") / "small.keras"
    model.save(path)
    return path


@pytest.fixture(scope="module")
def text_model(tmp_path_factory):
    """A small text CNN with its vocabulary beside it."""
    folder = tmp_path_factory.mktemp("text")
    words = ("nice", "head", "dull", "nose", "b", "malt")
    model = text_cnn.build(num_words=10, embedding=4, filters=6, max_words=12, seed=1)
    model.layers[0].set_weights([np.random.default_rng(0).normal(size=(10, 4))])
    model.save(folder / "model.keras")
    Tokenizer(words, 10).save(folder / "vocabulary.json")
    save_json(folder / "metrics.json", {"dataset": "beer (generated), aroma"})
    return folder / "model.keras"
