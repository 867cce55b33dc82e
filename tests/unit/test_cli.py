import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image

from smug import cli


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


def test_an_image_is_explained(picture, model_file, capsys):
    words = ["explain", str(picture), "--model", str(model_file), "--set", "top_k=50"]
    cli.main([*words, "--set", "window=2", "--set", "steps=8"])
    said = capsys.readouterr().out
    assert "prediction: class" in said
    assert "optimal" in said
    assert picture.with_name("photo.smug.png").read_bytes().startswith(b"\x89PNG")
    arrays = np.load(picture.with_name("photo.smug.npz"))
    assert arrays["mask"].shape == (1, 16, 16)
    assert picture.with_name("photo.smug.json").exists()


def test_the_output_and_method_can_be_chosen(picture, model_file, tmp_path):
    words = ["explain", str(picture), "--model", str(model_file), "--method", "gradients"]
    cli.main([*words, "--output", str(tmp_path / "sub" / "out.png"), "--target", "1"])
    arrays = np.load(tmp_path / "sub" / "out.npz")
    assert arrays["target"].tolist() == [1]
    assert "mask" not in arrays


def test_methods_are_listed(capsys):
    cli.main(["methods"])
    said = capsys.readouterr().out
    assert "smug: " in said
    assert "    top_k=None" in said
    assert "gradcam: " in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{missing}"], "missing.png"),
        (["{photo}", "--model", "nowhere.keras"], "no model file nowhere.keras"),
        (["{photo}", "--model", "{photo}"], "not a Keras model"),
        (["{photo}", "--model", "{model}", "--method", "lime"], "unknown method 'lime'"),
        (["{photo}", "--model", "{model}", "--set", "top_k"], "not KEY=VALUE"),
        (["{photo}", "--model", "{model}", "--set", "topk=3"], "Did you mean 'top_k'"),
        (["{photo}", "--model", "{model}", "--target", "7"], "7"),
        (["{photo}", "--model", "{model}", "--threads", "0"], "threads=0"),
    ],
)
def test_mistakes_end_with_one_line(picture, model_file, words, said):
    names = {"photo": picture, "model": model_file, "missing": picture.with_name("missing.png")}
    with pytest.raises(SystemExit) as stop:
        cli.main(["explain", *(word.format(**names) for word in words)])
    assert str(stop.value).startswith("smug: ")
    assert said in str(stop.value)
    assert not picture.with_name("photo.smug.png").exists()


def test_a_damaged_picture_is_named(picture, model_file):
    picture.write_bytes(picture.read_bytes()[:200])
    with pytest.raises(SystemExit) as stop:
        cli.main(["explain", str(picture), "--model", str(model_file)])
    assert "photo.png" in str(stop.value)


def test_the_command_is_installed():
    result = subprocess.run(
        [sys.executable, "-m", "smug.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith("smug 0.")
