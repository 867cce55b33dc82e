"""Explanations in files, and what a map over words counts as evidence for the class explained."""

import dataclasses
import hashlib
import json

import keras
import ml_dtypes
import numpy as np
import pytest
from keras import layers

import smug
from smug.explanation import Explanation, side_by_side
from smug.io import plain
from smug.methods import METHODS, explain, method_settings, word_scores
from smug.models.networks import text_cnn
from smug.pipeline.explain import explain_shard


def made_by(method, values):
    tokens = np.ones(np.shape(values)[:2], np.int32)
    return Explanation(method, np.array(values), tokens, np.zeros(1, int), np.zeros(1))


VALUES = [[[3.0, -1.0], [-3.0, 1.0], [0.5, 0.5]]]


@pytest.mark.parametrize("method", [n for n, m in METHODS.items() if m.contributions])
def test_contributions_are_summed_first_and_evidence_against_counts_as_none(method):
    assert word_scores(made_by(method, VALUES)).tolist() == [[2.0, 0.0, 1.0]]


def test_gradients_count_by_magnitude_and_scores_of_words_stay():
    assert word_scores(made_by("gradients", VALUES)).tolist() == [[4.0, 4.0, 1.0]]
    assert word_scores(made_by("smug", [[0.5, 0.0]])).tolist() == [[0.5, 0.0]]


def test_the_map_of_a_review_holds_no_word_that_speaks_against_the_class():
    model = text_cnn.build(num_words=30, embedding=6, filters=9, max_words=14, seed=3)
    model.layers[0].set_weights([np.random.default_rng(0).normal(size=(30, 6))])
    classes = text_cnn.two_classes(model)
    tokens = np.random.default_rng(1).integers(1, 30, (1, 14)).astype(np.int32)
    method, settings = "integrated_gradients", {"steps": 50}
    made = explain(classes, tokens, method=method, **settings)
    shard = explain_shard(classes, tokens, made.target, np.array(["r"]), method, settings)
    summed = made.values.sum(axis=-1)
    assert (summed < 0).any()
    np.testing.assert_allclose(shard.maps, np.maximum(summed, 0), atol=1e-6)


IMAGES = np.random.default_rng(0).random((2, 8, 8, 3)).astype(np.float32)
NAMES = ("cat", "dog", "mug")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu", name="edges"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ],
        name="toy",
    )


@pytest.fixture(scope="module")
def made(model):
    return explain(model, IMAGES, class_names=NAMES, steps=8, top_k=10, gamma=0.3)


def assert_same(one, other):
    for field in dataclasses.fields(Explanation):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
        elif field.name == "solver":
            assert a.keys() == b.keys()
            for name, value in a.items():
                np.testing.assert_array_equal(value, b[name])
        else:
            assert a == b


def test_everything_comes_back_from_the_files(made, tmp_path):
    arrays, about = made.save(tmp_path / "x.npz")
    assert (arrays.name, about.name) == ("x.npz", "x.json")
    for name in ("x", "x.npz", "x.json"):
        assert_same(Explanation.load(tmp_path / name), made)


def test_the_record_says_what_is_needed_to_repeat_and_to_trust(model, made, tmp_path):
    content = json.loads(made.save(tmp_path / "x")[1].read_text("utf-8"))
    assert content["method"] == "smug"
    given = {"steps": 8, "top_k": 10, "gamma": 0.3}
    known = {name: s.default for name, s in method_settings("smug").items()}
    # A layer of 144 nodes, an image of fewer than 64 pixels a side.
    assert content["settings"] == known | {"window": 1} | given
    outputs = np.asarray(model(IMAGES))
    for i, said in enumerate(content["explained"]):
        assert said["target"] == outputs[i].argmax()
        assert said["class"] == NAMES[outputs[i].argmax()]
        assert said["score"] == pytest.approx(outputs[i].max(), rel=1e-5)
        assert said["kept"] == made.mask[i].mean()
        assert said["status"] == "optimal"
        assert said["objective"] == made.mask[i].sum()
        assert said["bound"] <= said["objective"]
        assert said["seconds"] > 0
    assert content["model"]["name"] == "toy"
    assert content["model"]["parameters"] == model.count_params()
    assert content["first_layer"] == {"name": "edges", "kind": "conv2d", "outputs": [6, 6, 4]}
    assert content["input"]["shape"] == [2, 8, 8, 3]
    assert content["versions"]["keras"] == keras.__version__
    assert {"smug", "tensorflow", "numpy"} <= {n for n, v in content["versions"].items() if v}
    assert content["arrays_sha256"] == hashlib.sha256((tmp_path / "x.npz").read_bytes()).hexdigest()


