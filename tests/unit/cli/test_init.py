"""A configuration guessed from data and a network."""

import re

import keras
import numpy as np
import pytest
import yaml
from keras import layers
from PIL import Image

from smug import cli
from smug.jobs import config
from smug.jobs.overrides import parse_overrides


def save(folder, shape, *parts, outputs=2):
    keras.utils.set_random_seed(0)
    folder.mkdir(exist_ok=True)
    last = layers.Dense(outputs, activation="softmax")
    keras.Sequential([keras.Input(shape), *parts, last]).save(folder / "net.keras")


def table(folder, text="a,b,c,label\n1,2,3,no\n4,5,6,yes\n"):
    (folder / "rows.csv").write_text(text)


def images(folder, classes=("cat", "dog"), size=(20, 10)):
    for name in classes:
        (folder / name).mkdir(parents=True)
        Image.new("L", size).save(folder / name / "1.png")


def written(folder, capsys, *words):
    cli.main(["init", str(folder), *words])
    said = capsys.readouterr().out
    path = folder / "smug.yaml"
    given = parse_overrides(f"settings='{path}'")
    config.check_overrides(given)
    name = yaml.safe_load(path.read_text())["all"]["workflow"]["run"]
    return config.compose(name, given), said


def test_a_table_is_guessed_from_a_csv_and_a_dense_network(tmp_path, capsys):
    folder = tmp_path / "My Data"
    save(folder, (3,), layers.Dense(8, activation="relu"))
    table(folder)
    made, said = written(folder, capsys)
    assert made["dataset"]["name"] == made["workflow"]["run"] == "my_data"
    assert (made["dataset"]["kind"], made["dataset"]["explained"]) == ("table", 2)
    assert made["dataset"]["root"] == str(folder / "rows.csv")
    # Half of the nodes of a dense layer; a third of these for the sweep beside it.
    assert made["method"]["top_k"] == 4
    assert made["grid"]["top_k"] == [1, 4]
    assert "method.top_k = 4  (a share of the first layer's 8 nodes (dense))" in said
    # The folder's name holds a space.
    assert f"--config override=\"settings='{folder / 'smug.yaml'}'\"\n" in said


def test_images_of_folders_are_guessed_in_grey(tmp_path, capsys):
    images(tmp_path / "pictures")
    save(tmp_path, (112, 112, 1), layers.Conv2D(2, 3, strides=2), layers.Flatten())
    made, _ = written(tmp_path, capsys, "--name", "scans")
    dataset = made["dataset"]
    assert (dataset["name"], dataset["kind"], dataset["colour"]) == ("scans", "images", False)
    assert dataset["root"] == str(tmp_path / "pictures")
    # The paper's window; a tenth of 55 x 55 x 2 nodes.
    assert (made["method"]["window"], made["method"]["top_k"]) == (4, 605)
    assert made["model"]["preprocessing"] == "auto"


def test_photographs_without_a_network_get_one_that_comes_with_imagenet_weights(tmp_path, capsys):
    folder = tmp_path / "holiday"
    images(folder, classes=("tabby", "golden_retriever", "Aunt Ida"))
    made, said = written(folder, capsys)
    assert made["model"]["name"] == "efficientnet_lite0"
    assert "model = efficientnet_lite0  (comes trained on ImageNet, " in said
    assert "; or squeezenet, or model.file=<your network>)" in said
    assert (
        "dataset.selection = all  (classes of ImageNet: tabby; not of ImageNet, and count as no "
        "label: Aunt Ida, golden_retriever (golden retriever?); correct needs labels that are)"
    ) in said
    assert (made["dataset"]["root"], made["dataset"]["explained"]) == (str(folder), 3)
    # The paper's k and window; batches, patches and levels as for the papers' photographs.
    assert (made["method"]["top_k"], made["method"]["window"]) == (3000, 4)
    assert made["timing"]["top_k"] == made["grid"]["top_k"] == [1000, 3000]
    assert made["attribution"]["batch_size"] == 10
    assert (made["comparison"]["patch"], made["sanity"]["levels"]) == (28, 3)


