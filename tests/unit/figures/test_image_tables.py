import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from smug.figures.ig_baselines import dark_and_bright
from smug.figures.image_lsc import (
    PAPER,
    counted,
    image_lsc,
    image_lsc_of_networks,
    printed,
)
from smug.figures.two_cats import two_cats, two_cats_table
from smug.metrics.boxes import opt_box
from smug.metrics.images import MethodMaps, ScoredImages, score_boxes, score_maps
from smug.metrics.lsc import map_lsc
from smug.pipeline.results import as_table
from smug.pipeline.two_cats import compose_cats, demo_cat, explain_two_cats


def scores(values, metric="lsc", **columns):
    """Result rows: method -> value of each image."""
    return as_table(
        [
            {"image": str(i), "method": method, "metric": metric, "value": value, **columns}
            for method, row in values.items()
            for i, value in enumerate(row)
        ]
    )


LSC = {
    "smug": [-1.0, -2.0, 0.5, -1.0],
    "gradcam": [0.0, -3.0, 0.2, np.nan],
    "gradients": [-9.0, -9.0, -9.0, -9.0],
    "opt_box": [-9.0] * 4,
}


def test_table_one_counts_wins_among_the_papers_methods():
    table = image_lsc(scores(LSC)).set_index("method")
    assert table.loc["SMUG", "win"] == pytest.approx(50.0)
    assert np.isnan(table.loc["OptBox", "win"])
    assert np.isnan(table.loc["gradients", "win"])
    assert table.loc["gradients", "win_all"] == pytest.approx(100.0)
    assert table.loc["SMUG", "lsc"] == pytest.approx(-1.0)
    assert table.loc["SMUG", "lsc_low"] == -2.0
    assert table.loc["SMUG", "lsc_high"] == 0.5
    assert table.loc["SMUG", "paper_lsc"] == PAPER["smug"].lsc == -1.26
    shown = printed(table.reset_index().assign(network="net")).set_index("method")
    assert shown.loc["SMUG", "LSC (paper)"] == "-1.26 (-0.75, -1.80)"
    assert shown.loc["SMUG", "Win%"] == "50.0 [15.0, 85.0]"
    assert shown.loc["OptBox", "Win%"] == "--"
    assert shown.loc["gradients", "LSC (paper)"] == "--"


def test_an_image_without_a_value_is_no_defeat():
    table = image_lsc(scores(LSC)).set_index("method")
    assert table.loc["GradCAM", "images"] == 3
    assert table.loc["GradCAM", "missing"] == 1
    assert table.loc["GradCAM", "win"] == pytest.approx(200 / 3)
    boxes = {"smug": [0.0, 0.0, 0.0], "ground_truth": [-1.0, np.nan, np.nan]}
    table = image_lsc(scores(boxes)).set_index("method")
    assert table.loc["GroundTruth", "win"] == 100.0
    assert table.loc["SMUG", "win"] == pytest.approx(200 / 3)


def test_an_infinite_lsc_is_the_worst_and_loses():
    values = {"smug": [np.inf, -1.0, np.inf, -2.0, 0.0], "gradcam": [np.inf, 0.0, 3.0, 0.0, -1.0]}
    table = image_lsc(scores(values)).set_index("method")
    assert table.loc["SMUG", "images"] == 5
    assert table.loc["SMUG", "lsc"] == 0.0
    assert table.loc["SMUG", "lsc_upper"] == np.inf
    assert table.loc["SMUG", "win"] == pytest.approx(40.0)
    assert table.loc["GradCAM", "win"] == pytest.approx(40.0)
    assert printed(table.reset_index().assign(network="net"))["LSC"][0] == "0.00 (inf, -1.00)"


def test_the_caption_says_what_is_proven_searched_and_missing():
    rows = [
        scores(LSC | {"smug": [-1.0, -2.0, np.nan, -1.0]}),
        scores({"opt_box": [40.0, 60.0, 50.0, 50.0]}, metric="calls"),
        scores({"opt_box": [225.0] * 4}, metric="boxes"),
    ]
    rows = pd.concat(rows, ignore_index=True)
    smug = rows["method"].eq("smug")
    rows.loc[smug, "status"] = ["optimal", "feasible", "timeout", "optimal"]
    rows.loc[smug, "gap"] = [0.0, 0.1, np.inf, 0.0]
    table = image_lsc(rows)
    assert table.set_index("method").loc["SMUG", "proven"] == pytest.approx(200 / 3)
    assert table.set_index("method").loc["OptBox", "boxes"] == 225
    caption = counted(table, "net", 6, {"images": 4, "tried": 7, "unreadable": 2})
    assert caption.startswith("net: 4 photographs, tried 7, left out: 0 misclassified,")
    assert "0 without box, 2 unreadable" in caption
    assert "SMUG: 66.7 % of the masks proven minimal" in caption
    assert "225 boxes on a grid of 6 x 6 cells, 50.0 of them run" in caption
    assert caption.endswith("Images without a value: SMUG 1, GradCAM 1.")


