import numpy as np
import pytest

from smug.datasets import photographs
from smug.datasets.images import prepare_images
from smug.datasets.photographs import photograph_records
from smug.errors import SmugError
from smug.models.networks import efficientnet_lite0 as lite0


def test_every_photograph_is_there_with_its_box_and_class():
    records, names = photograph_records()
    prepared, problems = prepare_images(records, names, (224, 224))
    assert problems == ()
    assert prepared.has_box.all()
    assert "chelsea" in prepared.ids
    written = photographs.resources.files("smug.datasets").joinpath("photographs.csv").read_text()
    assert [row.split(",")[4] for row in written.splitlines()[1:]] == [
        names[label] for label in prepared.labels
    ]


def test_lite0_sees_what_they_show():
    records, names = photograph_records()
    prepared, _ = prepare_images(records, names, lite0.PREPROCESSING.size)
    probabilities = lite0.import_weights().predict(lite0.PREPROCESSING(prepared.images), verbose=0)
    expected = {
        "chelsea": ("Egyptian cat", 0.79),
        "coffee": ("espresso", 0.90),
        "camera": ("tripod", 0.94),
        "motorcycle": ("moped", 0.49),
        "grace_hopper": ("military uniform", 0.39),
    }
    for image, (name, confidence) in expected.items():
        row = probabilities[list(prepared.ids).index(image)]
        assert names[row.argmax()] == name
        assert row.max() == pytest.approx(confidence, abs=0.01)
    correct = probabilities.argmax(axis=1) == prepared.labels
    assert set(expected) <= set(prepared.ids[correct])


def test_boxes_scale_with_the_image():
    records, names = photograph_records()
    large, _ = prepare_images(records, names, (448, 224))
    small, _ = prepare_images(records, names, (224, 224))
    np.testing.assert_allclose(large.boxes, small.boxes * [1, 2, 1, 2])


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(photographs, "find_spec", lambda name: None)
    with pytest.raises(SmugError, match="skimage"):
        photograph_records()
