import keras
import numpy as np
import pytest

from smug.errors import SmugError
from smug.metrics.boxes import center_box, grid_boxes, max_box, opt_box
from smug.metrics.lsc import BATCH


def test_center_box_is_centred_and_half_the_area():
    for height, width in ((224, 224), (227, 300), (299, 299)):
        x1, y1, x2, y2 = center_box(height, width)
        assert (x1 + x2, y1 + y2) == (width, height)
        assert (x2 - x1) * (y2 - y1) / (height * width) == pytest.approx(0.5, abs=0.01)
    np.testing.assert_array_equal(max_box(20, 30), [0, 0, 30, 20])


@pytest.mark.parametrize(("cells", "least"), [(10, 2), (10, 1), (4, 3), (3, 3)])
def test_grid_boxes_are_all_and_distinct(cells, least):
    boxes = grid_boxes(224, 100, cells, least)
    spans = (cells - least + 1) * (cells - least + 2) // 2
    assert len(boxes) == len(np.unique(boxes, axis=0)) == spans**2
    assert boxes.min() == 0
    assert boxes[:, 2].max() == 100
    assert boxes[:, 3].max() == 224
    sides = boxes[:, 2:] - boxes[:, :2]
    assert (sides >= np.floor(np.array([100, 224]) / cells) * least).all()


def test_the_papers_grid_has_2025_boxes():
    assert len(grid_boxes(224, 224)) == 2025


@pytest.mark.parametrize(("cells", "least"), [(10, 11), (10, 0), (300, 2)])
def test_impossible_grids_are_named(cells, least):
    with pytest.raises(SmugError, match=f"cells={cells}, least={least}"):
        grid_boxes(224, 224, cells, least)


@pytest.mark.parametrize("scale", [1.0, 4.0, 12.0])
def test_opt_box_equals_the_plain_loop(scale):
    """Three confidences: hardly any, some and most of the boxes can be skipped."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((20, 30, 3))
    x = keras.layers.Conv2D(6, 5, strides=2, activation="relu")(inputs)
    logits = keras.layers.Dense(4)(keras.layers.Flatten()(x))
    model = keras.Model(inputs, keras.layers.Softmax()(scale * logits))
    images = np.random.default_rng(2).normal(size=(3, 20, 30, 3)).astype(np.float32)
    target = np.asarray(model(images)).argmax(axis=1)
    scores = opt_box(model, images, target, cells=6)
    boxes = grid_boxes(20, 30, 6)
    for i, image in enumerate(images):
        crops = [keras.ops.image.resize(image[y1:y2, x1:x2], (20, 30)) for x1, y1, x2, y2 in boxes]
        c = np.asarray(model(keras.ops.stack(crops)))[:, target[i]].astype(float)
        a = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) / 600
        plain = np.log(np.maximum(0.05, a)) - np.log(c)
        assert scores.lsc[i] == pytest.approx(plain.min(), abs=1e-5)
        np.testing.assert_array_equal(scores.boxes[i], boxes[plain.argmin()])
        above = np.log(np.maximum(0.05, a)) - plain.min()
        assert np.count_nonzero(above < -1e-5) <= scores.calls[i]
        assert scores.calls[i] <= np.count_nonzero(above < 1e-5) + BATCH
    if scale == 12.0:
        assert scores.calls.max() < len(boxes) / 2
