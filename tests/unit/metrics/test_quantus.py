"""Measures against values of Quantus 0.6.0, made once by ``tests/fixtures/make_quantus.py``."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from smug import metrics
from smug.metrics.removal import contributions_of, falls, patches, removal_error
from smug.metrics.sanity import similarity
from smug.metrics.stability import complexity_rise, smoothed

MADE = json.loads((Path(__file__).parents[2] / "fixtures" / "quantus.json").read_text("utf-8"))
VALUES = {name: np.array(value, float) for name, value in MADE["values"].items()}
X, TARGET = np.array(MADE["x"]), np.array(MADE["target"])
MAPS, SIGNED, INSIDE = (np.array(MADE[name]) for name in ("maps", "signed", "inside"))


@pytest.fixture(scope="module")
def model():
    made = keras.Sequential(
        [
            keras.Input((8, 8), dtype="float64"),
            keras.layers.Flatten(dtype="float64"),
            keras.layers.Dense(6, "tanh", dtype="float64"),
            keras.layers.Dense(4, "softmax", dtype="float64"),
        ]
    )
    made.set_weights([np.array(weight) for weight in MADE["weights"]])
    return made


@pytest.fixture
def old_draws(monkeypatch):
    """Draws of NumPy's old generator, from the seed that the fixture was made with."""
    monkeypatch.setattr(np.random, "default_rng", np.random.RandomState)
    return MADE["seed"]


def gradients_of(weights):
    first, bias, last, _ = map(np.array, weights)

    def explain(x, target):
        inner = np.tanh(x.reshape(len(x), -1) @ first + bias)
        return (((1 - inner**2) * last[:, target].T) @ first.T).reshape(x.shape)

    return explain


explain, untrained = gradients_of(MADE["weights"]), gradients_of(MADE["untrained"])


def test_the_values_are_of_the_version_that_the_docs_name():
    assert MADE["quantus"] == "0.6.0"


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("pointing_game", {"tolerance": 0}),
        ("relevance_mass_accuracy", {}),
        ("relevance_rank_accuracy", {}),
    ],
)
def test_localisation(name, settings):
    found = getattr(metrics, name)(MAPS, INSIDE, **settings)
    np.testing.assert_allclose(found, VALUES[name], rtol=1e-12)


def test_concentration_but_for_what_quantus_adds_to_the_scores():
    np.testing.assert_allclose(metrics.sparseness(SIGNED), VALUES["sparseness"], rtol=1e-5)
    np.testing.assert_allclose(metrics.complexity(SIGNED), VALUES["complexity"], rtol=1e-8)


def test_faithfulness_correlation_of_the_same_subsets(model, old_draws):
    for i in range(len(X)):
        found = metrics.faithfulness_correlation(
            *(model, X[i : i + 1], TARGET[i : i + 1], SIGNED[i : i + 1]),
            subset=10,
            runs=20,
            seed=old_draws,
        )
        np.testing.assert_allclose(found, VALUES["faithfulness_correlation"][i], rtol=1e-5)


def test_infidelity_of_patches_that_stay_removed_as_quantus_has_them(model):
    for i, one in enumerate(X):
        removed = np.cumsum(list(patches((8, 8), 4)), axis=0).astype(bool)
        black = np.zeros_like(one)
        fell = falls(model, one, black, TARGET[i], removed)
        said = contributions_of(SIGNED[i], one, black)
        found = removal_error(said, removed, fell)
        np.testing.assert_allclose(found, VALUES["infidelity"][i], rtol=1e-7)


def test_road_without_noise(model):
    shares = tuple(percentage / 100 for percentage in MADE["road_percentages"])
    _, correct = metrics.road(model, X, TARGET, MAPS, shares=shares, noise=0.0)
    np.testing.assert_array_equal(correct.y, VALUES["road"])
    assert 0 < correct.y.mean() < 1


def test_max_sensitivity_of_the_same_noise(old_draws):
    found = metrics.max_sensitivity(explain, X, TARGET, draws=12, seed=old_draws, batch_size=5)
    np.testing.assert_allclose(found, VALUES["max_sensitivity"], rtol=1e-9)


def test_random_logit_by_rank_correlation(model):
    _, spearman = metrics.random_logit(
        explain, model, X, TARGET, other=np.array(MADE["off_target"])
    )
    np.testing.assert_allclose(spearman, VALUES["random_logit"], rtol=1e-9)


def test_rise_of_complexity_of_an_untrained_network():
    found = complexity_rise(explain(X, TARGET), untrained(X, TARGET))
    np.testing.assert_allclose(found, VALUES["efficient_mprt"], rtol=1e-9)


def test_smoothed_maps(old_draws):
    before = explain(X, TARGET)
    smooth = smoothed(explain, X, TARGET, draws=5, noise=0.1, seed=old_draws)
    for i, value in enumerate(VALUES["smoothed"]):
        # Quantus takes the magnitude of the map, and of the mean over the noise.
        np.testing.assert_allclose(similarity(before[i], smooth[i])[1], value, rtol=1e-9)
    after = untrained(X, TARGET)
    found = [similarity(one, other)[1] for one, other in zip(before, after, strict=True)]
    np.testing.assert_allclose(found, VALUES["smooth_mprt"], rtol=1e-9)
