import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from smug.boxes import opt_box
from smug.figures.ig_baselines import dark_and_bright
from smug.figures.image_lsc import PAPER, image_lsc, printed
from smug.metrics.images import MethodMaps, ScoredImages, score_boxes, score_maps
from smug.metrics.lsc import map_lsc
from smug.two_cats import compose_cats


def scores(values):
    """Result rows: method -> LSC of each image."""
    return pd.DataFrame(
        [
            {"image": str(i), "method": method, "metric": "lsc", "value": value}
            for method, row in values.items()
            for i, value in enumerate(row)
        ]
    )


def test_table_one_counts_wins_among_the_papers_methods():
    table = image_lsc(
        scores(
            {
                "smug": [-1.0, -2.0, 0.5, -1.0],
                "gradcam": [0.0, -3.0, 0.2, np.nan],
                "gradients": [-9.0, -9.0, -9.0, -9.0],
                "opt_box": [-9.0] * 4,
            }
        )
    ).set_index("method")
    assert table.loc["SMUG", "win"] == pytest.approx(50.0)
    assert table.loc["GradCAM", "win"] == pytest.approx(50.0)
    assert np.isnan(table.loc["OptBox", "win"])
    assert np.isnan(table.loc["gradients", "win"])
    assert table.loc["gradients", "win_all"] == pytest.approx(100.0)
    assert table.loc["GradCAM", "missing"] == 1
    assert table.loc["SMUG", "lsc"] == pytest.approx(-1.0)
    assert table.loc["SMUG", "paper_lsc"] == PAPER["smug"].lsc == -1.26
    shown = printed(table.reset_index()).set_index("method")
    assert shown.loc["SMUG", "LSC (paper)"] == "-1.26 (-0.75, -1.80)"
    assert shown.loc["gradients", "LSC (paper)"] == "--"


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
