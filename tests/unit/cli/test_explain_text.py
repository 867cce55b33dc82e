import shutil

import numpy as np
import pytest

from smug import cli
from smug.methods import METHODS
from smug.models.registry import load_model
from smug.reviews.sufficient_words import Confirmation

TEXT = "<b> nice </b> head & dull nose 🍺 of malt"

#: Needs of methods that a text CNN does not meet.
UNMET = {"images", METHODS["robust"].needs[0]}


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


@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
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


@pytest.mark.parametrize("method", METHODS)
def test_every_method_answers_for_a_text_or_says_why_not(text_model, tmp_path, capsys, method):
    words = ["explain", "--text", TEXT, "--model", str(text_model), "--method", method]
    words += ["--output-dir", str(tmp_path)]
    suits = UNMET.isdisjoint(METHODS[method].needs)
    if suits:
        cli.main(words)
        assert capsys.readouterr().out.startswith("prediction: ")
        names = {path.name for path in tmp_path.iterdir()}
        assert names == {f"text.{method}.{ending}" for ending in ("html", "npz", "json")}
    else:
        with pytest.raises(SystemExit, match=r"^smug: "):
            cli.main(words)
        assert list(tmp_path.iterdir()) == []


def test_all_methods_stand_on_one_page(text_model, tmp_path, capsys):
    words = ["explain", "--text", "nice head", "--model", str(text_model), "--method", "all"]
    cli.main([*words, "--output-dir", str(tmp_path)])
    said = capsys.readouterr().out
    assert "gradcam: left out: " in said
    page = (tmp_path / "text.methods.html").read_text("utf-8")
    for method in METHODS:
        answers = UNMET.isdisjoint(METHODS[method].needs)
        assert (f"<h3>{method}</h3>" in page) == answers
        assert (tmp_path / f"text.methods.{method}.npz").exists() == answers


def test_a_page_is_not_replaced_unasked(text_model, tmp_path):
    words = ["explain", "--text", "nice head", "--model", str(text_model), "--method", "gradients"]
    words += ["--output", str(tmp_path / "x.html")]
    cli.main(words)
    with pytest.raises(SystemExit, match=r"x\.html exists; --overwrite replaces it"):
        cli.main(words)
    cli.main([*words, "--overwrite"])
