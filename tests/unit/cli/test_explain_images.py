import hashlib
import os
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import smug
from smug import cli
from smug.methods import METHODS


def test_an_image_is_explained(picture, model_file, capsys):
    words = ["explain", str(picture), "--model", str(model_file), "--set", "top_k=50"]
    cli.main([*words, "--set", "window=2", "--set", "steps=8"])
    said = capsys.readouterr().out
    assert "prediction: class" in said
    assert "input: (pixel - 0) / 255; nothing before layer" in said
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
    ("words", "said"),
    [
        (["{missing}"], "missing.png"),
        (
            ["{photo}", "--model", "nowhere.keras"],
            "no model file nowhere.keras; give a .keras, .h5 or .onnx file, a SavedModel folder, "
            "or efficientnet_lite0 or squeezenet",
        ),
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


@pytest.mark.parametrize("method", METHODS)
def test_every_method_explains_an_image_or_says_why_not(picture, model_file, capsys, method):
    words = ["explain", str(picture), "--model", str(model_file), "--method", method]
    if method == "robust":
        words += ["--set", "time_limit=2"]
    cli.main(words)
    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith("prediction: class ")
    assert any(line.startswith(f"{method}: keeps ") for line in said) == METHODS[method].mask
    made = smug.Explanation.load(picture.with_name(f"photo.{method}"))
    assert made.method == method
    if "kept_score" in made.solver:
        kept, removed = made.solver["kept_score"][0], made.solver["removed_score"][0]
        told = f"the network's score is {kept:.3f} on it alone, {removed:.3f} without it"
        assert any(told in line for line in said)
    assert picture.with_name(f"photo.{method}.png").exists()


def test_the_model_gets_the_pixels_and_the_record_says_how(picture, tmp_path):
    inputs = keras.Input((30, 40, 3))
    x = keras.layers.Conv2D(4, 3)(keras.applications.mobilenet_v2.preprocess_input(inputs))
    outputs = keras.layers.Dense(3, activation="softmax")(keras.layers.GlobalMaxPooling2D()(x))
    model = keras.Model(inputs, outputs)
    model.save(tmp_path / "m.keras")
    (tmp_path / "names.txt").write_text("cat\ndog\nmug\n")
    words = ["explain", str(picture), "--model", str(tmp_path / "m.keras"), "--method", "gradcam"]
    cli.main([*words, "--labels", str(tmp_path / "names.txt")])
    made = smug.Explanation.load(picture.with_name("photo.gradcam"))
    pixels = np.asarray(Image.open(picture))
    np.testing.assert_array_equal(made.inputs[0], pixels)
    expected = np.asarray(model(pixels[None].astype(np.float32)))[0]
    assert made.target[0] == expected.argmax()
    assert made.score[0] == pytest.approx(expected.max(), rel=1e-5)
    assert made.class_name(0) == ("cat", "dog", "mug")[expected.argmax()]
    said = made.record["input"]
    assert said["file"] == str(picture)
    assert said["file_sha256"] == hashlib.sha256(picture.read_bytes()).hexdigest()
    assert (said["mean"], said["scale"], said["size"]) == ([0.0] * 3, [1.0] * 3, [30, 40])
    assert made.record["model"]["file"] == str(tmp_path / "m.keras")


def test_a_photograph_from_a_phone_is_turned_upright(picture, model_file):
    exif = Image.Exif()
    exif[0x0112] = 6
    phone = picture.with_name("phone.png")
    Image.open(picture).transpose(Image.Transpose.ROTATE_90).save(phone, exif=exif)
    for path in (picture, phone):
        cli.main(["explain", str(path), "--model", str(model_file), "--method", "gradients"])
    upright, turned = (
        smug.Explanation.load(path.with_name(f"{path.stem}.gradients")) for path in (picture, phone)
    )
    np.testing.assert_array_equal(turned.inputs, upright.inputs)


def test_results_of_other_methods_stay_and_none_is_replaced_unasked(picture, model_file):
    words = ["explain", str(picture), "--model", str(model_file), "--method"]
    cli.main([*words, "gradients"])
    before = {path: path.read_bytes() for path in picture.parent.glob("photo.gradients.*")}
    assert len(before) == 3
    cli.main([*words, "gradcam"])
    with pytest.raises(SystemExit, match=r"photo\.gradients\.png exists; --overwrite"):
        cli.main([*words, "gradients"])
    assert {path: path.read_bytes() for path in before} == before
    cli.main([*words, "gradients", "--overwrite", "--target", "1"])
    assert smug.Explanation.load(picture.with_name("photo.gradients")).target.tolist() == [1]


def test_methods_side_by_side_and_a_method_alone_have_their_own_files(picture, model_file):
    words = ["explain", str(picture), "--model", str(model_file), "--method"]
    for methods in ("gradients,gradcam", "gradients", "gradcam"):
        cli.main([*words, methods])
        with pytest.raises(SystemExit, match=r"photo\.(methods|gradients|gradcam)\.png exists"):
            cli.main([*words, methods])
    with pytest.raises(SystemExit, match=r"photo\.methods\.png exists; --overwrite replaces it"):
        cli.main([*words, "gradients,image_sis"])
    assert len({path.name for path in picture.parent.glob("photo.*")}) == 1 + 5 + 3 + 3


def test_many_images_are_explained_and_a_bad_one_is_reported(picture, model_file, tmp_path, capsys):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name, shift in (("a.png", 0), ("a.jpg", 5), ("c.png", 9)):
        pixels = np.roll(np.asarray(Image.open(picture)), shift, axis=1)
        Image.fromarray(pixels).save(folder / name)
    (folder / "bad.png").write_bytes(b"no image")
    (folder / "notes.txt").write_text("no image")
    words = ["explain", str(folder), str(picture), str(tmp_path / "missing.png")]
    words += ["--model", str(model_file), "--method", "smug,gradients", "--set", "steps=8"]
    with pytest.raises(SystemExit) as stop:
        cli.main([*words, "--set", "top_k=20", "--output-dir", str(out)])
    assert stop.value.code == 1
    said = capsys.readouterr().err
    assert "bad.png" in said
    assert "missing.png" in said
    table = pd.read_csv(out / "explained.csv")
    good = table[table.error.isna()]
    assert len(good) == 8
    assert sorted(table[table.error.notna()].image.map(os.path.basename)) == [
        "bad.png",
        "missing.png",
    ]
    for row in good.rename(columns={"class": "target"}).itertuples():
        made = smug.Explanation.load(row.arrays)
        assert made.record["input"]["file"] == row.image
        assert (made.method, made.target[0]) == (row.method, row.target)
        assert made.score[0] == pytest.approx(row.score)
        assert os.path.exists(row.picture)
        if row.method == "smug":
            assert made.mask.mean() == pytest.approx(row.kept)
            assert made.solver["objective"][0] == row.objective
            assert row.status == "optimal"
    files = {path.name for path in out.iterdir()}
    assert {"a.png.methods.png", "a.jpg.methods.png", "c.methods.png"} <= files
    assert "photo.methods.smug.npz" in files


def test_pictures_of_ours_in_a_folder_are_no_inputs(picture, model_file):
    words = ["explain", str(picture.parent), "--model", str(model_file), "--method", "gradients"]
    cli.main(words)
    cli.main([*words, "--overwrite"])
    assert pd.read_csv(picture.with_name("explained.csv")).image.tolist() == [str(picture)]
    assert not picture.with_name("photo.gradients.gradients.png").exists()


def test_all_methods_stand_side_by_side_and_those_that_do_not_suit_are_left_out(tmp_path, capsys):
    pixels = np.random.default_rng(0).integers(0, 256, (65, 64, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    model = keras.Sequential(
        [
            keras.Input((65, 64, 3)),
            keras.layers.Conv2D(4, 3, strides=4, activation="relu"),
            keras.layers.GlobalMaxPooling2D(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.save(tmp_path / "m.keras")
    words = ["explain", str(tmp_path / "photo.png"), "--model", str(tmp_path / "m.keras")]
    few = ["steps=4", "points=2", "time_limit=2"]
    cli.main([*words, "--method", "all", *(f"--set={setting}" for setting in few)])
    said = capsys.readouterr().out
    # 4160 pixels are more than SIS takes.
    assert "sis: left out: " in said
    arrays = {path.name.split(".")[2] for path in tmp_path.glob("photo.methods.*.npz")}
    assert arrays == set(METHODS) - {"sis"}
    assert (tmp_path / "photo.methods.png").exists()
    with pytest.raises(SystemExit) as stop:
        cli.main([*words, "--method", "sis,gradients", "--output-dir", str(tmp_path / "b")])
    assert stop.value.code == 1


@pytest.mark.parametrize("ending", ["png", "pdf", "svg"])
def test_the_picture_has_the_format_of_its_name(picture, model_file, ending):
    words = ["explain", str(picture), "--model", str(model_file), "--method", "gradients"]
    path = picture.with_name(f"x.{ending}")
    cli.main([*words, "--output", str(path)])
    begins = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[ending]
    assert path.read_bytes().startswith(begins)


@pytest.mark.parametrize(
    "words",
    [
        ["--output", "result"],
        ["--output", "r.foo"],
        ["--scale", "0"],
        ["--labels", "{photo}"],
        ["--method", "gradients,lime"],
    ],
)
def test_more_mistakes_end_with_one_line(picture, model_file, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    words = [word.format(photo=picture) for word in words]
    before = set(tmp_path.rglob("*"))
    with pytest.raises(SystemExit) as stop:
        cli.main(["explain", str(picture), "--model", str(model_file), *words])
    assert str(stop.value).startswith("smug: ")
    assert "\n" not in str(stop.value)
    assert set(tmp_path.rglob("*")) == before


def test_a_name_of_foreign_bytes_is_no_obstacle(picture, model_file):
    foreign = Path(os.fsdecode(os.fsencode(picture.parent) + b"/ph\xe9.png"))
    try:
        picture.rename(foreign)
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    words = ["explain", str(foreign.parent), "--model", str(model_file), "--method", "gradients"]
    cli.main(words)
    made = smug.Explanation.load(foreign.with_name(f"{foreign.stem}.gradients"))
    assert made.record["input"]["file"] == str(foreign)
    assert "ph\\udce9.png" in pd.read_csv(foreign.with_name("explained.csv")).image[0]