def test_table_one_has_the_rows_of_each_network_below_the_other():
    values = {"smug": [-1.0, -3.0], "gradcam": [0.0, -9.0]}
    rows = pd.concat([scores(LSC, dataset="one"), scores(values, dataset="two")], ignore_index=True)
    records = [
        {
            "config": {
                "model": {"name": network},
                "dataset": {"name": dataset, "source": "files"},
            },
            "summary": {"images": images, "tried": images + 1, "misclassified": 1},
        }
        for dataset, network, images in (("two", "small", 2), ("one", "large", 4))
    ]
    table, caption = image_lsc_of_networks(rows, records, 6)
    assert table["network"].tolist() == ["small"] * 2 + ["large"] * 4
    found = table.set_index(["network", "method"])
    assert found.loc[("small", "SMUG"), "lsc"] == -2.0
    assert found.loc[("large", "SMUG"), "lsc"] == -1.0
    assert found.loc[("small", "GradCAM"), "win"] == 50.0
    assert found.loc[("small", "SMUG"), "paper_lsc"] == found.loc[("large", "SMUG"), "paper_lsc"]
    alone = image_lsc(scores(values))
    pd.testing.assert_frame_equal(table.iloc[:2].drop(columns="network"), alone)
    assert printed(table)["network"].tolist() == table["network"].tolist()
    assert caption.index("small: 2 photographs, tried 3") < caption.index("large: 4 photographs")


def test_table_one_tells_datasets_of_one_network_apart_and_which_is_made_up():
    rows = [scores(LSC, dataset=label) for label in ("one", "two (generated)", "three")]
    records = [
        {
            "config": {
                "model": {"name": network},
                "dataset": {"name": dataset, "source": source},
            },
            "summary": {"images": 4, "tried": 4},
        }
        for dataset, network, source in (
            ("one", "net", "files"),
            ("two", "net", "generated"),
            ("three", "other", "files"),
        )
    ]
    table, caption = image_lsc_of_networks(pd.concat(rows, ignore_index=True), records, 6)
    labels = ["net, one", "net, two (generated)", "other"]
    assert table["network"].unique().tolist() == labels
    assert table.groupby("network")["images"].max().tolist() == [4, 4, 4]
    assert all(f"{label}: 4 photographs" in caption for label in labels)


