import keras
import numpy as np
import pytest

from smug.metrics import faithfulness_correlation, infidelity, relevance_mass_accuracy, road
from smug.metrics.field import Removals, score_field, set_size
from smug.metrics.images import MethodMaps, ScoredImages

REMOVALS = Removals(inputs=2, subsets=8, subset=0.1, patch=5, shares=(0.2, 0.4))


@pytest.fixture(scope="module")
def images():
    keras.utils.set_random_seed(0)
    image = keras.Input((20, 20, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu")(image)
    out = keras.layers.Dense(3, activation="softmax")(keras.layers.GlobalAveragePooling2D()(x))
    pixels = np.random.default_rng(0).integers(0, 256, (3, 20, 20, 3), dtype=np.uint8)
    boxes = np.array([[2.0, 3.0, 12.0, 18.0], [np.nan] * 4, [0, 0, 5, 5]])
    model = keras.Model(image, out)

    def preprocess(some):
        return np.asarray(some, np.float32) / 255

    target = np.asarray(model(preprocess(pixels))).argmax(axis=1)
    return ScoredImages(model, preprocess, pixels, target, boxes)


def method(maps, made=(True, True, True)):
    return MethodMaps(maps, None, np.zeros(3), np.array(made))


def test_measures_of_a_shard_are_those_of_the_functions_called_alone(images):
    rng = np.random.default_rng(1)
    maps = {name: rng.uniform(size=(3, 20, 20)) for name in ("one", "other")}
    methods = {"one": method(maps["one"]), "other": method(maps["other"], (False, True, True))}
    found = {(name, metric): row for name, metric, row in score_field(images, methods, REMOVALS)}
    model, x, target = images.model, images.preprocess(images.pixels), images.target
    for name in methods:
        settings = {"subset": 40, "runs": 8}
        alone = {
            "faithfulness_correlation": faithfulness_correlation(
                *(model, x, target, maps[name]), **settings
            ),
            "infidelity": infidelity(
                *(model, x, target, maps[name]), patch=5, contributions=True, scaled=True
            ),
            "road_most_first": road(model, x, target, maps[name], shares=(0.2, 0.4))[0].y.mean(1),
            "road_least_first": road(
                *(model, x, target, maps[name]), shares=(0.2, 0.4), least_first=True
            )[0].y.mean(axis=1),
        }
        for metric, values in alone.items():
            # Removals are made on the first two images only.
            values[2] = np.nan
            if name == "other":
                values[0] = np.nan
            np.testing.assert_allclose(found[name, metric], values, rtol=1e-4, err_msg=metric)
        mass = relevance_mass_accuracy(maps[name], images.boxes)
        mass[0] = np.nan if name == "other" else mass[0]
        np.testing.assert_allclose(found[name, "relevance_mass_accuracy"], mass)


def test_no_images_have_no_rows(images):
    none = ScoredImages(
        images.model, images.preprocess, images.pixels[:0], images.target[:0], images.boxes[:0]
    )
    assert list(score_field(none, {}, REMOVALS)) == []


@pytest.mark.parametrize(("share", "size"), [(0.25, 3), (0.01, 1), (0.99, 11)])
def test_a_set_holds_some_and_leaves_some(share, size):
    assert set_size((3, 4), share) == size
