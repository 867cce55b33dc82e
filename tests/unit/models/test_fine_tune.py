import json
import os
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import smug
from smug.datasets.imagenet import training_records, validation_records
from smug.errors import SmugError
from smug.jobs import config, home
from smug.jobs.settings.models import BASES
from smug.models import fine_tune
from smug.models.imports import IMPORTS
from smug.models.preprocessing import CENTRED, Preprocessing
from smug.models.registry import load_model

SIZE = (24, 24)
SYNSETS = ("n1", "n2", "n3")


def picture(path, label, rng):
    """Noise in which one colour, that of the class, is brighter."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = rng.integers(0, 100, (30, 36, 3), np.uint8)
    pixels[..., label] += 120
    Image.fromarray(pixels).save(path, quality=95)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A CLS-LOC tree: 5 training and 3 validation images of each of three classes."""
    root, rng = tmp_path_factory.mktemp("imagenet"), np.random.default_rng(0)
    images = root / "ILSVRC/Data/CLS-LOC"
    lines = ["ImageId,PredictionString"]
    for label, synset in enumerate(SYNSETS):
        for i in range(5):
            picture(images / f"train/{synset}/{synset}_{i}.JPEG", label, rng)
        for i in range(3):
            picture(images / f"val/v{label}{i}.JPEG", label, rng)
            lines.append(f"v{label}{i},{synset} 1 1 8 8")
    (root / "LOC_synset_mapping.txt").write_text("n1 red\nn2 green\nn3 blue\n")
    (root / "LOC_val_solution.csv").write_text("\n".join(lines) + "\n")
    return root


def scratch():
    return fine_tune.build(3, filters=(8, 8), size=SIZE, learning_rate=0.1)


def run(root, backup, epochs, build=scratch, images=15, **settings):
    settings = {"about": {}, "batch_size": 4, "seed": 1} | settings
    training, validation = training_records(root)[0][:images], validation_records(root)[0]
    return fine_tune.train(build, training, validation, backup, epochs=epochs, **settings)


@pytest.fixture(scope="module")
def unbroken(root, tmp_path_factory):
    """Three epochs in one go."""
    return run(root, tmp_path_factory.mktemp("unbroken"), 3)


def test_it_learns_the_classes_of_the_folder(root, unbroken):
    model, history, unreadable = unbroken
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert history[-1]["val_loss"] < history[0]["val_loss"]
    assert history[-1]["val_accuracy"] == 1.0
    assert unreadable == set()
    # Measured by Keras, in one batch.
    images, labels = next(iter(fine_tune.batches(validation_records(root)[0], 9, size=SIZE)))
    assert images.shape == (9, *SIZE, 3)
    loss, accuracy = model.evaluate(images, labels, verbose=0)
    assert history[-1]["val_loss"] == pytest.approx(loss, rel=1e-4)
    assert accuracy == 1.0


