"""SMUG's chain on arrays."""

import numpy as np
import pytest

from smug.errors import SmugError
from smug.masks import linear, minimal
from smug.masks.linear import LinearMap
from smug.masks.minimal import ChosenNodes, minimal_mask
from smug.masks.problem import Status
from smug.masks.saliency import base_mask, smug_saliency

RNG = np.random.default_rng(0)
LAYER = LinearMap(
    name="conv",
    kind="conv2d",
    kernel=RNG.normal(size=(3, 3, 1, 4)),
    bias=np.zeros(4),
    spatial=(8, 8),
    output_shape=(6, 6, 4),
    strides=(1, 1),
    dilation=(1, 1),
    pads=(0, 0),
)
X, VALUES = RNG.random((8, 8, 1)), RNG.normal(size=(6, 6, 4))
PADDING = np.zeros((8, 8), bool)
SETTINGS = {"top_k": 12, "gamma": 0.4, "window": 2}


def test_a_mask_is_found_on_the_input_with_the_nodes_it_was_made_for():
    found = minimal_mask(LAYER, X, VALUES, PADDING, **SETTINGS)
    assert found.found
    assert found.solution.status is Status.OPTIMAL
    assert found.chosen.nodes.tolist() == np.argsort(-VALUES.ravel(), kind="stable")[:12].tolist()
    assert found.mask.shape == (8, 8)
    assert found.mask.sum() == 4 * found.solution.objective
    np.testing.assert_array_equal(found.masks[0], found.mask)


def test_several_masks_differ_and_are_of_one_size():
    found = minimal_mask(LAYER, X, VALUES, PADDING, solutions=3, **SETTINGS)
    assert len({mask.tobytes() for mask in found.masks}) == len(found.masks)
    assert {int(mask.sum()) for mask in found.masks} == {int(found.mask.sum())}


def test_a_start_over_the_input_reaches_the_solver_as_windows(monkeypatch):
    harder = minimal_mask(LAYER, X, VALUES, PADDING, **SETTINGS | {"gamma": 0.6})
    starts = []

    def watched(problem, *, start, **settings):
        starts.append((problem, start))
        return solve(problem, start=start, **settings)

    solve = minimal.solve
    monkeypatch.setattr(minimal, "solve", watched)
    minimal_mask(LAYER, X, VALUES, PADDING, start=harder.mask, **SETTINGS)
    ((problem, start),) = starts
    np.testing.assert_array_equal(problem.grid_mask(start), harder.mask[::2, ::2])


def test_padding_is_no_part_of_the_mask():
    padding = PADDING.copy()
    padding[:, :2] = True
    found = minimal_mask(LAYER, X, VALUES, padding, **SETTINGS)
    assert not found.mask[padding].any()
    assert not found.chosen.base_mask(2)[padding].any()


def test_receptive_fields_are_computed_once_for_mask_and_scores(monkeypatch):
    calls = []

    def counted(layer, nodes):
        calls.append(nodes)
        return linear.receptive_fields(layer, nodes)

    for module in ("minimal", "encode", "saliency"):
        monkeypatch.setattr(f"smug.masks.{module}.receptive_fields", counted)
    found = minimal_mask(LAYER, X, VALUES, PADDING, **SETTINGS)
    base = found.chosen.base_mask(2)
    scores = found.chosen.scores(base, scoring="sum")
    assert len(calls) == 1
    nodes = found.chosen.nodes
    np.testing.assert_array_equal(base, base_mask(LAYER, nodes, 2, PADDING))
    np.testing.assert_array_equal(scores, smug_saliency(LAYER, VALUES, nodes, base))


def test_nodes_chosen_before_give_the_same_scores():
    top = ChosenNodes.top(LAYER, VALUES, PADDING, 12)
    again = ChosenNodes.of(LAYER, VALUES, PADDING, top.nodes)
    mask = again.base_mask(1)
    np.testing.assert_array_equal(
        again.scores(mask, scoring="max"), top.scores(mask, scoring="max")
    )


def test_settings_that_do_not_fit_are_named():
    with pytest.raises(SmugError, match=r"top_k=999 is outside \[1, 144\]"):
        minimal_mask(LAYER, X, VALUES, PADDING, **SETTINGS | {"top_k": 999})
    with pytest.raises(SmugError, match=r"margin=0 is outside \(0, 1\]"):
        minimal_mask(LAYER, X, VALUES, PADDING, margin=0, **SETTINGS)
