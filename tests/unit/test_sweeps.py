import numpy as np
import pandas as pd
import pytest

from smug.errors import SmugError
from smug.figures.distinct_masks import distinct_masks_table, overlap
from smug.figures.topk_gamma import ablations, on_grid, sweep_table
from smug.saliency import shard_maps
from smug.solve import several_masks, solve_shard
from smug.sweeps import mask_rows, setting_name

from .test_solve import METHOD, SOLVER, shard  # noqa: F401


def settings(**changed):
    return {**vars(METHOD), **changed}


def test_rankings_choose_their_own_nodes(shard):  # noqa: F811
    assert shard.node_values(0, "integrated_gradients", 0) is not shard.node_values(
        0, "gradients", 0
    )
    np.testing.assert_array_equal(shard.node_values(1, "gradients", 0), shard.gradient[1])
    np.testing.assert_array_equal(shard.node_values(1, "activations", 0), shard.activation[1])
    one, again, other = (shard.node_values(0, "random", seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    with pytest.raises(SmugError, match="ranking"):
        shard.node_values(0, "alphabet", 0)


def test_a_mask_for_a_larger_gamma_is_a_valid_start(shard):  # noqa: F811
    from types import SimpleNamespace

    harder = SimpleNamespace(**settings(gamma=0.6))
    start = solve_shard(shard, harder, SOLVER)
    cold, warm = solve_shard(shard, METHOD, SOLVER), solve_shard(shard, METHOD, SOLVER, start)
    np.testing.assert_array_equal(cold.objective, warm.objective)
    assert (start.objective[:2] >= warm.objective[:2]).all()


def test_several_masks_are_distinct_valid_and_equally_small(shard):  # noqa: F811
    masks, sizes = several_masks(shard, METHOD, SOLVER, 4)
    best = solve_shard(shard, METHOD, SOLVER)
    kernel, bias = shard.dense[0]
    for i in range(2):
        assert len({mask.tobytes() for mask in masks[i]}) == len(masks[i]) >= 1
        assert sizes[i] == best.objective[i]
        nodes = best.nodes[i][best.nodes[i] >= 0]
        full = (shard.inputs[i].ravel() @ kernel + bias)[nodes]
        for mask in masks[i]:
            assert mask.sum() == 4 * sizes[i]
            masked = ((shard.inputs[i] * mask).ravel() @ kernel + bias)[nodes]
            assert (masked > 0.3 * full)[full > 0].all()
    assert masks[2].shape == (0, 6, 6)


def test_rows_of_a_setting_measure_what_the_masks_keep(shard):  # noqa: F811
    solved = solve_shard(shard, METHOD, SOLVER)
    scoring = {"scoring": "sum", "ranking": "integrated_gradients", "seed": 0}
    maps = shard_maps(shard, solved, window=METHOD.window, **scoring)
    rows = pd.DataFrame(mask_rows(shard, solved, maps, vars(METHOD), "sum", {}))
    sparsity = rows[rows["metric"].eq("sparsity")].set_index("image")["value"]
    np.testing.assert_allclose(sparsity[["a", "b"]], solved.masks[:2].mean(axis=(1, 2)))
    assert np.isnan(sparsity["c"])
    base = rows[rows["metric"].eq("base_sparsity")].set_index("image")["value"]
    assert (base[["a", "b"]] >= sparsity[["a", "b"]]).all()
    assert set(rows["method"]) == {setting_name(vars(METHOD), "sum")}


def scores():
    rows = []
    for k in (4, 10):
        for gamma in (0.0, 0.5):
            for scoring in ("sum", "max"):
                rows.append(({"top_k": k, "gamma": gamma, "window": 2}, scoring))
    rows += [({"top_k": 10, "gamma": 0.5, "window": w}, s) for w in (1, 4) for s in ("sum", "max")]
    made = []
    for method, scoring in rows:
        name = setting_name({**method, "ranking": "integrated_gradients"}, scoring)
        for image in ("a", "b"):
            common = {"dataset": "d", "image": image, "method": name, "status": "optimal"}
            common |= {"gap": 0.0, "seconds": 1.0}
            value = method["window"] * 1.0
            made += [
                {**common, "metric": m, "value": value}
                for m in ("mask_size", "sparsity", "base_sparsity")
            ]
    return pd.DataFrame(made)


def test_the_grid_holds_every_top_k_with_every_gamma_once():
    table = on_grid(sweep_table(scores()))
    assert sorted(zip(table["top_k"], table["gamma"], strict=True)) == [
        (4, 0.0),
        (4, 0.5),
        (10, 0.0),
        (10, 0.5),
    ]
    assert (table["inputs"] == 2).all()
    assert (table["proven"] == 1.0).all()


def test_ablations_change_one_setting_at_a_time():
    table = ablations(sweep_table(scores()))
    windows = table[table["changed"].eq("window")]
    assert windows["to"].tolist() == ["1", "2", "4"]
    assert windows["mask_size"].tolist() == [1.0, 2.0, 4.0]
    assert (windows["top_k"] == 10).all()
    assert table[table["changed"].eq("scoring")]["to"].tolist() == ["max", "sum"]


def test_overlap_is_the_mean_jaccard_index_of_all_pairs():
    masks = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1]], bool)
    assert overlap(masks) == pytest.approx((1 / 2 + 1 / 3 + 0) / 3)
    assert np.isnan(overlap(masks[:1]))
    table = distinct_masks_table(["a", "b"], [masks, masks[:0]], [2.0, np.nan])
    assert table["masks"].tolist() == [3, 0]
    assert table["ever"][0] == 1.0