CHILD = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from tests.unit.models.test_fine_tune import run
run(Path({root!r}), Path({backup!r}), 1000)
"""


def test_a_killed_run_goes_on_and_ends_where_an_unbroken_one_does(root, unbroken, tmp_path, capsys):
    words = {"tests": str(home.HOME), "root": str(root), "backup": str(tmp_path)}
    child = subprocess.Popen([sys.executable, "-c", CHILD.format(**words)])
    try:
        waited = time.monotonic() + 300
        while not list(tmp_path.glob("epoch-*.weights.h5")) and time.monotonic() < waited:
            assert child.poll() is None
            time.sleep(0.01)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    done = max(int(path.name[6:11]) for path in tmp_path.glob("epoch-*.weights.h5"))
    assert 1 <= done < 3
    model, history, _ = run(root, tmp_path, 3)
    said = capsys.readouterr().out
    assert f"going on after epoch {done}" in said
    trained = [int(word.split(",")[0]) for word in said.split("epoch ")[2:]]
    assert trained == list(range(done + 1, 4))
    assert [row["epoch"] for row in history] == [1, 2, 3]
    np.testing.assert_allclose(history[-1]["val_loss"], unbroken[1][-1]["val_loss"], rtol=1e-3)
    for found, expected in zip(model.get_weights(), unbroken[0].get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_a_backup_of_other_settings_is_dropped(root, tmp_path, capsys):
    run(root, tmp_path, 1, about={"learning_rate": 1})
    _, history, _ = run(root, tmp_path, 1, about={"learning_rate": 2})
    assert "other settings" in capsys.readouterr().out
    assert len(history) == 1
    (tmp_path / "epoch-00001.weights.h5").write_bytes(b"half")
    with pytest.raises(SmugError, match=r"epoch-00001\.weights\.h5 is damaged"):
        run(root, tmp_path, 2, about={"learning_rate": 2})


def test_order_and_changes_of_an_epoch_follow_from_its_seed_alone(root):
    records = training_records(root)[0]

    def epoch(seed, augment=0.2):
        data = fine_tune.batches(records, 4, size=SIZE, seed=seed, augment=augment)
        parts = list(data.as_numpy_iterator())
        return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])

    first, labels = epoch((3, 0))
    again, _ = epoch((3, 0))
    np.testing.assert_array_equal(first, again)
    _, other_labels = epoch((3, 1))
    assert (labels != other_labels).any()
    assert sorted(labels) == sorted(other_labels) == [0] * 5 + [1] * 5 + [2] * 5
    plain, plain_labels = epoch((3, 0), augment=0)
    np.testing.assert_array_equal(plain_labels, labels)
    assert (np.abs(first - plain).max(axis=(1, 2, 3)) > 0.1).all()
    assert first.min() >= -1.0001
    assert first.max() <= 1.0001


def test_unreadable_images_are_left_out_and_named(root, tmp_path, capsys):
    records = training_records(root)[0]
    bad = tmp_path / "bad.JPEG"
    bad.write_text("no image")
    records[3] = fine_tune.ImageRecord("bad", bad, 0)
    unreadable = set()
    for _ in range(2):
        data = fine_tune.batches(records, 4, size=SIZE, unreadable=unreadable)
        assert sum(len(labels) for _, labels in data) == 14
    assert unreadable == {"bad"}
    assert capsys.readouterr().err.count("bad.JPEG is not a readable image") == 1
    with pytest.raises(SmugError, match="1 training images give no batch"):
        fine_tune.train(
            scratch, records[3:4], records[:3], tmp_path / "b", about={}, epochs=1, batch_size=4
        )


def base(size=SIZE):
    """A small trained network on BGR pixels minus a mean colour, as Caffe's are."""
    keras.utils.set_random_seed(5)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((*size, 3), name="bgr"),
            layers.Conv2D(5, 3, 2, "same", use_bias=False, name="conv"),
            layers.BatchNormalization(name="bn"),
            layers.ReLU(name="relu"),
            layers.Conv2D(6, 3, 2, "same", activation="relu", name="conv_2"),
            layers.GlobalAveragePooling2D(name="pool"),
            layers.Dense(7, activation="softmax", name="predictions"),
        ]
    )
    model.layers[1].set_weights(
        [np.full(5, 2.0), np.full(5, 0.5), np.full(5, 10.0), np.full(5, 900.0)]
    )
    return model


CAFFE = Preprocessing(SIZE, (104.0, 117.0, 123.0), (1.0, 2.0, 1.0), "bgr")


def headed(freeze=True):
    return fine_tune.build(
        3, base=base(), base_preprocessing=CAFFE, freeze=freeze, size=SIZE, learning_rate=0.05
    )


def test_a_new_head_sees_the_features_that_the_base_computes():
    original, model = base(), headed()
    pixels = np.random.default_rng(0).integers(0, 256, (4, *SIZE, 3), np.uint8)
    expected = keras.Model(original.inputs[0], original.layers[-1].input)(CAFFE(pixels))
    found = keras.Model(model.inputs[0], model.layers[-1].input)(CENTRED(pixels))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
    assert model.output_shape == (None, 3)


def test_a_frozen_base_stays_and_a_free_one_moves(root, tmp_path):
    before = headed().get_weights()
    frozen, _, _ = run(root, tmp_path / "a", 2, build=headed, augment=0.0)
    free, _, _ = run(root, tmp_path / "b", 1, build=lambda: headed(freeze=False))
    changed = [
        [bool((now != old).any()) for now, old in zip(model.get_weights(), before, strict=True)]
        for model in (frozen, free)
    ]
    assert changed[0] == [False] * 7 + [True] * 2
    assert all(changed[1])
    frozen.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    x = CENTRED(np.random.default_rng(0).integers(0, 256, (2, *SIZE, 3), np.uint8))
    np.testing.assert_allclose(loaded(x), frozen(x), rtol=1e-5)
    # The adapting layers do not hide the first convolution from SMUG, nor the last from GradCAM.
    explanation = smug.explain(loaded, x, top_k=20, window=4, steps=8)
    assert [status == "optimal" for status in explanation.solver["status"]] == [True, True]
    assert smug.explain(loaded, x, method="gradcam").values.shape[1:3] == SIZE