def test_the_hash_follows_the_weights(model, made):
    def hashed():
        return explain(model, IMAGES, method="gradients").record["model"]["weights_sha256"]

    assert hashed() == made.record["model"]["weights_sha256"]
    edges = model.get_layer("edges")
    before = edges.get_weights()
    try:
        edges.set_weights([before[0][:, ::-1], before[1]])
        assert hashed() != made.record["model"]["weights_sha256"]
    finally:
        edges.set_weights(before)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("gamma_0.1", "gamma_0.1"),
        ("a.b.c", "a.b.c"),
        ("photo.png", "photo.png"),
        ("run 1.5.npz", "run 1.5"),
        ("v2.json", "v2"),
        (".hidden", ".hidden"),
    ],
)
def test_a_dot_in_a_name_is_kept(made, tmp_path, name, written):
    made.save(tmp_path / name)
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {f"{written}.npz", f"{written}.json"}
    assert_same(Explanation.load(tmp_path / name), made)


def test_nothing_is_replaced_unasked(made, tmp_path):
    made.save(tmp_path / "x")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    other = dataclasses.replace(made, method="other")
    with pytest.raises(smug.SmugError, match=r"x\.npz exists; overwrite=True"):
        other.save(tmp_path / "x")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    other.save(tmp_path / "x", overwrite=True)
    assert Explanation.load(tmp_path / "x").method == "other"
    (tmp_path / "y.json").write_text("mine")
    with pytest.raises(smug.SmugError, match=r"y\.json exists"):
        made.save(tmp_path / "y")
    assert not (tmp_path / "y.npz").exists()


def test_a_path_without_a_name_is_refused(made):
    with pytest.raises(smug.SmugError, match="names no file"):
        made.save("")


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, np.float16])
def test_small_floats_come_back_as_numbers(made, tmp_path, dtype):
    score = np.array([0.5, 0.25], dtype)
    dataclasses.replace(made, score=score, values=made.values.astype(dtype)).save(tmp_path / "x")
    again = Explanation.load(tmp_path / "x")
    assert again.score.tolist() == [0.5, 0.25]
    assert again.values.dtype.kind == "f"
    np.testing.assert_array_equal(again.values, made.values.astype(dtype).astype(float))


def test_settings_of_any_numeric_kind_are_saved(model, tmp_path):
    made = explain(
        model,
        IMAGES,
        method="integrated_gradients",
        baseline="black",
        input_range=(IMAGES.min(), keras.ops.max(IMAGES)),
        steps=np.int64(5),
    )
    made.save(tmp_path / "x")
    settings = Explanation.load(tmp_path / "x").settings
    assert settings["input_range"] == [IMAGES.min(), IMAGES.max()]
    assert settings["steps"] == 5
    assert_same(Explanation.load(tmp_path / "x"), made)


def test_settings_that_a_method_finds_for_itself_are_told(model):
    made = explain(model, IMAGES, method="smug_base", steps=4)
    assert (made.settings["top_k"], made.settings["window"]) == (6 * 6 * 4, 1)
    again = explain(model, IMAGES, method="smug_base", **made.settings)
    np.testing.assert_array_equal(again.mask, made.mask)


def test_detail_chooses_nodes_and_windows_where_none_are_given():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((70, 84, 3)),
            layers.Conv2D(2, 3, strides=2, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    x = np.random.default_rng(0).random((1, 70, 84, 3)).astype(np.float32)

    def chosen(**settings):
        made = explain(model, x, method="smug_base", steps=2, **settings)
        return made.settings["top_k"], made.settings["window"]

    assert chosen() == chosen(detail="fine") == (34 * 41 * 2, 4)
    assert chosen(detail="coarse") == (100, 5)
    assert chosen(detail="coarse", top_k=7) == (7, 5)
    assert chosen(detail="coarse", window=2) == (100, 2)
    with pytest.raises(smug.SmugError, match="Did you mean 'coarse'"):
        chosen(detail="coarser")


def test_a_large_baseline_is_told_by_its_hash(model):
    baseline = np.broadcast_to(np.float32(0.5), (26, 8, 8, 3))[:2]
    made = explain(model, IMAGES, method="integrated_gradients", baseline=baseline, steps=4)
    assert np.shape(made.settings["baseline"]) == (2, 8, 8, 3)
    many = plain(np.zeros((40, 40), np.float32))
    digest = hashlib.sha256(bytes(4 * 40 * 40)).hexdigest()
    assert many == {"shape": [40, 40], "dtype": "float32", "sha256": digest}


def _foreign_arrays(folder):
    np.savez(folder / "x.npz", a=1)


def _foreign_record(folder):
    (folder / "x.json").write_text("[1]")


def _no_record(folder):
    (folder / "x.json").unlink()


def _damaged(folder):
    (folder / "x.npz").write_bytes((folder / "x.npz").read_bytes()[:-40])


def _of_another(folder):
    path = folder / "x.npz"
    arrays = dict(np.load(path))
    np.savez(path, **arrays | {"score": arrays["score"] + 1})


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (_foreign_arrays, r"x\.npz holds no saved explanation"),
        (_foreign_record, r"x\.json is no record of a saved explanation"),
        (_no_record, r"no file .*x\.json"),
        (_damaged, r"x\.npz is damaged"),
        (_of_another, r"x\.npz and .*x\.json were not written together"),
    ],
)
def test_a_wrong_or_foreign_file_is_named(made, tmp_path, harm, said):
    made.save(tmp_path / "x")
    harm(tmp_path)
    with pytest.raises(smug.SmugError, match=said):
        Explanation.load(tmp_path / "x")