def test_a_network_with_imagenet_weights_is_named_for_a_table_of_paths(tmp_path, capsys):
    images(tmp_path / "some")
    (tmp_path / "list.csv").write_text("path\nsome/cat/1.png\nsome/dog/1.png\n")
    made, said = written(tmp_path, capsys, "--name", "some", "--model", "squeezenet")
    assert (made["model"]["name"], made["method"]["top_k"]) == ("squeezenet", 3000)
    assert "(no labels; the predicted class is explained)" in said
    assert "; or efficientnet_lite0, or model.file" in said


def test_series_are_guessed_from_arrays(tmp_path, capsys):
    save(tmp_path, (100, 1), layers.Conv1D(4, 5), layers.Flatten())
    np.savez(tmp_path / "x.npz", x=np.zeros((3, 100)), label=[0, 1, 0])
    made, _ = written(tmp_path, capsys, "--name", "waves")
    assert (made["dataset"]["kind"], made["method"]["window"]) == ("series", 2)
    assert made["method"]["top_k"] == 38


def test_texts_are_guessed_with_their_vocabulary(tmp_path, capsys):
    embedding = layers.Embedding(5, 2)
    save(tmp_path, (6,), embedding, layers.Conv1D(4, 3), layers.GlobalMaxPooling1D())
    (tmp_path / "t.csv").write_text("text,label\na b,0\nb,1\n")
    (tmp_path / "vocabulary.txt").write_text("\n[UNK]\na\nb")
    made, _ = written(tmp_path, capsys, "--name", "notes")
    assert made["dataset"]["kind"] == "texts"
    assert made["model"]["vocabulary"] == str(tmp_path / "vocabulary.txt")
    assert made["method"]["window"] == 1


@pytest.mark.parametrize(
    ("prepare", "words", "said"),
    [
        (lambda folder: None, (), r"holds 0 files of networks \(none of .keras, .h5, .onnx\)"),
        (lambda folder: (folder / "smug.yaml").touch(), (), "smug.yaml exists; --overwrite"),
        (
            lambda folder: (table(folder), (folder / "x.npz").touch(), save(folder, (3,))),
            (),
            r"several files of data \(rows.csv, x.npz\); name one: --inputs",
        ),
        (
            lambda folder: (table(folder), save(folder, (5,))),
            (),
            r"inputs of shape \(3,\): a, b, c; the network takes \(5,\)",
        ),
        (
            lambda folder: (table(folder), save(folder, (3,), outputs=4)),
            (),
            "labels are of 2 classes",
        ),
        (lambda folder: None, ("--name", "texts"), "texts: is a word of the project's own"),
        (lambda folder: None, ("--name", "mnist"), "mnist: is a word of the project's own"),
        (
            lambda folder: (
                (folder / "t.csv").write_text("text,label\na b,0\n"),
                save(folder, (3,), layers.Embedding(5, 2), layers.Flatten()),
            ),
            (),
            r"holds no list of words \(vocabulary.txt or vocabulary.json\)",
        ),
        (lambda folder: table(folder), ("--model", "net.onnx"), "no file net.onnx"),
        (lambda folder: table(folder), (), r"holds 0 files of networks \(none of .keras"),
        (lambda folder: images(folder / "a"), ("--kind", "series"), "holds 0 files of networks"),
        (
            lambda folder: table(folder),
            ("--model", "squeezenet"),
            "squeezenet explains images, and .*rows.csv holds table; --model names another",
        ),
        (lambda folder: save(folder, (4, 4, 3), layers.Flatten()), (), "no image in"),
    ],
)
def test_what_cannot_be_guessed_is_named(tmp_path, capsys, prepare, words, said):
    prepare(tmp_path)
    with pytest.raises(SystemExit) as ended:
        cli.main(["init", str(tmp_path), *words])
    assert str(ended.value).startswith("smug: ")
    assert re.search(said, str(ended.value)), ended.value


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SystemExit, match=r"no folder .*nowhere"):
        cli.main(["init", str(tmp_path / "nowhere")])
