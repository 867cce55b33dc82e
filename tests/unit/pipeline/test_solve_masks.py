"""Shards of inputs, solved: what the workflow's jobs hand to each other."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

from smug.errors import SmugError
from smug.masks.linear import LinearMap, contributions, receptive_fields
from smug.masks.origin import Origin
from smug.pipeline.shards import AttributedShard, SolvedShard
from smug.pipeline.solve_masks import solve_shard

METHOD = SimpleNamespace(
    encoding="first_layer",
    top_k=4,
    gamma=0.3,
    margin=1e-4,
    window=2,
    response="auto",
    ranking="integrated_gradients",
    replacement="zero",
    delta=0.0,
)
SOLVER = SimpleNamespace(name="highs", timeout=20.0, threads=1, seed=0)


@pytest.fixture
def shard():
    """Three inputs of a dense network 6×6–5–3; nothing is attributed to the last one."""
    rng = np.random.default_rng(0)
    kernels = (rng.normal(size=(36, 5)), rng.normal(size=(5, 3)))
    biases = (rng.normal(size=5), np.zeros(3))
    inputs = rng.random((3, 6, 6)).astype(np.float32)
    hidden = inputs.reshape(3, -1) @ kernels[0] + biases[0]
    attribution = hidden.astype(np.float32)
    attribution[2] = -1
    logits = np.maximum(hidden, 0) @ kernels[1] + biases[1]
    layer = LinearMap(
        name="hidden",
        kind="dense",
        kernel=kernels[0].reshape(6, 6, 1, 5),
        bias=biases[0],
        spatial=(6, 6),
        output_shape=(5,),
        strides=(1, 1),
        dilation=(1, 1),
        pads=(0, 0),
    )
    return AttributedShard(
        ids=np.array(["a", "b", "c"]),
        images=(inputs * 255).astype(np.uint8),
        labels=np.array([0, 1, -1]),
        target=logits.argmax(axis=1),
        probability=np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True),
        inputs=inputs,
        attribution=attribution,
        gradient=attribution[::-1],
        activation=np.abs(attribution),
        completeness_error=np.zeros(3),
        seconds=np.zeros(3),
        padding=np.zeros((3, 6, 6), bool),
        layer=layer,
        dense=tuple(zip(kernels, biases, strict=True)),
    )


@pytest.mark.parametrize("mixing", [None, sparse.csr_array(np.eye(36)[::-1])])
def test_a_moved_or_mixed_input_comes_back_from_its_file(shard, tmp_path, mixing):
    origin = Origin((6, 6), np.arange(36)[::-1], np.zeros(36), mixing)
    shard = replace(shard, layer=replace(shard.layer, origin=origin))
    shard.save(tmp_path / "a.npz")
    again = AttributedShard.load(tmp_path / "a.npz")
    nodes = np.arange(5)
    for part in (shard, again):
        fields = receptive_fields(part.layer, nodes)
        np.testing.assert_array_equal(fields, np.tile(np.arange(36), (5, 1)))
    ours, theirs = (contributions(s.layer, s.inputs[0], nodes, fields) for s in (again, shard))
    np.testing.assert_array_equal(ours, theirs)
    assert solve_shard(again, METHOD, SOLVER).status[0] == "optimal"


def test_shards_come_back_from_their_files(shard, tmp_path):
    shard.save(tmp_path / "a.npz")
    again = AttributedShard.load(tmp_path / "a.npz")
    np.testing.assert_array_equal(again.attribution, shard.attribution)
    np.testing.assert_array_equal(again.dense[1][0], shard.dense[1][0])
    for name, value in vars(shard.layer).items():
        np.testing.assert_array_equal(getattr(again.layer, name), value)
        assert type(getattr(again.layer, name)) is type(value)
    solve_shard(shard, METHOD, SOLVER).save(tmp_path / "s.npz")
    assert SolvedShard.load(tmp_path / "s.npz").ids.tolist() == ["a", "b", "c"]
    with pytest.raises(SmugError, match="lacks the array"):
        AttributedShard.load(tmp_path / "s.npz")


def test_an_input_that_fails_is_named_and_the_others_are_solved(shard, capsys):
    solved = solve_shard(shard, METHOD, SOLVER)
    assert solved.status.tolist() == ["optimal", "optimal", "failed"]
    assert "positive attribution" in solved.message[2]
    assert "c: none of the 5 nodes" in capsys.readouterr().out
    assert solved.has_mask().tolist() == [True, True, False]
    assert not solved.masks[2].any()


def test_first_layer_masks_keep_the_response(shard):
    solved = solve_shard(shard, METHOD, SOLVER)
    kernel, bias = shard.dense[0]
    for i in range(2):
        nodes = solved.nodes[i][solved.nodes[i] >= 0]
        full = (shard.inputs[i].ravel() @ kernel + bias)[nodes]
        masked = ((shard.inputs[i] * solved.masks[i]).ravel() @ kernel + bias)[nodes]
        held = masked > 0.3 * full
        assert held[full > 0].all()
        assert solved.masks[i].sum() == 4 * solved.objective[i]


def test_network_masks_keep_the_class(shard):
    method = SimpleNamespace(**{**vars(METHOD), "encoding": "network"})
    solved = solve_shard(shard, method, SOLVER)
    assert solved.status.tolist() == ["optimal"] * 3
    assert solved.nodes.shape == (3, 0)
    (kernel, bias), (last, last_bias) = shard.dense
    hidden = np.maximum((shard.inputs * solved.masks).reshape(3, -1) @ kernel + bias, 0)
    assert (hidden @ last + last_bias).argmax(axis=1).tolist() == shard.target.tolist()


def test_other_networks_have_no_whole_encoding(shard):
    method = SimpleNamespace(**{**vars(METHOD), "encoding": "network"})
    with pytest.raises(SmugError, match="dense ReLU"):
        solve_shard(replace(shard, dense=()), method, SOLVER)


@pytest.mark.parametrize(
    ("changed", "solver", "said"),
    [
        ({"top_k": 6}, "highs", r"top_k=6 is outside \[1, 5\]"),
        ({"window": 7}, "highs", r"window=7 is outside \[1, 6\]"),
        ({}, "hihgs", "unknown solver for method.encoding=first_layer 'hihgs'"),
        ({"encoding": "network"}, "anytime", r"'anytime'; known: auto, highs, z3"),
    ],
)
def test_settings_that_fit_no_input_stop_before_the_first(shard, capsys, changed, solver, said):
    method = SimpleNamespace(**{**vars(METHOD), **changed})
    with pytest.raises(SmugError, match=said):
        solve_shard(shard, method, SimpleNamespace(**{**vars(SOLVER), "name": solver}))
    assert capsys.readouterr().out == ""


def test_a_shard_whose_every_input_fails_is_an_error(shard):
    hopeless = replace(shard, attribution=-np.abs(shard.attribution))
    with pytest.raises(SmugError, match=r"all 3 inputs failed, a first: none of the 5 nodes"):
        solve_shard(hopeless, METHOD, SOLVER)


def test_an_unknown_encoding_is_named(shard):
    method = SimpleNamespace(**{**vars(METHOD), "encoding": "second_layer"})
    with pytest.raises(SmugError, match=r"unknown method\.encoding 'second_layer'; known: first"):
        solve_shard(shard, method, SOLVER)


def test_gaps_are_those_of_the_masks(shard):
    solved = solve_shard(shard, METHOD, SOLVER)
    changed = replace(
        solved, objective=np.array([8.0, 0.0, np.inf]), bound=np.array([6.0, 0.0, 2.0])
    )
    assert changed.gap().tolist() == [0.25, 0.0, np.inf]


def test_the_first_inputs_can_be_taken(shard):
    assert shard.first(2).ids.tolist() == ["a", "b"]
    assert shard.first(9).inputs.shape == (3, 6, 6)