@pytest.mark.parametrize("names", [("cat", "dog"), "cat", ("cat", "dog", 3)])
def test_class_names_must_fit_the_model(model, names):
    with pytest.raises(smug.SmugError, match=r"class.names"):
        explain(model, IMAGES, method="gradients", class_names=names)


def test_the_plot_names_the_class(made):
    axes = made.plot().axes
    assert [axis.get_title() for axis in axes[:3]] == ["input", "kept", "smug"]
    assert axes[0].get_xlabel() == f"{NAMES[made.target[0]]}\n{made.score[0]:.2f}"
    assert axes[1].get_xlabel() == f"{made.mask[0].mean():.1%}\nof the pixels"
    assert len(axes) == 6
    assert len(made.plot(max_rows=1).axes) == 3
    unnamed = dataclasses.replace(made, class_names=None)
    assert unnamed.plot().axes[0].get_xlabel().startswith(f"class {made.target[0]}\n")


def of(inputs, values, mask=None):
    inputs, values = np.asarray(inputs, np.float32), np.asarray(values, float)
    ones = np.ones(len(inputs))
    return Explanation("gradients", values, inputs, ones.astype(int), ones, mask)


RNG = np.random.default_rng(0)


@pytest.mark.parametrize("mask", [False, True])
def test_a_series_is_drawn_as_its_curves(mask):
    series = RNG.normal(size=(1, 20, 4))
    kept = np.arange(20) % 10 < 5
    made = of(
        series, RNG.normal(size=(1, 20) if mask else (1, 20, 4)), kept[None] if mask else None
    )
    above, below = made.plot().axes
    np.testing.assert_allclose([line.get_ydata() for line in above.lines], series[0].T, rtol=1e-6)
    assert len(below.patches) == 20
    expected = made.values[0] if mask else np.abs(made.values[0]).sum(axis=-1)
    np.testing.assert_allclose([bar.get_height() for bar in below.patches], expected)
    shaded = [(span.get_x(), span.get_width()) for span in above.patches]
    assert shaded == ([(-0.5, 5.0), (9.5, 5.0)] if mask else [])


def test_a_table_is_drawn_as_bars_of_its_features():
    made = of([[0.5, -2.0, 3.0]], [[0.1, -0.7, 0.2]], np.array([[True, False, True]]))
    (axis,) = made.plot().axes
    assert [bar.get_width() for bar in axis.patches] == [-0.7, 0.2, 0.1]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["1 = -2", "2 = 3", "0 = 0.5"]
    assert [bar.get_alpha() for bar in axis.patches] == [0.35, 1.0, 1.0]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_images_of_any_number_of_channels_are_drawn(channels):
    images = RNG.random((1, 12, 10, channels))
    made = of(images, RNG.random((1, 12, 10)))
    shown = made.plot().axes[0].images[0].get_array()
    expected = images[0] if channels == 3 else images[0].mean(axis=-1, keepdims=True)
    expected = (expected - expected.min()) / np.ptp(expected)
    np.testing.assert_allclose(shown, np.broadcast_to(expected, (12, 10, 3)), atol=1e-6)


def test_what_cannot_be_drawn_is_said():
    with pytest.raises(smug.SmugError, match=r"inputs of shape \(4, 5, 6, 1\)"):
        of(RNG.random((1, 4, 5, 6, 1)), RNG.random((1, 4, 5, 6, 1))).plot()


def test_methods_stand_side_by_side(made):
    other = dataclasses.replace(made, method="integrated_gradients", mask=None)
    titles = [axis.get_title() for axis in side_by_side([made, other]).axes]
    assert titles[:4] == ["input", "smug: kept", "smug", "integrated\ngradients"]
    with pytest.raises(smug.SmugError, match="different inputs"):
        side_by_side([made, dataclasses.replace(other, inputs=other.inputs[::-1])])
    with pytest.raises(smug.SmugError, match="no explanation"):
        side_by_side([])
