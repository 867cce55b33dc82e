"""Masks on which the network itself keeps its class: least demand, confirmed by forward passes."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from scipy import ndimage

import smug
from smug.attribution.sufficient import FACTOR, sufficient_mask
from smug.errors import SmugError
from tests.drawn import drawn

layers = keras.layers


@pytest.fixture(scope="module")
def case():
    keras.utils.set_random_seed(4)
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(6, 3, activation="relu", use_bias=False),
            layers.Conv2D(6, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(4, activation="softmax", kernel_initializer="he_uniform"),
        ]
    )
    model.layers[-1].kernel.assign(8 * model.layers[-1].kernel)
    return model, np.random.default_rng(0).random((2, 16, 16, 3), np.float32)


def outputs(model, x, target):
    return np.asarray(model(x.astype(np.float32)))[np.arange(len(x)), target]


@pytest.mark.parametrize("replacement", ["zero", "mean"])
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_the_network_keeps_its_share_on_the_kept_pixels(case, replacement):
    model, x = case
    made = smug.explain(
        model, x, top_k=20, window=2, steps=10, sufficient=0.9, replacement=replacement
    )
    mask, instead = made.mask[..., None], 0.0
    if replacement == "mean":
        instead = x.mean(axis=(1, 2), keepdims=True)
    kept = outputs(model, np.where(mask, x, instead), made.target)
    removed = outputs(model, np.where(mask, instead, x), made.target)
    np.testing.assert_allclose(made.solver["kept_score"], kept, atol=1e-5)
    np.testing.assert_allclose(made.solver["removed_score"], removed, atol=1e-5)
    assert (kept >= 0.9 * made.score - 1e-5).all()
    assert made.solver["confirmed"].all()
    assert (made.solver["status"] == "optimal").all()
    # The demand that is reported gives that mask's size again.
    for i in range(len(x)):
        again = smug.explain(
            model,
            x[i],
            top_k=int(made.solver["top_k"][i]),
            gamma=float(made.solver["gamma"][i]),
            window=2,
            steps=10,
            replacement=replacement,
        )
        assert again.solver["objective"][0] == made.solver["objective"][i]


def test_a_demand_that_is_more_than_enough_is_lowered(case):
    model, x = case
    few = smug.explain(model, x[:1], top_k=1000, window=2, steps=10, sufficient=0.3)
    many = smug.explain(model, x[:1], top_k=1000, window=2, steps=10)
    assert few.solver["kept_score"][0] >= 0.3 * few.score[0]
    assert few.solver["top_k"][0] < 1000
    assert few.mask.sum() < many.mask.sum()


def test_a_share_that_no_demand_reaches_is_read_off_the_kept_score(case):
    model, x = case
    target = np.asarray(model(x[:1])).argmin(axis=1)
    made = smug.explain(model, x[:1], target, top_k=5, window=8, steps=10, sufficient=1.0)
    whole = outputs(model, x[:1], target)
    kept = outputs(model, np.where(made.mask[..., None], x[:1], 0), target)
    np.testing.assert_allclose(made.solver["kept_score"], kept, atol=1e-5)
    assert made.solver["gamma"][0] > 0 or (kept >= whole - 1e-5).all()


def test_a_share_of_a_score_below_zero_is_that_of_the_way_from_nothing():
    model = drawn(
        keras.Sequential(
            [keras.Input((12,)), layers.Dense(16, activation="relu"), layers.Dense(2)]
        ),
        54,
    )
    model.layers[-1].bias.assign([-100.0, -100.0])
    x = np.random.default_rng(0).random((1, 12), np.float32)
    made = smug.explain(model, x, 1, sufficient=0.9, steps=10)
    score, nothing, kept = (
        np.asarray(model(some))[0, 1] for some in (x, 0 * x, np.where(made.mask, x, 0))
    )
    assert nothing < score < 0
    assert kept >= nothing + 0.9 * (score - nothing) - 1e-4
    assert 0 < made.mask.sum() < 12


@pytest.mark.parametrize("replacement", ["zero", "mean", "blur"])
def test_replaced_pixels_of_an_image_that_the_model_crops_are_those_of_the_crop(replacement):
    keras.utils.set_random_seed(1)
    cropped = keras.Sequential(
        [
            keras.Input((12, 12, 2)),
            layers.Cropping2D(((2, 0), (0, 3))),
            layers.Conv2D(5, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    x = np.random.default_rng(1).random((1, 12, 12, 2), np.float32)
    made = smug.explain(
        cropped, x, top_k=60, gamma=0.95, window=2, steps=10, replacement=replacement
    )
    instead = 0.0 * x
    if replacement == "mean":
        instead = instead + x[:, 2:, :-3].mean(axis=(1, 2), keepdims=True)
    if replacement == "blur":
        for channel in range(2):
            instead[0, 2:, :-3, channel] = ndimage.gaussian_filter(
                x[0, 2:, :-3, channel].astype(np.float64), 0.05 * 10, mode="nearest"
            )
    mask = made.mask[..., None]
    assert 0 < mask.mean() < 1
    kept = outputs(cropped, np.where(mask, x, instead), made.target)
    removed = outputs(cropped, np.where(mask, instead, x), made.target)
    np.testing.assert_allclose(made.solver["kept_score"], kept, atol=1e-5)
    np.testing.assert_allclose(made.solver["removed_score"], removed, atol=1e-5)
    assert made.solver["confirmed"].all()


def searched(enough, *, top_k=100, most=1000, fewest=1):
    """Demands that the search tries; ``enough(top_k, gamma)`` says when the network agrees."""
    tried = []

    def solve(k, gamma, start):
        tried.append((k, gamma))
        if k < fewest:
            raise SmugError("none of the chosen nodes has a positive response")
        return SimpleNamespace(found=True, mask=None, demand=(k, gamma))

    found, *demand = sufficient_mask(
        solve, lambda found: enough(*found.demand), top_k, 0.0, 1e-4, most
    )
    assert found.demand == tuple(demand)
    return tuple(demand), tried


@pytest.mark.parametrize("least", [1, 3, 40, 100, 101, 337, 999, 1000])
def test_the_number_of_nodes_is_found_up_to_a_factor(least):
    (k, gamma), tried = searched(lambda k, gamma: k >= least)
    assert least <= k <= max(FACTOR * least, least + 1)
    assert gamma == 0
    assert len(tried) == len(set(tried))


def test_gamma_rises_where_all_nodes_are_not_enough():
    (k, gamma), _ = searched(lambda k, gamma: k == 1000 and gamma >= 0.6)
    assert k == 1000
    assert 0.6 <= gamma <= 0.63


def test_nothing_is_enough_and_the_last_demand_is_told():
    demand, _ = searched(lambda k, gamma: False)
    assert demand == (1000, 0.98)


def test_too_few_nodes_for_a_mask_end_the_search_downwards_and_not_the_call():
    (k, _), _ = searched(lambda k, gamma: True, fewest=20)
    assert 20 <= k <= 25
    with pytest.raises(SmugError, match="positive response"):
        searched(lambda k, gamma: True, fewest=200)