def test_a_base_works_at_another_size():
    model = fine_tune.build(3, base=base((32, 32)), size=SIZE)
    kernels = [weight for weight in model.get_weights() if weight.ndim == 4]
    np.testing.assert_array_equal(kernels[0], base().get_weights()[0])
    assert model.input_shape == (None, *SIZE, 3)


def test_a_base_without_a_classifier_is_refused():
    with pytest.raises(SmugError, match="ends with GlobalAveragePooling2D 'pool'"):
        fine_tune.build(3, base=keras.Sequential(base().layers[:-1]))


TWO_DEVICES = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
import numpy as np
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from tests.unit.models.test_fine_tune import headed, run
model, history, _ = run(
    Path({root!r}), Path({backup!r}), 2, build=headed, augment=0.0, images=12, batch_size=6,
    devices=["CPU:0", "CPU:1"],
)
np.savez({result!r}, *model.get_weights(), loss=[row["val_loss"] for row in history])
"""


def test_two_devices_share_batches_and_find_the_weights_of_one(root, tmp_path):
    result = tmp_path / "weights.npz"
    words = {"tests": home.HOME, "root": root, "backup": tmp_path / "two", "result": result}
    code = TWO_DEVICES.format(**{name: str(path) for name, path in words.items()})
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert child.returncode == 0, child.stderr
    one, history, _ = run(
        root, tmp_path / "one", 2, build=headed, augment=0.0, images=12, batch_size=6
    )
    with np.load(result) as two:
        np.testing.assert_allclose(two["loss"], [row["val_loss"] for row in history], rtol=1e-5)
        for i, weight in enumerate(one.get_weights()):
            np.testing.assert_allclose(two[f"arr_{i}"], weight, rtol=1e-5, atol=1e-6)


def test_bases_are_the_imported_networks_that_end_in_a_dense_classifier():
    ends = {name: known.build().layers[-1] for name, known in IMPORTS.items()}
    assert set(BASES) == {name for name, end in ends.items() if isinstance(end, keras.layers.Dense)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("imagenet:model.base=resnet5", "Did you mean 'resnet50'"),
        (
            "imagenet:model.base=null imagenet:model.weights=x",
            "name the base",
        ),
        ("imagenet:model.weights=random", "set model.freeze=false"),
        ("imagenet:model.augment=1", r"outside \[0, 1\)"),
        ("imagenet:model.base=null imagenet:model.filters=[]", "convolution"),
    ],
)
def test_settings_that_do_not_fit_are_named(text, said):
    with pytest.raises(SmugError, match=said):
        config.check_overrides(config.parse_overrides(f"imagenet:model=imagenet_cnn {text}"))


def test_the_stage_writes_a_network_that_the_workflow_can_explain(root, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(home.HOME / "src")}
    words = [
        *("dataset=imagenet", "model=imagenet_cnn", f"model.root={root}", "model.base=null"),
        *("model.filters=[4]", "model.epochs=1", "model.batch_size=8"),
        *(f"io.{name}={tmp_path}/{name}" for name in ("history", "metrics", "record")),
        f"io.model={tmp_path}/model.keras",
    ]
    command = [sys.executable, "-m", "smug.stages.train_imagenet_cnn", *words]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    metrics = json.loads((tmp_path / "metrics").read_text())
    assert (metrics["train_inputs"], metrics["test_inputs"]) == (15, 9)
    assert 0 <= metrics["test_accuracy"] <= 1
    assert pd.read_csv(tmp_path / "history")["epoch"].tolist() == [1]
    assert not (tmp_path / "backup").exists()
    model = load_model(tmp_path / "model.keras")
    assert (model.input_shape, model.output_shape) == ((None, *CENTRED.size, 3), (None, 3))
