import shutil
import subprocess
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from PIL import Image

from smug import cli
from smug.cli import read_settings
from smug.datasets.beer.tokenizer import Tokenizer
from smug.io import save_json
from smug.models.networks import text_cnn
from smug.models.registry import load_model
from smug.reviews.sufficient_words import Confirmation


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


@pytest.mark.parametrize(
    ("method", "word", "value"),
    [
        ("smug", "margin=1e-4", 1e-4),
        ("smug", "gamma=0", 0.0),
        ("smug", "top_k=null", None),
        ("smug", "layer=12", "12"),
        ("smug", "scoring=max", "max"),
        ("integrated_gradients", "baseline=white", "white"),
        ("integrated_gradients", "adaptive=true", True),
        ("integrated_gradients", "input_range=[-1, 1]", (-1.0, 1.0)),
    ],
)
def test_settings_have_the_types_of_the_method(method, word, value):
    (found,) = read_settings(method, [word]).values()
    assert found == value
    assert type(found) is type(value)


def test_a_model_that_rescales_inside_gets_plain_pixels(model_file, tmp_path):
    base = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Rescaling(1 / 255)])
    model = keras.Sequential([base, keras.models.load_model(model_file)])
    model.save(tmp_path / "nested.keras")
    for path, largest in ((tmp_path / "nested.keras", 255.0), (model_file, 1.0)):
        options = SimpleNamespace(model=path, mean=None, scale=None)
        _, preprocess, _ = cli._load(options)
        assert preprocess(np.full((1, 16, 16, 3), 255, np.uint8)).max() == largest


def test_methods_are_listed(capsys):
    cli.main(["methods"])
    said = capsys.readouterr().out
    assert "smug: " in said
    assert "    needs a linear first layer, gradients\n    answers values and a mask\n" in said
    assert "    top_k=None" in said
    assert "gradcam: " in said
    assert "\nsis: " in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{missing}"], "missing.png"),
        (["{photo}", "--model", "nowhere.keras"], "no model file nowhere.keras"),
        (["{photo}", "--model", "{photo}"], "not a Keras model"),
        (["{photo}", "--model", "{model}", "--method", "lime"], "unknown method 'lime'"),
        (["{photo}", "--model", "{model}", "--set", "top_k"], "not KEY=VALUE"),
        (["{photo}", "--model", "nowhere.keras", "--method", "lime"], "unknown method 'lime'"),
        (["{photo}", "--model", "{model}", "--set", "topk=3"], "Did you mean 'top_k'"),
        (["{photo}", "--set", "top_k=abc"], "top_k=abc is not a whole number or null"),
        (["{photo}", "--set", "top_k=2.5"], "top_k=2.5 is not a whole number or null"),
        (["{photo}", "--set", "gamma=[1"], "gamma=[1 is not a number; the default is 0.0"),
        (["{photo}", "--set", "gamma=true"], "gamma=true is not a number"),
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


TEXT = "<b> nice </b> head & dull nose 🍺 of malt"


def test_a_text_is_explained(text_model, tmp_path, capsys):
    page = tmp_path / "page.html"
    words = ["explain", "--text", TEXT, "--model", str(text_model), "--output", str(page)]
    cli.main(words)
    said = capsys.readouterr().out
    assert "by a network trained on: beer (generated), aroma" in said
    assert "of 7 words, proven" in said
    document = page.read_text("utf-8")
    assert "&lt;b&gt;" in document
    assert "<b> nice" not in document
    assert "🍺" in document
    assert "trained on: beer (generated), aroma" in document
    arrays = np.load(page.with_suffix(".npz"))
    assert arrays["mask"].shape == (1, 12)
    # "b" stands twice, inside the tags; padding is no part of the mask.
    assert not arrays["mask"][0, :5].any()


def test_an_empty_mask_says_why_and_what_to_set(text_model, tmp_path, capsys):
    model = load_model(text_model)
    conv = model.get_layer("conv")
    kernel, _ = conv.get_weights()
    conv.set_weights([0.01 * kernel, np.full(6, 5.0)])
    model.save(tmp_path / "biased.keras")
    shutil.copy(text_model.with_name("vocabulary.json"), tmp_path)
    words = ["explain", "--text", TEXT, "--model", str(tmp_path / "biased.keras")]
    cli.main([*words, "--set", "gamma=0.0", "--output", str(tmp_path / "page.html")])
    said = capsys.readouterr().out
    assert "smug: 0 of 7 words: the biases alone meet the demand" in said
    assert "the biases alone meet gamma=0: no word is needed; try --set gamma=0.5" in said


def test_a_set_that_the_network_does_not_confirm_is_no_proof(
    text_model, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(
        "smug.reviews.sufficient_words.confirm", lambda *_: Confirmation(sis=False, smallest=False)
    )
    words = ["explain", "--text", TEXT, "--model", str(text_model)]
    cli.main([*words, "--output", str(tmp_path / "page.html")])
    said = capsys.readouterr().out
    assert said.count("NOT confirmed by the network itself") == 2
    assert "proven" not in said


def test_sis_of_any_model_explains_a_text(text_model, tmp_path, capsys):
    words = ["explain", "--text", TEXT, "--model", str(text_model), "--method", "sis"]
    cli.main([*words, "--output", str(tmp_path / "page.html")])
    assert "\nsis: " in capsys.readouterr().out


def test_a_text_can_be_explained_by_any_method_and_its_end_counts(text_model, tmp_path, caplog):
    words = ["explain", "--text", "nice " * 20 + "malt", "--model", str(text_model)]
    cli.main([*words, "--method", "gradients", "--output", str(tmp_path / "x.html")])
    assert "only the last 12 words kept" in caplog.text
    assert "gradients" in (tmp_path / "x.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "one of IMAGE and --text"),
        (["{photo}", "--text", "nice"], "one of IMAGE and --text"),
        (["--text", ""], "empty"),
        (["--text", "zzz ???"], "none of its 2 words is in the vocabulary"),
        (["--text", "nice head", "--method", "lime"], "unknown method 'lime'"),
        (["--text", "nice head", "--set", "topk=3"], "Did you mean 'top_k'"),
        (["--text", "nice head", "--model", "nowhere.keras"], "rule train_text_cnn makes it"),
        (["--text", "nice head", "--model", "{model}"], "a text CNN has Embedding"),
    ],
)
def test_mistakes_about_texts_end_with_one_line(
    picture, model_file, text_model, tmp_path, monkeypatch, words, said
):
    monkeypatch.chdir(tmp_path)
    names = {"photo": picture, "model": model_file}
    model = [] if "--model" in words else ["--model", str(text_model)]
    with pytest.raises(SystemExit) as stop:
        cli.main(["explain", *model, *(word.format(**names) for word in words)])
    assert str(stop.value).startswith("smug: ")
    assert said in str(stop.value)
    assert not (tmp_path / "text.smug.html").exists()


def test_the_command_is_installed():
    result = subprocess.run(
        [sys.executable, "-m", "smug.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith("smug 0.")
