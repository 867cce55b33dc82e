"""Every method answers the same through smug.explain, as a function, and as a command."""

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import smug
from smug import cli
from smug.methods import METHODS, method_settings

FEW = {"steps": 3, "points": 2, "ascent_steps": 1, "members": 1, "top_k": 6, "time_limit": 5.0}


def network():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 6, 3))
    hidden = layers.Conv2D(3, 3, activation="relu")(inputs)
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.Flatten()(hidden)))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_the_three_ways_give_one_answer(tmp_path, method):
    model = network()
    model.save(tmp_path / "model.keras")
    pixels = np.random.default_rng(1).integers(0, 256, (6, 6, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    x = pixels[np.newaxis].astype(np.float32) / 255
    few = {key: value for key, value in FEW.items() if key in method_settings(method)}
    made = smug.explain(model, x, None, method, **few)
    assert made.target == np.asarray(model(x)).argmax(axis=1)

    called = METHODS[method].load()(model, x, made.target, **few)
    np.testing.assert_array_equal(called[0] if METHODS[method].mask else called, made.values)
    if METHODS[method].mask:
        np.testing.assert_array_equal(called[1], made.mask)

    words = ["explain", str(tmp_path / "photo.png"), "--model", str(tmp_path / "model.keras")]
    words += [f"--set={key}={value}" for key, value in few.items()]
    cli.main([*words, "--method", method, "--scale", "255"])
    saved = smug.Explanation.load(tmp_path / f"photo.{method}.npz")
    np.testing.assert_array_equal(saved.inputs, x)
    np.testing.assert_allclose(saved.values, made.values, rtol=1e-5, atol=1e-7)
    if METHODS[method].mask:
        np.testing.assert_array_equal(saved.mask, made.mask)
