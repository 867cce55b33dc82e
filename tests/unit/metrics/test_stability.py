import keras
import numpy as np
import pytest

import smug
from smug import metrics
from smug.errors import SmugError
from smug.metrics.sanity import levels

X = np.random.default_rng(0).random((2, 12, 12, 1)).astype(np.float32)
TARGET = np.array([0, 2])


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(5, activation="softmax"),
        ]
    )


@pytest.fixture
def explain(model):
    return lambda x, target: smug.explain(model, x, target, method="gradients").saliency()


def test_sensitivity_of_the_input_itself_is_that_of_the_loop():
    maps = metrics.max_sensitivity(lambda x, target: x[..., 0], X, TARGET, radius=0.1, draws=7)
    for one, found in zip(X, maps, strict=True):
        noises = np.random.default_rng(0).uniform(-0.1, 0.1, (7, *one.shape))
        farthest = max(np.linalg.norm(noise) for noise in noises)
        np.testing.assert_allclose(found, farthest / np.linalg.norm(one), rtol=1e-5)


def test_noise_comes_in_batches_and_in_the_same_draws():
    sizes = []

    def explain(x, target):
        sizes.append(len(x))
        assert len(target) == len(x)
        return x[..., 0]

    found = [metrics.max_sensitivity(explain, X, TARGET, draws=7, batch_size=s) for s in (3, 50)]
    np.testing.assert_allclose(found[0], found[1])
    assert max(sizes[:8]) == 3


def test_a_map_that_never_changes_fails_every_test_of_change(model):
    still = metrics.max_sensitivity(lambda x, target: np.ones(x.shape[:3]), X, TARGET, draws=3)
    assert still.tolist() == [0, 0]
    fixed = np.random.default_rng(1).random((2, 12, 12))
    for similarity in metrics.random_logit(lambda x, target: fixed, model, X, TARGET):
        np.testing.assert_allclose(similarity, 1)
    assert metrics.efficient_mprt(lambda x, target: fixed, model, X, TARGET).tolist() == [0, 0]
    _, spearman = metrics.smooth_mprt(lambda x, target: fixed, model, X, TARGET, draws=2)
    np.testing.assert_allclose(spearman, np.ones((2, 2)))
    zero = metrics.max_sensitivity(lambda x, target: np.zeros(x.shape[:3]), X, TARGET, draws=3)
    assert np.isnan(zero).all()


def test_the_other_class_is_never_the_target(model):
    asked = []

    def explain(x, target):
        asked.append(target)
        return np.arange(x[..., 0].size).reshape(x.shape[:3]) % 7.0

    for seed in range(20):
        metrics.random_logit(explain, model, X, TARGET, seed=seed)
    others = np.array(asked[1::2])
    assert (others != TARGET).all()
    assert set(others.ravel()) == set(range(5))
    with pytest.raises(SmugError, match="holds the target itself for input 1"):
        metrics.random_logit(explain, model, X, TARGET, other=np.array([1, 2]))
    two = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with pytest.raises(SmugError, match="needs 3 classes"):
        metrics.random_logit(explain, two, np.zeros((1, 4)), np.array([0]))


def test_maps_depend_on_class_and_weights_and_the_weights_come_back(model, explain):
    before = model.get_weights()
    _, other = metrics.random_logit(explain, model, X, TARGET)
    assert (other < 0.99).all()
    ssim, spearman = metrics.smooth_mprt(explain, model, X, TARGET, draws=3)
    assert ssim.shape == spearman.shape == (2, 2)
    assert (spearman < 0.9).all()
    rise = metrics.efficient_mprt(explain, model, X, TARGET)
    assert np.isfinite(rise).all()
    assert (rise != 0).all()
    for weight, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, kept)


def test_levels_from_the_input_up(model):
    dense, convolution = model.layers[-1], model.layers[0]
    found = levels(model, order="bottom_up")
    assert [level.layers for level in found] == [(convolution,), (convolution, dense)]
    assert [level.layers[0] for level in levels(model)] == [dense, dense]


def test_integers_take_no_noise():
    with pytest.raises(SmugError, match="noise needs floats"):
        metrics.max_sensitivity(lambda x, target: x, np.zeros((1, 4), int), TARGET[:1])


def test_every_measure_is_at_hand_under_its_name():
    for name in metrics.__all__:
        assert getattr(metrics, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        metrics.nothing  # noqa: B018 - looking it up is the test
