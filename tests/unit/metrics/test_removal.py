import keras
import numpy as np
import pytest

from smug.errors import SmugError
from smug.metrics import faithfulness_correlation, infidelity, road
from smug.metrics.imputation import imputed
from smug.metrics.removal import patches

SIZE = (9, 10)


@pytest.fixture(scope="module")
def weights():
    return np.random.default_rng(1).standard_normal((*SIZE, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def linear(weights):
    """Its first output is linear in the image."""
    inputs = keras.Input((*SIZE, 3))
    score = keras.ops.sum(inputs * weights, axis=(1, 2, 3))[:, None]
    return keras.Model(inputs, keras.ops.concatenate([score, -score, 0 * score], axis=1))


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            keras.Input((*SIZE, 3)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((2, *SIZE, 3)).astype(np.float32)


TARGET = np.array([0, 1])
SIGN = np.array([1, -1])[:, None, None, None]


def test_contributions_of_a_linear_model_are_faithful(linear, weights, images):
    contributions = (SIGN * weights * images).sum(axis=-1)
    found = faithfulness_correlation(linear, images, TARGET, contributions, subset=12, runs=10)
    np.testing.assert_allclose(found, 1, atol=1e-6)
    error = infidelity(linear, images, TARGET, contributions, contributions=True)
    np.testing.assert_allclose(error, 0, atol=1e-8)
    error = infidelity(linear, images, TARGET, SIGN * weights * np.ones_like(images))
    np.testing.assert_allclose(error, 0, atol=1e-8)
    # Another baseline moves the contributions.
    about = (SIGN * weights * (images - 0.5)).sum(axis=-1)
    found = faithfulness_correlation(
        linear, images, TARGET, about, subset=12, runs=10, replacement=0.5
    )
    np.testing.assert_allclose(found, 1, atol=1e-6)


def test_a_scaled_map_may_have_any_unit(linear, weights, images):
    maps = 1000 * (SIGN * weights * images).sum(axis=-1)
    kinds = [
        infidelity(linear, images, TARGET, maps, contributions=True, scaled=scaled)
        for scaled in (False, True)
    ]
    assert (kinds[0] > 1).all()
    np.testing.assert_allclose(kinds[1], 0, atol=1e-8)


def plain_score(model, one, target):
    return float(np.asarray(model(one[None]))[0, target])


def test_both_are_those_of_the_plain_loop(network, images):
    rng = np.random.default_rng(5)
    maps = rng.standard_normal((2, *SIZE))
    found = faithfulness_correlation(network, images, TARGET, maps, subset=20, runs=30, seed=4)
    errors = infidelity(network, images, TARGET, maps, patch=4)
    for i, (one, values, target) in enumerate(zip(images, maps, TARGET, strict=True)):
        draws, sums, falls = np.random.default_rng(4), [], []
        for _ in range(30):
            chosen = draws.choice(90, 20, replace=False)
            less = one.reshape(90, 3).copy()
            less[chosen] = 0
            sums.append(values.ravel()[chosen].sum())
            left = plain_score(network, less.reshape(one.shape), target)
            falls.append(plain_score(network, one, target) - left)
        np.testing.assert_allclose(found[i], np.corrcoef(sums, falls)[0, 1], atol=1e-4)
        squares = []
        for top in (0, 4, 8):
            for left in (0, 4, 8):
                less = one.copy()
                less[top : top + 4, left : left + 4] = 0
                fall = plain_score(network, one, target) - plain_score(network, less, target)
                squares.append(((values[..., None] * (one - less)).sum() - fall) ** 2)
        np.testing.assert_allclose(errors[i], np.mean(squares), rtol=1e-4)


def test_the_size_of_the_batches_changes_nothing(network, images):
    maps = np.random.default_rng(5).standard_normal((2, *SIZE))
    for measure, settings in ((faithfulness_correlation, {"subset": 20}), (infidelity, {})):
        one, many = (
            measure(network, images, TARGET, maps, **settings, batch_size=size) for size in (1, 64)
        )
        np.testing.assert_allclose(one, many, atol=1e-5)


def test_a_map_that_says_the_same_of_everything_has_no_correlation(network, images):
    found = faithfulness_correlation(network, images, TARGET, np.ones((2, *SIZE)), subset=5)
    assert np.isnan(found).all()


def test_words_are_removed_whole():
    inputs = keras.Input((6, 2))
    model = keras.Model(inputs, keras.ops.sum(inputs, axis=(1, 2))[:, None])
    x = np.random.default_rng(0).random((1, 6, 2)).astype(np.float32)
    found = faithfulness_correlation(
        model, x, [1], (x - x.mean(axis=1)).sum(axis=-1), subset=2, runs=8, replacement="mean"
    )
    np.testing.assert_allclose(found, 1, atol=1e-6)


def test_patches_cover_every_position_once():
    found = np.array(list(patches((5, 7), 3)))
    assert len(found) == 6
    assert (found.sum(axis=0) == 1).all()


def test_pixels_filled_in_are_the_mean_of_their_neighbours():
    rng = np.random.default_rng(2)
    one, removed = rng.random((7, 8, 2)), rng.random((7, 8)) < 0.6
    made = imputed(one, removed)
    np.testing.assert_array_equal(made[~removed], one[~removed])
    for y, x in np.argwhere(removed):
        total, weights = 0, 0
        for down in (-1, 0, 1):
            for across in (-1, 0, 1):
                inside = 0 <= y + down < 7 and 0 <= x + across < 8
                if (down or across) and inside:
                    weight = 1 / 12 if down and across else 1 / 6
                    total += weight * made[y + down, x + across]
                    weights += weight
        np.testing.assert_allclose(made[y, x], total / weights, atol=1e-12)


def test_a_plane_is_filled_in_exactly():
    plane = np.add.outer(np.arange(9.0), 2 * np.arange(10.0))
    removed = np.zeros((9, 10), bool)
    removed[2:6, 3:8] = True
    np.testing.assert_allclose(imputed(plane, removed), plane, atol=1e-10)
    with pytest.raises(SmugError, match="every pixel"):
        imputed(plane, np.ones((9, 10), bool))


def test_road_removes_the_most_or_the_least_salient_pixels(network, images):
    maps = np.random.default_rng(5).standard_normal((2, *SIZE))
    shares = (0.2, 0.6)
    for least_first in (False, True):
        score, correct = road(
            network, images, TARGET, maps, shares=shares, least_first=least_first, seed=6
        )
        for i, (one, values) in enumerate(zip(images, maps, strict=True)):
            order = np.argsort(values if least_first else -values, axis=None)
            noise = 0.01 * np.random.default_rng(6).standard_normal(one.shape)
            for j, count in enumerate((18, 54)):
                removed = np.isin(np.arange(90), order[:count]).reshape(SIZE)
                frame = imputed(one, removed) + removed[..., None] * noise
                answer = np.asarray(network(frame[None].astype(np.float32)))[0]
                np.testing.assert_allclose(score.y[i, j], answer[TARGET[i]], atol=1e-5)
                assert correct.y[i, j] == (answer.argmax() == TARGET[i])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"subset": 90}, "subset=90 of 90 positions"),
        ({"runs": 2}, "runs=2"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"saliency": np.zeros((2, 3))}, "give a score to each position"),
        ({"target": [0, 5]}, "target 5 is outside"),
    ],
)
def test_what_does_not_fit_is_refused(network, images, settings, said):
    given = {"target": TARGET, "saliency": np.zeros((2, *SIZE)), "subset": 5} | settings
    with pytest.raises(SmugError, match=said):
        faithfulness_correlation(network, images, **given)


@pytest.mark.parametrize("shares", [(), (0.0, 0.5), (0.5, 0.2), (0.5, 1.0), (0.5, 0.5)])
def test_shares_that_do_not_rise_are_refused(network, images, shares):
    with pytest.raises(SmugError, match="do not rise"):
        road(network, images, TARGET, np.zeros((2, *SIZE)), shares=shares)
