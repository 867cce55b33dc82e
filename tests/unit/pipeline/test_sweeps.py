from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from smug.drawing import save_figure
from smug.errors import SmugError
from smug.figures.distinct_masks import distinct_masks_table, overlap
from smug.figures.topk_gamma import (
    SweptInput,
    ablations,
    masks_topk_gamma,
    on_grid,
    sweep_table,
    topk_gamma,
)
from smug.masks.saliency import jaccard
from smug.masks.solvers import solve
from smug.pipeline.results import as_table, problem_columns
from smug.pipeline.saliency import shard_maps
from smug.pipeline.solve_masks import several_masks, solve_shard
from smug.pipeline.sweeps import mask_rows, overlap_with_zero
from tests.unit.pipeline.test_solve_masks import METHOD, SOLVER, shard  # noqa: F401


def settings(**changed):
    return {**vars(METHOD), **changed}


def test_rankings_choose_their_own_nodes(shard):  # noqa: F811
    shard = replace(shard, gradient=2 * shard.attribution, activation=3 * shard.attribution)
    np.testing.assert_array_equal(
        shard.node_values(1, "integrated_gradients", 0), shard.attribution[1]
    )
    np.testing.assert_array_equal(shard.node_values(1, "gradients", 0), shard.gradient[1])
    np.testing.assert_array_equal(shard.node_values(1, "activations", 0), shard.activation[1])
    one, again, other = (shard.node_values(0, "random", seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    with pytest.raises(SmugError, match="ranking"):
        shard.node_values(0, "alphabet", 0)


def test_a_mask_for_a_larger_gamma_is_where_the_solver_starts(shard, monkeypatch):  # noqa: F811
    harder = solve_shard(shard, SimpleNamespace(**settings(gamma=0.6)), SOLVER)
    starts = []

    def watched(problem, *, start=None, **other):
        starts.append(start)
        return solve(problem, start=start, **other)

    monkeypatch.setattr("smug.masks.minimal.solve", watched)
    cold, warm = solve_shard(shard, METHOD, SOLVER), solve_shard(shard, METHOD, SOLVER, harder)
    np.testing.assert_array_equal(cold.objective, warm.objective)
    assert (harder.objective[:2] >= warm.objective[:2]).all()
    without, given = starts[: len(starts) // 2], starts[len(starts) // 2 :]
    assert all(start is None for start in without)
    assert [start.sum() for start in given[:2]] == harder.objective[:2].tolist()


def test_several_masks_are_distinct_valid_and_equally_small(shard):  # noqa: F811
    masks, solutions = several_masks(shard, METHOD, SOLVER, 4)
    best = solve_shard(shard, METHOD, SOLVER)
    kernel, bias = shard.dense[0]
    for i in range(2):
        assert len({mask.tobytes() for mask in masks[i]}) == len(masks[i]) >= 1
        assert solutions[i].objective == best.objective[i]
        nodes = best.nodes[i][best.nodes[i] >= 0]
        full = (shard.inputs[i].ravel() @ kernel + bias)[nodes]
        for mask in masks[i]:
            assert mask.sum() == 4 * best.objective[i]
            masked = ((shard.inputs[i] * mask).ravel() @ kernel + bias)[nodes]
            assert (masked > 0.3 * full)[full > 0].all()
    assert masks[2].shape == (0, 6, 6)
    assert solutions[2] is None
    table = distinct_masks_table(shard, masks, solutions)
    assert table["status"].tolist() == ["optimal", "optimal", "failed"]
    assert table["masks"].tolist() == [len(found) for found in masks]
    assert table["ever"][0] == pytest.approx(masks[0].any(axis=0).mean())
    assert np.isnan(table["windows"][2])


def test_rows_of_a_setting_measure_what_the_masks_keep(shard):  # noqa: F811
    solved = solve_shard(shard, METHOD, SOLVER)
    scoring = {"scoring": "sum", "ranking": "integrated_gradients", "seed": 0}
    maps = shard_maps(shard, solved, window=METHOD.window, **scoring)
    setting = problem_columns(vars(METHOD), "highs") | {"scoring": "sum"}
    rows = as_table(list(mask_rows(shard, solved, maps, setting, {}, solved.has_mask())))
    sparsity = rows[rows["metric"].eq("sparsity")].set_index("image")["value"]
    np.testing.assert_allclose(sparsity[["a", "b"]], solved.masks[:2].mean(axis=(1, 2)))
    assert np.isnan(sparsity["c"])
    base = rows[rows["metric"].eq("base_sparsity")].set_index("image")["value"]
    assert (base[["a", "b"]] >= sparsity[["a", "b"]]).all()
    assert set(rows["method"]) == {"smug"}
    assert rows.groupby("image")["confirmed"].all().tolist() == [True, True, False]
    for name, value in setting.items():
        assert set(rows[name]) == {value}


def scores():
    rows = []
    for k in (4, 10):
        for gamma in (0.0, 0.5):
            for scoring in ("sum", "max"):
                rows.append(({"top_k": k, "gamma": gamma, "window": 2}, scoring))
    rows += [({"top_k": 10, "gamma": 0.5, "window": w}, s) for w in (1, 4) for s in ("sum", "max")]
    made = []
    for method, scoring in rows:
        setting = {"replacement": "zero", "ranking": "integrated_gradients", "scoring": scoring}
        setting |= method
        for image in ("a", "b"):
            common = {"dataset": "d", "image": image, **setting, "status": "optimal"}
            common |= {"gap": 0.0, "encode_seconds": 0.5, "solve_seconds": 1.0}
            value = method["window"] * 1.0
            made += [
                {**common, "metric": m, "value": value}
                for m in ("mask_size", "sparsity", "base_sparsity")
            ]
    return as_table(made)


def own(**changed):
    usual = {"top_k": 10, "gamma": 0.5, "window": 2, "ranking": "integrated_gradients"}
    usual["replacement"] = "zero"
    return {"d": {**usual, "scoring": "sum", **changed}}


def test_the_grid_holds_every_top_k_with_every_gamma_once():
    table = on_grid(sweep_table(scores()), own())
    assert sorted(zip(table["top_k"], table["gamma"], strict=True)) == [
        (4, 0.0),
        (4, 0.5),
        (10, 0.0),
        (10, 0.5),
    ]
    assert (table["inputs"] == 2).all()
    assert (table["proven"] == 1.0).all()
    assert (table[["encode_seconds", "solve_seconds"]] == [0.5, 1.0]).all(axis=None)


def test_ablations_change_one_setting_at_a_time():
    table = ablations(sweep_table(scores()), own())
    windows = table[table["changed"].eq("window")]
    assert windows["to"].tolist() == ["1", "2", "4"]
    assert windows["mask_size"].tolist() == [1.0, 2.0, 4.0]
    assert (windows["top_k"] == 10).all()
    assert table[table["changed"].eq("scoring")]["to"].tolist() == ["max", "sum"]


def test_ablations_follow_the_settings_given_not_the_most_frequent_ones():
    # Twice as many settings have window 2; the data set's own window is 4.
    table = ablations(sweep_table(scores()), own(window=4))
    assert table["changed"].tolist() == [
        *("ranking", "replacement", "scoring", "scoring"),
        *["window"] * 3,
    ]
    assert (table.loc[table["changed"].ne("window"), "window"] == 4).all()


def rows_of(values):
    common = {"dataset": "d", "status": "optimal", "gap": 0.0, "metric": "lsc", **own()["d"]}
    rows = [common | {"image": str(i), "value": value} for i, value in enumerate(values)]
    return as_table([*rows, *({**row, "metric": "mask_size"} for row in rows)])


@pytest.mark.parametrize(
    ("values", "median"),
    [
        ([-2.0, -1.0], -1.5),
        ([-2.0, -1.0, 0.0, 4.0], -0.5),
        ([-2.0, -1.0, np.inf], -1.0),
        ([-2.0, -1.0, np.inf, np.inf], np.inf),
        ([-2.0, np.nan, -1.0], -1.5),
    ],
)
def test_medians_are_medians_and_an_infinite_score_is_the_worst(values, median):
    assert sweep_table(rows_of(values))["lsc"].tolist() == [median]


def test_heat_maps_leave_out_what_no_input_has(tmp_path):
    both = scores()
    photographs = both.assign(dataset="p")
    lsc = photographs[photographs["metric"].eq("sparsity")].assign(metric="lsc", value=-1.0)
    table = sweep_table(pd.concat([both, photographs, lsc], ignore_index=True))
    figure = topk_gamma(on_grid(table, {"d": own()["d"], "p": own()["d"]}))
    assert [axis.get_title() for axis in figure.axes] == [
        *("share kept", "share proven", "seconds to solve"),
        *("share kept", "share proven", "seconds to solve", "LSC"),
    ]
    proven = figure.axes[1].collections[0]
    assert proven.get_clim() == (0.0, 1.0)
    assert figure.axes[0].collections[0].get_clim() == (0.0, 2.0)
    save_figure(figure, tmp_path / "t.png")


def test_masks_of_every_input_stand_beside_it(tmp_path):
    rng = np.random.default_rng(0)
    keys = [(k, gamma) for k in (10, 4) for gamma in (0.5, 0.0)]
    inputs = [
        SweptInput(
            rng.integers(0, 256, (6, 6), np.uint8),
            {key: rng.random((6, 6)) > 0.5 for key in keys},
            {key: rng.random((6, 6)) for key in keys},
        )
        for _ in range(3)
    ]
    figure = masks_topk_gamma(inputs)
    axes = np.reshape(figure.axes, (6, 5))
    assert [bool(axis.images) for axis in axes[:, 0]] == [True, False] * 3
    assert [axis.get_ylabel() for axis in axes[:, 1]] == ["top 4", "top 10"] * 3
    np.testing.assert_array_equal(axes[3, 1].images[0].get_array(), ~inputs[1].masks[10, 0.0])
    save_figure(figure, tmp_path / "m.png")


def test_overlap_is_the_mean_jaccard_index_of_all_pairs():
    masks = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1]], bool)
    assert overlap(masks) == pytest.approx((1 / 2 + 1 / 3 + 0) / 3)
    assert np.isnan(overlap(masks[:1]))


def test_masks_of_each_replacement_are_held_against_those_of_zero(shard):  # noqa: F811
    methods = [settings(replacement=name) for name in ("mean", "zero")]
    methods.append(settings(replacement="mean", window=3))
    found = [solve_shard(shard, SimpleNamespace(**method), SOLVER) for method in methods]
    of_mean, of_zero, other = overlap_with_zero(methods, found, methods[0])
    assert other is None
    assert of_zero[:2].tolist() == [1.0, 1.0]
    mean, zero = (solved.masks for solved in found[:2])
    for i in range(2):
        both, either = (mean[i] & zero[i]).sum(), (mean[i] | zero[i]).sum()
        assert of_mean[i] == pytest.approx(both / either)
    assert np.isnan(of_mean[2])
    assert (mean[:2] != zero[:2]).any()
    assert overlap_with_zero(methods[:1], found[:1], methods[0]) == [None]
    nothing = np.zeros((1, 2, 2), bool)
    assert jaccard(nothing, nothing).tolist() == [1.0]