@pytest.fixture(scope="module")
def images():
    keras.utils.set_random_seed(0)
    image = keras.Input((20, 20, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu")(image)
    out = keras.layers.Dense(3, activation="softmax")(keras.layers.GlobalAveragePooling2D()(x))
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (2, 20, 20, 3), dtype=np.uint8)
    boxes = np.array([[2.0, 3.0, 12.0, 18.0], [np.nan] * 4])
    model = keras.Model(image, out)

    def preprocess(some):
        return np.asarray(some, np.float32) / 255

    target = np.asarray(model(preprocess(pixels))).argmax(axis=1)
    return ScoredImages(model, preprocess, pixels, target, boxes)


def test_boxes_are_measured_and_a_missing_one_has_no_score(images):
    found = {(method, metric): values for method, metric, values in score_boxes(images, 5)}
    assert np.isfinite(found["ground_truth", "lsc"][0])
    assert np.isnan(found["ground_truth", "lsc"][1])
    assert found["ground_truth", "sparsity"][0] == pytest.approx(150 / 400)
    assert found["max_box", "sparsity"].tolist() == [1.0, 1.0]
    best = opt_box(images.model, images.preprocess(images.pixels), images.target, cells=5)
    np.testing.assert_allclose(found["opt_box", "lsc"], best.lsc)
    assert (found["opt_box", "lsc"] <= found["max_box", "lsc"] + 1e-6).all()


def test_maps_are_measured_and_a_failed_one_is_missing(images):
    maps = np.random.default_rng(1).uniform(size=(2, 20, 20))
    method = MethodMaps(maps, maps > 0.5, np.array([1.0, 2.0]), np.array([True, False]))
    found = dict(score_maps(images, method, thresholds=10, curve_steps=3))
    assert all(np.isnan(values[1]) for values in found.values())
    x = images.preprocess(images.pixels[:1])
    alone = map_lsc(images.model, x, images.target[:1], maps[:1], thresholds=10)
    assert found["lsc"][0] == pytest.approx(alone.lsc[0])
    assert found["sparsity"][0] == pytest.approx((maps[0] > 0.5).mean())
    assert 0 <= found["insertion"][0] <= 1
    # A mask is judged by what the network says of the image without the rest, and of the rest.
    keep = (maps[:1] > 0.5)[..., None]
    kept, rest, whole = (
        np.asarray(images.model(some))[0, images.target[0]] for some in (x * keep, x * ~keep, x)
    )
    assert found["sufficiency"][0] == pytest.approx(kept, abs=1e-6)
    assert found["comprehensiveness"][0] == pytest.approx(whole - rest, abs=1e-6)
    # So they are with the mean colour in the place of what is removed.
    measured = {"thresholds": 3, "curve_steps": 1, "replacement": "mean"}
    found = dict(score_maps(images, method, **measured))
    instead = np.broadcast_to(x.mean(axis=(1, 2), keepdims=True), x.shape)
    kept, rest, nothing = (
        np.asarray(images.model(some))[0, images.target[0]]
        for some in (np.where(keep, x, instead), np.where(keep, instead, x), instead)
    )
    assert found["sufficiency"][0] == pytest.approx(kept, abs=1e-6)
    assert found["comprehensiveness"][0] == pytest.approx(whole - rest, abs=1e-6)
    # Of one step: from the whole image to none of it, and back.
    assert found["insertion"][0] == pytest.approx((whole + nothing) / 2, abs=1e-6)
    assert found["deletion"][0] == pytest.approx((whole + nothing) / 2, abs=1e-6)
    unmasked = MethodMaps(maps, None, np.ones(2), np.ones(2, bool))
    assert "sufficiency" not in dict(score_maps(images, unmasked, thresholds=3, curve_steps=3))


def test_table_one_says_what_the_kept_pixels_alone_are_worth():
    kept = scores({"smug": [0.1, 0.3, 0.2, 0.2]}, metric="sufficiency")
    lost = scores({"smug": [-0.1, 0.1, 0.0, 0.4]}, metric="comprehensiveness")
    table = image_lsc(pd.concat([scores(LSC), kept, lost], ignore_index=True)).set_index("method")
    assert table.loc["SMUG", "sufficiency"] == pytest.approx(0.2)
    assert table.loc["SMUG", "comprehensiveness"] == pytest.approx(0.1)
    assert np.isnan(table.loc["GradCAM", "sufficiency"])
    shown = printed(table.reset_index().assign(network="net")).set_index("method")
    assert shown.loc["SMUG", "P kept"].startswith("0.20 [")
    assert shown.loc["GradCAM", "P kept"] == "--"


def test_dark_and_bright_shares_of_a_map():
    pixels = np.repeat(np.arange(16, dtype=np.uint8).reshape(4, 4)[..., None], 3, axis=2)
    scores = np.zeros((4, 4))
    scores[0, 0], scores[3, 3] = 3.0, 1.0
    assert dark_and_bright(pixels, scores) == (0.75, 0.25)


def test_the_small_cat_has_a_quarter_of_the_big_ones_area():
    cats = compose_cats(Image.new("RGB", (300, 200), (10, 20, 30)), 120)
    area = np.prod(cats.boxes[:, 2:] - cats.boxes[:, :2], axis=1)
    assert area[1] / area[0] == pytest.approx(0.25, rel=0.05)
    for i in (0, 1):
        x1, y1, x2, y2 = cats.boxes[i].astype(int)
        inside = np.zeros((120, 120), bool)
        inside[y1:y2, x1:x2] = True
        assert (cats.images[i][inside] == (10, 20, 30)).all()
        assert (cats.images[i][~inside] == 255).all()
    both = (cats.images[2] == 255).all(axis=-1)
    assert (~both).sum() == area.sum()


def test_two_cats_are_explained_boxed_and_tabulated(images):
    cats = compose_cats(demo_cat(), 20)
    settings = {
        "smug": {"top_k": 20, "gamma": 0.0, "window": 1, "steps": 8},
        "integrated_gradients": {"steps": 8, "baseline": "black", "input_range": (0.0, 1.0)},
    }
    found = explain_two_cats(images.model, cats, images.preprocess, settings, 5)
    outputs = np.asarray(images.model(images.preprocess(cats.images)))
    assert found.target == outputs[2].argmax()
    np.testing.assert_allclose(found.confidence, outputs[:, found.target], rtol=1e-5)
    assert found.map_boxes.keys() == found.map_lsc.keys() == {*settings, "opt_box"}
    assert found.map_lsc["opt_box"] <= found.box_lsc.max() + 1e-6
    for name, scores in found.maps.items():
        assert scores.shape == (20, 20)
        assert 0 <= sum(found.shares[name]) <= 1 + 1e-6
    table = two_cats_table(found).set_index("shown")
    assert table.loc["SMUG", "lsc"] == found.map_lsc["smug"]
    assert table.loc["small cat", "lsc"] == found.box_lsc[1]
    figure = two_cats(cats, found, "tabby")
    labels = [text.get_text() for text in figure.axes[2].texts]
    assert labels == [f"LSC {value:.2f}" for value in found.box_lsc]
    assert "“tabby”" in figure.axes[0].get_xlabel()
