import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smug.datasets.images import prepare_images
from smug.datasets.photographs import photograph_records
from smug.errors import SmugError, SmugWarning
from smug.metrics.boxes import center_box, max_box
from smug.metrics.lsc import (
    box_lsc,
    crop_and_resize,
    lowest_lsc,
    lsc,
    map_lsc,
    map_thresholds,
    threshold_boxes,
)
from smug.models.networks import efficientnet_lite0 as lite0

SIZE = (24, 30)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(3)
    inputs = keras.Input((*SIZE, 3))
    x = keras.layers.Conv2D(8, 5, strides=2, activation="relu")(inputs)
    x = keras.layers.Flatten()(x)
    outputs = keras.layers.Dense(4, activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    for weight in model.weights:
        weight.assign(weight * 2)
    return model


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).normal(size=(5, *SIZE, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def target(model, images):
    return np.asarray(model(images)).argmax(axis=1)


def maps(kind, seed=0):
    rng = np.random.default_rng(seed)
    noise = rng.random((5, *SIZE)).astype(np.float32)
    if kind == "dense":
        return noise
    if kind == "sparse":
        return np.where(noise > 0.99, noise, 0).astype(np.float32)
    if kind == "signed":
        return noise - 0.7
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    centres = rng.random((5, 2)) * SIZE
    distance = [np.hypot(rows - cy, columns - cx) for cy, cx in centres]
    return np.exp(-np.array(distance) / 5).round(2)


def plain_confidence(model, image, box, target):
    x1, y1, x2, y2 = (int(edge) for edge in box)
    crop = keras.ops.image.resize(image[y1:y2, x1:x2], image.shape[:2])
    return float(model(crop[None])[0, target])


def plain_lsc(model, image, saliency, target, thresholds):
    best = np.inf
    for t in thresholds:
        rows, columns = np.nonzero(saliency > t)
        if len(rows):
            box = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            a = (box[2] - box[0]) * (box[3] - box[1]) / saliency.size
            c = plain_confidence(model, image, box, target)
            best = min(best, np.log(max(0.05, a)) - np.log(c))
    return best


def test_formula():
    np.testing.assert_allclose(lsc(1.0, 1.0), 0)
    np.testing.assert_allclose(lsc(0.25, 0.5), np.log(0.5))
    np.testing.assert_allclose(lsc(0.001, 1.0), np.log(0.05))
    assert lsc(0.5, 0.0) == np.inf


@pytest.mark.parametrize("kind", ["dense", "sparse", "signed", "blob"])
def test_equals_a_plain_loop_over_all_thresholds(model, images, target, kind):
    saliency = maps(kind)
    scores = map_lsc(model, images, target, saliency, thresholds=30, batch_size=7)
    for i in range(5):
        thresholds = map_thresholds(saliency[i], 30)
        expected = plain_lsc(model, images[i], saliency[i], target[i], thresholds)
        assert scores.lsc[i] == pytest.approx(expected, abs=1e-5)
        # What is reported of the winner belongs together.
        assert plain_confidence(model, images[i], scores.boxes[i], target[i]) == pytest.approx(
            scores.confidence[i], abs=1e-5
        )
        np.testing.assert_allclose(scores.lsc[i], lsc(scores.area[i], scores.confidence[i]))


def test_a_batch_equals_its_singles_and_any_batch_size(model, images, target):
    saliency = maps("blob")
    together = map_lsc(model, images, target, saliency, batch_size=64)
    for size in (1, 5):
        for i in range(5):
            one = slice(i, i + 1)
            single = map_lsc(model, images[one], target[one], saliency[one], batch_size=size)
            np.testing.assert_allclose(single.lsc, together.lsc[one], atol=1e-5)
            np.testing.assert_array_equal(single.boxes, together.boxes[one])


@pytest.mark.tensorflow("a real network, which takes JAX a minute on a processor")
def test_lite0_on_photographs():
    prepared, _ = prepare_images(photograph_records()[0][:2], photograph_records()[1], (224, 224))
    x, network = lite0.PREPROCESSING(prepared.images), lite0.import_weights()
    target = np.asarray(network(x)).argmax(axis=1)
    rows, columns = np.mgrid[:224, :224]
    saliency = np.array([np.exp(-np.hypot(rows - cy, columns - 100) / 50) for cy in (90, 70)])
    saliency = saliency.round(1).astype(np.float32) - 0.1
    scores = map_lsc(network, x, target, saliency)
    for i in range(2):
        thresholds = map_thresholds(saliency[i])
        expected = plain_lsc(network, x[i], saliency[i], target[i], thresholds)
        assert scores.lsc[i] == pytest.approx(expected, abs=1e-4)


def test_pruning_never_runs_a_crop_that_cannot_win(model, images, target):
    saliency = maps("dense")
    scores = map_lsc(model, images, target, saliency, batch_size=1)
    for i in range(5):
        boxes = threshold_boxes(saliency[i], map_thresholds(saliency[i]))
        sides = boxes[:, 2:] - boxes[:, :2]
        bound = np.log(np.maximum(0.05, sides.prod(axis=1) / saliency[i].size))
        # Any exact search has to run every crop whose bound is below the optimum.
        needed = (bound < scores.lsc[i] - 1e-6).sum()
        assert scores.calls[i] == np.clip(needed, 1, len(boxes))


def test_thresholds_are_zero_and_the_unique_values():
    values = np.array([[0.5, 0.25], [0.5, 1.0]])
    np.testing.assert_array_equal(map_thresholds(values), [0, 0.25, 0.5, 1])
    many = np.random.default_rng(0).random((50, 50))
    chosen = map_thresholds(many, 100)
    assert len(chosen) == 101
    assert chosen[0] == 0
    assert {many.min(), many.max()} <= set(chosen)
    assert np.isin(chosen[1:], many).all()
    assert len(map_thresholds(many, 2)) == 3
    with pytest.raises(SmugError, match="thresholds=1"):
        map_thresholds(many, 1)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(1, 7), st.integers(1, 5))
def test_threshold_boxes_are_tightest(seed, height, width, levels):
    saliency = np.random.default_rng(seed).integers(-1, levels, (height, width)).astype(float)
    thresholds = map_thresholds(saliency)
    expected = set()
    for t in thresholds:
        rows, columns = np.nonzero(saliency > t)
        if len(rows):
            expected.add((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
    found = [tuple(box) for box in threshold_boxes(saliency, thresholds)]
    assert len(found) == len(set(found))
    assert set(found) == expected


@pytest.mark.tensorflow("JAX compiles every shape anew, a minute")
@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_crops_equal_the_resize_of_keras(seed):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(2, 20, 2)
    image = rng.normal(size=(height, width, 3)).astype(np.float32)
    corners = rng.integers(0, [width, height], (4, 2, 2))
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1) + 1], axis=1)
    crops = crop_and_resize(*map(keras.ops.convert_to_tensor, (image, boxes)))
    for crop, (x1, y1, x2, y2) in zip(crops, boxes, strict=True):
        expected = keras.ops.image.resize(image[y1:y2, x1:x2], (height, width))
        np.testing.assert_allclose(crop, expected, atol=1e-5)


