import keras
import numpy as np
import pytest

from smug.errors import SmugError
from smug.masks.replacement import blurred
from smug.metrics import curves
from smug.metrics.curves import FRACTIONS, Curve, deletion, information_curves, insertion
from smug.models.preprocessing import Preprocessing

SIZE = (12, 16)
PREPROCESSING = Preprocessing(SIZE, (0.0,) * 3, (255.0,) * 3)


@pytest.fixture(scope="module")
def model():
    """Its probability of class 0 is the mean of the input: additive over pixels."""
    inputs = keras.Input((*SIZE, 3))
    mean = keras.ops.mean(inputs, axis=(1, 2, 3))[:, None]
    return keras.Model(inputs, keras.ops.concatenate([mean, 1 - mean], axis=1))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((3, *SIZE, 3)).astype(np.float32)


TARGET = np.zeros(3, int)


def test_deletion_in_closed_form(model, images):
    saliency = images.mean(axis=-1)
    found = deletion(model, images, TARGET, saliency, steps=8, batch_size=4)
    assert found.y.shape == (3, 9)
    for i in range(3):
        ascending = np.sort(saliency[i].ravel())
        kept = [ascending[: len(ascending) - round(share * 192)] for share in found.x]
        np.testing.assert_allclose(found.y[i], [k.sum() / 192 for k in kept], atol=1e-5)


def test_the_right_map_beats_the_wrong_one(model, images):
    saliency = images.mean(axis=-1)
    good, bad = (deletion(model, images, TARGET, s).area for s in (saliency, -saliency))
    assert (good < bad).all()
    contrast = (images - blurred(images)).mean(axis=-1)
    good, bad = (insertion(model, images, TARGET, s).area for s in (contrast, -contrast))
    assert (good > bad).all()


def test_ends_are_the_whole_and_the_hidden_image(model, images):
    saliency = np.random.default_rng(1).random((3, *SIZE))
    whole = np.asarray(model(images))[:, 0]
    removed = deletion(model, images, TARGET, saliency, replacement=0.25)
    np.testing.assert_allclose(removed.y[:, 0], whole, atol=1e-6)
    np.testing.assert_allclose(removed.y[:, -1], 0.25, atol=1e-6)
    shown = insertion(model, images, TARGET, saliency)
    np.testing.assert_allclose(shown.y[:, -1], whole, atol=1e-6)
    np.testing.assert_allclose(shown.y[:, 0], blurred(images).mean(axis=(1, 2, 3)), atol=1e-5)
    shown = insertion(model, images, TARGET, saliency, replacement=np.array([0.1, 0.2, 0.6]))
    np.testing.assert_allclose(shown.y[:, 0], 0.3, atol=1e-6)
    # On the mean colour the probability stays: the model answers the mean.
    removed = deletion(model, images, TARGET, saliency, replacement="mean")
    np.testing.assert_allclose(removed.y[:, -1], whole, atol=1e-6)


def test_equal_pixels_come_in_a_seeded_order_without_a_side(model, images):
    flat = np.zeros((3, *SIZE))
    one, two, other = (
        deletion(model, images, TARGET, flat, steps=4, seed=seed).y for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 0
    # A random half of the pixels holds about half of the sum.
    np.testing.assert_allclose(one[:, 2], one[:, 0] / 2, atol=0.05)


def test_area_is_the_trapezoids():
    curve = Curve(np.array([0, 0.5, 1]), np.array([[0, 1, 1.0], [1, 1, 1]]))
    np.testing.assert_allclose(curve.area, [0.75, 1])


@pytest.fixture(scope="module")
def scene():
    """Information everywhere (dim noise), the probability in a bright patch."""
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 60, (2, *SIZE, 3)).astype(np.uint8)
    pixels[:, 3:8, 4:10] = rng.integers(150, 256, (2, 5, 6, 3))
    return pixels


@pytest.fixture(scope="module")
def peak():
    """Its probability of class 0 is the brightest input: high once a bright pixel shows."""
    inputs = keras.Input((*SIZE, 3))
    brightest = keras.ops.max(inputs, axis=(1, 2, 3))[:, None]
    return keras.Model(inputs, keras.ops.concatenate([brightest, 1 - brightest], axis=1))


def test_information_curves_reward_the_right_map(peak, scene):
    good = scene.mean(axis=-1)
    settings = {"preprocessing": PREPROCESSING, "blur": 0.3}
    target = np.zeros(2, int)
    softmax, accuracy = information_curves(peak, scene, target, good, **settings)
    wrong_softmax, wrong_accuracy = information_curves(peak, scene, target, -good, **settings)
    assert (softmax.area > wrong_softmax.area).all()
    assert (accuracy.area > wrong_accuracy.area).all()
    for curve in (softmax, accuracy):
        assert (np.diff(curve.y) >= 0).all()
        assert curve.y.min() >= 0
        np.testing.assert_allclose(curve.y[:, -1], 1)
    assert softmax.y[:, 0].max() < 1


def test_information_curve_in_closed_form(peak, scene):
    """With one stop on the way, the curve is two straight lines through known points."""
    share = FRACTIONS[-4]
    good = scene.mean(axis=-1) + np.linspace(0, 1e-3, 192).reshape(SIZE)
    found, _ = information_curves(
        peak,
        scene,
        np.zeros(2, int),
        good,
        preprocessing=PREPROCESSING,
        blur=0.3,
        fractions=(share,),
        points=11,
    )
    start = blurred(scene.astype(np.float32), 0.3).round().astype(np.uint8)
    for i in range(2):
        cut = np.sort(good[i].ravel())[::-1][round(share * 192) - 1]
        half = np.where((good[i] >= cut)[..., None], scene[i], start[i])
        size = [curves._compressed(frame) for frame in (start[i], half, scene[i])]
        where = np.clip((size[1] - size[0]) / (size[2] - size[0]), 0, 1)
        peaks = [frame.max() / 255 for frame in (start[i], half, scene[i])]
        height = (peaks[1] - peaks[0]) / (peaks[2] - peaks[0])
        expected = np.interp(found.x, [0, where, 1], [0, height, 1])
        np.testing.assert_allclose(found.y[i], expected, atol=1e-4)


def test_images_without_a_curve_are_nan(peak):
    blank = np.full((1, *SIZE, 3), 90, np.uint8)
    softmax, accuracy = information_curves(
        peak, blank, np.zeros(1, int), np.zeros((1, *SIZE)), preprocessing=PREPROCESSING
    )
    assert np.isnan(softmax.area).all()
    assert np.isnan(accuracy.area).all()


def test_bad_input_is_named(model, images):
    with pytest.raises(SmugError, match="saliency maps have shape"):
        deletion(model, images, TARGET, np.zeros((3, 4, 4)))
    with pytest.raises(SmugError, match="NaN"):
        insertion(model, images, TARGET, np.full((3, *SIZE), np.nan))
    with pytest.raises(SmugError, match="steps=0"):
        deletion(model, images, TARGET, np.zeros((3, *SIZE)), steps=0)
    with pytest.raises(SmugError, match="uint8"):
        information_curves(model, images, TARGET, np.zeros((3, *SIZE)), preprocessing=PREPROCESSING)
