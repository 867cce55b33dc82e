"""Masks in the jobs' files are confirmed by the network, and damaged ones are noticed."""

from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

from smug.models.registry import Network
from smug.pipeline.attribute import attribute_shard
from smug.pipeline.confirm import Confirmer
from smug.pipeline.solve_masks import solve_shard
from tests.unit.pipeline.test_solve_masks import METHOD, SOLVER

ATTRIBUTION = SimpleNamespace(
    steps=10, rule="riemann", batch_size=10, adaptive=False, tolerance=0.02, settled_top_k=8
)


def scaled(pixels):
    return np.asarray(pixels, np.float32) / 255


def images():
    inputs = keras.Input((9, 8, 3))
    maps = layers.Conv2D(4, 3, use_bias=True, bias_initializer="random_normal")(inputs)
    maps = layers.Activation("relu")(layers.BatchNormalization()(maps))
    model = keras.Model(inputs, layers.Dense(3, "softmax")(layers.Flatten()(maps)))
    pixels = np.random.default_rng(0).integers(0, 256, (3, 9, 8, 3)).astype(np.uint8)
    return model, Network(scaled, (0.0, 1.0)), pixels


def digits():
    inputs = keras.Input((6, 6))
    hidden = layers.Dense(12, "relu")(layers.Flatten()(inputs))
    model = keras.Model(inputs, layers.Dense(3, "softmax")(hidden))
    pixels = np.random.default_rng(1).integers(0, 256, (3, 6, 6)).astype(np.uint8)
    return model, Network(scaled, (0.0, 1.0)), pixels


def words():
    ids = keras.Input((9,), dtype="int32")
    maps = layers.Conv1D(6, 3, activation="relu")(layers.Embedding(20, 4)(ids))
    model = keras.Model(ids, layers.Dense(2, "softmax")(layers.GlobalMaxPooling1D()(maps)))
    tokens = np.random.default_rng(2).integers(1, 20, (3, 9))
    tokens[:, :3] = 0
    return model, Network(lambda ids: np.asarray(ids, np.int32), (0.0, 0.0), padding_id=0), tokens


def explained(build, **changed):
    """Attributed and solved inputs of a network, its judge and the settings."""
    keras.utils.set_random_seed(0)
    model, network, inputs = build()
    data = SimpleNamespace(
        ids=np.array(["a", "b", "c"]), inputs=inputs, labels=np.zeros(3, int), generated=True
    )
    shard, _ = attribute_shard(model, data, network, ATTRIBUTION)
    window = 1 if build is words else 2
    method = SimpleNamespace(**{**vars(METHOD), "window": window, "top_k": 8, **changed})
    solved = solve_shard(shard, method, SOLVER)
    assert solved.status.tolist() == ["optimal"] * 3
    return Confirmer(model, network), shard, solved, vars(method)


@pytest.mark.parametrize("build", [images, digits, words])
@pytest.mark.parametrize("changed", [{}, {"gamma": 0.7}, {"gamma": 0.7, "replacement": "mean"}])
def test_masks_are_confirmed_and_one_window_less_is_not(build, changed):
    confirmer, shard, solved, method = explained(build, **changed)
    assert confirmer.confirmed(shard, solved, method).tolist() == [True] * 3
    # Without any of its windows a smallest mask breaks a row: it would not be the smallest.
    masks = solved.masks.copy()
    side = method["window"]
    corner = np.argwhere(masks[1])[0] // side * side
    masks[1][tuple(slice(start, start + side) for start in corner)] = False
    smaller = replace(solved, masks=masks)
    assert confirmer.confirmed(shard, smaller, method).tolist() == [True, False, True]
    # Also where the files count one window less.
    counted = replace(smaller, objective=solved.objective - [0, 1, 0])
    assert confirmer.confirmed(shard, counted, method).tolist() == [True, False, True]


def test_a_mask_that_grew_and_one_that_is_missing_are_not_confirmed():
    confirmer, shard, solved, method = explained(images)
    masks = solved.masks.copy()
    masks[0] = True
    objective = solved.objective.copy()
    objective[2], masks[2] = np.inf, False
    damaged = replace(solved, masks=masks, objective=objective)
    assert confirmer.confirmed(shard, damaged, method).tolist() == [False, True, False]
    none = replace(damaged, objective=np.full(3, np.inf))
    assert not confirmer.confirmed(shard, none, method).any()


def test_masks_of_another_network_are_not_confirmed():
    confirmer, shard, solved, method = explained(images)
    kernel = confirmer.model.layers[1].kernel
    kernel.assign(kernel * 1.1)
    assert not confirmer.confirmed(shard, solved, method).any()
    other, _, _, _ = explained(digits)
    other = Confirmer(other.model, Network(lambda pixels: scaled(pixels)[:, :6, :6, 0], (0.0, 1.0)))
    assert not other.confirmed(shard, solved, method).any()


def test_a_mask_of_the_whole_network_keeps_the_class():
    confirmer, shard, solved, method = explained(digits, encoding="network", window=1)
    assert confirmer.confirmed(shard, solved, method).tolist() == [True] * 3
    kept = scaled(shard.images) * solved.masks
    assert np.asarray(confirmer.model(kept)).argmax(axis=1).tolist() == shard.target.tolist()
    # Where pixels become the mean, so do those of the network's pass.
    confirmer, shard, solved, method = explained(
        digits, encoding="network", window=1, replacement="mean"
    )
    assert confirmer.confirmed(shard, solved, method).tolist() == [True] * 3
    wrong = replace(shard, target=(shard.target + 1) % 3)
    assert not confirmer.confirmed(wrong, solved, method).any()