def test_all_zero_map_is_worst_and_warned(model, images, target):
    saliency = maps("blob")
    saliency[1] = 0
    with pytest.warns(SmugWarning, match=r"\[1\]"):
        scores = map_lsc(model, images, target, saliency)
    assert scores.lsc[1] == np.inf
    assert scores.calls[1] == 0
    assert np.isnan(scores.boxes[1]).all()
    assert np.isfinite(np.delete(scores.lsc, 1)).all()


def test_constant_map_is_the_whole_image(model, images, target):
    scores = map_lsc(model, images, target, np.ones((5, *SIZE)))
    confidence = np.asarray(model(images))[np.arange(5), target]
    np.testing.assert_allclose(scores.lsc, -np.log(confidence), atol=1e-5)
    whole = box_lsc(model, images, target, np.tile(max_box(*SIZE), (5, 1)))
    np.testing.assert_allclose(whole.lsc, scores.lsc)


def test_given_boxes(model, images, target):
    boxes = np.tile(center_box(*SIZE), (5, 1))
    boxes[1] = np.nan
    boxes[2] = [3.2, 4.9, 10.1, 11.5]
    boxes[3] = [-5, -5, 100, 100]
    scores = box_lsc(model, images, target, boxes)
    assert np.isnan(scores.lsc[1])
    assert scores.calls.tolist() == [1, 0, 1, 1, 1]
    np.testing.assert_array_equal(scores.boxes[2], [3, 4, 11, 12])
    np.testing.assert_array_equal(scores.boxes[3], max_box(*SIZE))
    for i in (0, 2, 3, 4):
        expected = plain_confidence(model, images[i], scores.boxes[i], target[i])
        assert scores.confidence[i] == pytest.approx(expected, abs=1e-5)


def test_single_sigmoid_output_is_used_for_any_target(images):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Flatten(), keras.layers.Dense(1, activation="sigmoid")]
    model = keras.Sequential([keras.Input((*SIZE, 3)), *layers])
    zeros, ones = (np.full(5, t) for t in (0, 1))
    saliency = maps("blob")
    np.testing.assert_array_equal(
        map_lsc(model, images, zeros, saliency).lsc, map_lsc(model, images, ones, saliency).lsc
    )


def test_bad_input_is_named(model, images, target):
    saliency = maps("dense")
    with pytest.raises(SmugError, match="shape"):
        map_lsc(model, images, target, saliency[:, :5])
    with pytest.raises(SmugError, match="NaN"):
        map_lsc(model, images, target, np.where(saliency > 0.9, np.nan, saliency))
    with pytest.raises(SmugError, match="target 7"):
        map_lsc(model, images, np.full(5, 7), saliency)
    with pytest.raises(SmugError, match="batch_size=0"):
        map_lsc(model, images, target, saliency, batch_size=0)
    with pytest.raises(SmugError, match="boxes have shape"):
        box_lsc(model, images, target, np.zeros((5, 3)))
    with pytest.raises(SmugError, match="empty or outside"):
        box_lsc(model, images, target, np.tile([50.0, 50, 60, 60], (5, 1)))
    with pytest.raises(SmugError, match=r"\[0, 0, 31, 5\]"):
        lowest_lsc(model, images, target, [np.array([[0, 0, 31, 5]])] * 5)


def test_an_empty_batch_has_empty_scores(model):
    scores = map_lsc(model, np.zeros((0, *SIZE, 3)), np.zeros(0, int), np.zeros((0, *SIZE)))
    assert scores.boxes.shape == (0, 4)
    assert scores.lsc.shape == (0,)
