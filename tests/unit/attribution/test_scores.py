"""The share of a score that a part keeps: one rule for both SIS, whatever kind of score."""

import keras
import numpy as np
import pytest
from keras import layers

import smug
from smug.attribution.scores import class_scores, goal

SHAPE = (5, 4, 2)


def build(activation, bias, classes=1):
    keras.utils.set_random_seed(3)
    dense = layers.Dense(classes, activation=activation, kernel_initializer="random_normal")
    model = keras.Sequential([keras.Input(SHAPE), layers.Flatten(), dense])
    kernel = 3 * dense.kernel.numpy()
    model.layers[-1].set_weights([kernel * 4, np.full(classes, bias)])
    return model


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).random((1, *SHAPE)).astype(np.float32)


def answers(model, x, target):
    return float(class_scores(np.asarray(model(x), np.float64), target)[0])


@pytest.mark.parametrize("method", ["sis", "image_sis"])
@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("keep", [0.5, 0.9, 1.0])
def test_a_regression_means_the_same_wherever_its_zero_lies(image, method, flipped, keep):
    """Kept are `keep` of the way from the empty image's score, whatever is added to both."""
    settings = {"limit": 1} if method == "sis" else {"window": 1}
    masks = []
    for bias in (-20.0, 0.0, 20.0):
        model = build(None, bias)
        if flipped:
            model.set_weights([-weights for weights in model.get_weights()])
        made = smug.explain(model, image, None, method, keep=keep, **settings)
        whole, empty = answers(model, image, 0), answers(model, np.zeros_like(image), 0)
        alone = answers(model, np.where(made.mask[..., None], image, np.float32(0)), 0)
        assert (alone - empty) / (whole - empty) >= keep - 1e-4
        assert 0 < made.mask.sum() < made.mask.size
        masks.append(made.mask)
    np.testing.assert_array_equal(masks[0], masks[1])
    np.testing.assert_array_equal(masks[2], masks[1])


def brute_force(model, image, target, keep):
    """Size of the smallest set of pixels that keeps the share."""
    flat = image.reshape(20, 2)
    sets = (np.arange(2**20)[:, None] >> np.arange(20)) & 1
    kernel, bias = (value.astype(float) for value in model.get_weights())
    scores = (sets @ (flat[..., None] * kernel.reshape(20, 2, -1)).sum(axis=1)) + bias
    low, high = scores[0, target], scores[-1, target]
    reached = (scores[:, target] - low) * np.sign(high - low) >= keep * abs(high - low)
    return sets.sum(axis=1)[reached].min()


def test_of_a_linear_score_the_first_subset_is_the_smallest(image):
    for bias in (-7.0, 7.0):
        model = build(None, bias, classes=3)
        for target in range(3):
            made = smug.explain(model, image, target, "sis", keep=0.8, limit=1)
            assert made.mask.sum() == brute_force(model, image, target, 0.8)


@pytest.mark.parametrize("activation", ["log_softmax", "sigmoid", "tanh", "softmax"])
@pytest.mark.parametrize("method", ["sis", "image_sis"])
def test_every_kind_of_score_keeps_its_share(image, activation, method):
    settings = {"limit": 1} if method == "sis" else {"window": 1}
    model = build(activation, 0.0, classes=3)
    made = smug.explain(model, image, None, method, **settings)
    target = int(made.target[0])
    whole, empty = answers(model, image, target), answers(model, np.zeros_like(image), target)
    nothing = 0.0 if activation == "softmax" else empty
    alone = answers(model, np.where(made.mask[..., None], image, np.float32(0)), target)
    assert (alone - nothing) / (whole - nothing) >= 0.9 - 1e-4
    assert 0 < made.mask.sum() < made.mask.size


@pytest.mark.parametrize("method", ["sis", "image_sis", "gradients"])
def test_a_single_output_is_the_score_of_either_class(image, method):
    model = build("sigmoid", 1.0)
    settings = {"sis": {"limit": 1}, "image_sis": {"window": 1}}.get(method, {})
    zero, one = (smug.explain(model, image, t, method, **settings) for t in (0, 1))
    np.testing.assert_array_equal(zero.values, one.values)
    np.testing.assert_allclose([zero.score, one.score], np.asarray(model(image))[:, [0, 0]].T)


def test_goals_in_closed_form():
    assert goal(np.array([-5.0]), np.array([-7.0]), 0, 0.5).level == -6
    assert goal(np.array([-7.0]), np.array([-5.0]), 0, 0.5) == goal(
        np.array([-7.0]), np.array([-5.0]), 1, 0.5
    )
    low = goal(np.array([-7.0]), np.array([-5.0]), 0, 0.5)
    assert (low.level, low.side) == (-6, -1)
    assert low.reached(-6.5)
    assert not low.reached(-5.5)
    share = goal(np.array([0.8, 0.2]), np.array([0.5, 0.5]), 0, 0.9)
    assert (share.level, share.side) == (pytest.approx(0.72), 1)
    # Not negative, but no probabilities: they do not sum to 1.
    assert goal(np.array([8.0, 2.0]), np.array([4.0, 2.0]), 0, 0.5).level == 6
