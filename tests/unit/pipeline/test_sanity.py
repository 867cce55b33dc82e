"""Maps on changed networks, compared, tabulated and drawn."""

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from smug.drawing import save_figure
from smug.figures.sanity import (
    printed,
    sanity_perturbation,
    sanity_randomisation,
    sanity_table,
)
from smug.metrics.sanity import levels, randomised, similarity
from smug.metrics.statistics import CORRELATION, mean
from smug.models import rewire
from smug.pipeline.explain import explain_shard, method_of
from smug.pipeline.results import as_table
from smug.pipeline.sanity import Checked, compared, perturbation_rows, randomisation_rows
from smug.pipeline.shards import SaliencyShard

IDS = np.array(["a", "b"])
X = np.random.default_rng(0).uniform(0, 1, (2, 9, 9, 1)).astype(np.float32)


def network():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((9, 9, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def inputs_of(model):
    return X, rewire.outputs_of(model, X).argmax(axis=1), IDS


def checked(model, methods, padding=None):
    inputs = inputs_of(model)
    trained = {name: explain(*inputs) for name, explain in methods.items()}
    left_out = NO_PADDING if padding is None else padding
    return Checked("n", model, *inputs, left_out, methods, trained)


def explainer(model, method, **settings):
    return lambda x, target, ids: explain_shard(model, x, target, ids, method, settings)


def shard(maps, message=("", "")):
    maps = np.array(maps, np.float32)
    empty = np.zeros(2)
    return SaliencyShard(IDS, empty.astype(int), maps, maps > 0, empty, np.array(message, np.str_))


def value(rows, image, metric, **setting):
    found = [
        row
        for row in rows
        if row["image"] == image and row["metric"] == metric and setting.items() <= row.items()
    ]
    assert len(found) == 1
    return found[0]["value"]


#: No position of the two inputs is padding.
NO_PADDING = np.zeros((2, 9, 9), bool)
METHODS = {"gradients": {}, "smug": {"steps": 4, "top_k": 5, "gamma": 0.5, "window": 1}}


@pytest.fixture(scope="module")
def randomisation():
    model = network()
    methods = {name: explainer(model, name, **own) for name, own in METHODS.items()}
    of = checked(model, methods)
    rows, examples = randomisation_rows(
        of, orders=("cascading", "independent"), at_most=3, seeds=(0, 1)
    )
    return model, of.trained, rows, examples


def test_every_level_seed_input_and_metric_has_a_row(randomisation):
    _, _, rows, examples = randomisation
    assert len(rows) == 2 * 3 * 2 * 2 * 2 * 2
    frame = as_table([{"dataset": "d", **row} for row in rows])
    assert not frame.duplicated(["image", "method", "check", "level", "seed", "metric"]).any()
    assert frame["levels"].eq(3).all()
    assert {key: maps.shape for key, maps in examples.items()} == {
        f"{order}/{name}": (3, 9, 9) for order in ("cascading", "independent") for name in METHODS
    }


@pytest.mark.parametrize("order", ["cascading", "independent"])
@pytest.mark.parametrize("name", METHODS)
def test_values_are_those_of_maps_made_by_hand(randomisation, order, name):
    model, trained, rows, examples = randomisation
    target = inputs_of(model)[1]
    for depth in (1, 2, 3):
        level = levels(model, order=order)[depth - 1]
        with randomised(model, level, seed=1):
            by_hand = explainer(model, name, **METHODS[name])(X, target, IDS).maps
        for i, image in enumerate(IDS):
            ssim, spearman = similarity(trained[name].maps[i], by_hand[i])
            setting = {"method": name, "check": order, "level": depth, "seed": 1}
            assert value(rows, image, "ssim", **setting) == pytest.approx(ssim, nan_ok=True)
            assert value(rows, image, "spearman", **setting) == pytest.approx(spearman, nan_ok=True)
        with randomised(model, level, seed=0):
            first = explainer(model, name, **METHODS[name])(X[:1], target[:1], IDS[:1]).maps[0]
        np.testing.assert_allclose(examples[f"{order}/{name}"][depth - 1], first, rtol=1e-4)


def test_noise_that_changes_the_class_gives_no_similarity():
    model = network()
    of = checked(model, {"gradients": explainer(model, "gradients")})
    rows = perturbation_rows(of, noises=(1e-9, 3.0), seeds=range(8))
    frame = as_table([{"dataset": "d", **row} for row in rows])
    kept = frame[frame["metric"].eq("kept")].set_index(["image", "noise", "seed"])["value"]
    assert len(kept) == 2 * 2 * 8
    assert kept.xs(1e-9, level="noise").eq(1).all()
    assert set(kept.xs(3.0, level="noise")) == {0.0, 1.0}
    spearman = frame[frame["metric"].eq("spearman")].set_index(["image", "noise", "seed"])["value"]
    assert set(spearman.index) == set(kept[kept.eq(1)].index)
    np.testing.assert_allclose(spearman.xs(1e-9, level="noise"), 1, atol=1e-6)
    assert (spearman.xs(3.0, level="noise") < 0.99).all()


def test_a_missing_similarity_says_why():
    varied, flat = np.arange(81.0).reshape(9, 9), np.zeros((9, 9))
    about = {"check": "cascading", "level": 1}
    rows = compared("m", about, shard([varied, flat]), shard([flat, varied]), NO_PADDING)
    assert [row["status"] for row in rows] == ["constant"] * 2 + ["constant before"] * 2
    assert np.isnan([row["value"] for row in rows]).all()
    rows = compared(
        "m", about, shard([varied] * 2), shard([varied, flat], ("", "too big")), NO_PADDING
    )
    assert [row["status"] for row in rows] == ["", "", "failed", "failed"]
    assert rows[0]["value"] == pytest.approx(1)


def test_sections_name_methods_and_settings():
    section = {"name": "ig_black", "method": "integrated_gradients", "steps": 4}
    method, settings = method_of(section, (-1.0, 2.0))
    assert (method, settings) == (
        "integrated_gradients",
        {"steps": 4, "input_range": (-1.0, 2.0)},
    )
    assert method_of({"name": "g", "method": "gradients"}, (0, 1)) == ("gradients", {})


def scores(ssim, statuses=None):
    """Rows of one method: values by (image, level, seed), three levels, SSIM halved."""
    rows = []
    for (image, level, seed), number in ssim.items():
        about = {"method": "ggig", "network": "n", "check": "cascading"}
        about |= {"level": level, "levels": 3}
        about |= {"layer": f"top … layer{level}", "seed": seed}
        status = (statuses or {}).get((image, level, seed), "")
        for metric, factor in (("ssim", 0.5), ("spearman", 1.0)):
            rows.append(
                {
                    "dataset": "mnist",
                    "image": image,
                    **about,
                    "metric": metric,
                    "value": factor * number,
                    "status": status,
                }
            )
    for noise, kept in ((0.1, 1.0), (0.3, 0.0)):
        about = {"method": "ggig", "network": "n", "check": "perturbation"}
        about |= {"noise": noise, "seed": 0}
        row = {"dataset": "mnist", "image": "a", **about, "status": ""}
        rows.append(row | {"metric": "kept", "value": kept})
        if kept:
            rows += [row | {"metric": m, "value": 0.9} for m in ("ssim", "spearman")]
    return as_table(rows)


VALUES = {
    (image, level, seed): 0.1 * level + 0.2 * seed + (0.05 if image == "b" else 0)
    for image in "ab"
    for level in (1, 2, 3)
    for seed in (0, 1)
}


def test_the_table_averages_levels_then_seeds_then_inputs():
    table = sanity_table(scores(VALUES)).set_index("check")
    assert table.index.tolist() == ["cascading", "untrained", "perturbation"]
    row = table.loc["cascading"]
    # Seeds 0 and 1 of an input are averaged before the interval is taken.
    inputs = [0.3, 0.35]
    expected = mean(np.array(inputs), CORRELATION)
    assert row["spearman"] == pytest.approx(expected.estimate)
    assert row["spearman_low"] == pytest.approx(expected.low)
    assert row["spearman_high"] == pytest.approx(expected.high)
    assert row["ssim"] == pytest.approx(expected.estimate / 2)
    assert row[["n", "maps", "to_constant", "missing"]].tolist() == [2, 12, 0, 0]
    assert table.loc["untrained", "spearman"] == pytest.approx(np.mean(inputs) + 0.1)
    assert table.loc["untrained", "maps"] == 4
    row = table.loc["perturbation"]
    assert row["kept"] == 0.5
    assert row[["n", "maps"]].tolist() == [1, 1]
    assert np.isnan(row["ssim_low"])
    text = printed(sanity_table(scores(VALUES)))
    assert text.loc[2, "kept%"] == "50"
    assert text.loc[0, "rank correlation"].startswith("0.33 [")


def test_the_table_counts_what_is_missing():
    gone = {("a", 1, 0): "constant", ("a", 2, 0): "failed", ("b", 3, 1): "constant"}
    values = {key: np.nan if key in gone else number for key, number in VALUES.items()}
    row = sanity_table(scores(values, gone)).set_index("check").loc["cascading"]
    assert row[["n", "maps", "to_constant", "missing"]].tolist() == [2, 12, 2, 1]
    assert row["spearman"] == pytest.approx(np.mean([0.3, 0.4, 0.25, 0.4]))


def test_intervals_stay_within_the_range_of_similarities():
    row = sanity_table(scores({("a", 3, 0): 1.0, ("b", 3, 0): 0.2})).iloc[0]
    assert -1 < row["spearman_low"] < 0.2
    assert 0.99 < row["spearman_high"] <= 1


def test_figures_draw_each_mean_at_its_level(tmp_path):
    table = scores(VALUES)
    image = np.zeros((1, 9, 9), np.uint8)
    maps = np.random.default_rng(0).random((3, 9, 9))
    examples = {"image": image, "trained/ggig": maps[:1], "cascading/ggig": maps}
    figure = sanity_randomisation(table, {"mnist": examples, "empty": {"image": image}})
    axis = figure.axes[1]
    (line,) = axis.get_lines()
    np.testing.assert_array_equal(line.get_xdata(), [0, 1, 2, 3])
    np.testing.assert_allclose(line.get_ydata(), [1, 0.225, 0.325, 0.425])
    assert [text.get_text() for text in axis.get_xticklabels()] == [
        "trained",
        "layer1",
        "layer2",
        "layer3",
    ]
    shown = [axis for axis in figure.axes if axis.images]
    assert len(shown) == 1 + 1 + 3
    save_figure(figure, tmp_path / "r.png")
    figure = sanity_perturbation(table)
    assert figure.axes[0].get_title() == "mnist, n"
    (line,) = figure.axes[0].get_lines()
    np.testing.assert_allclose(line.get_xydata(), [[0.1, 0.9]])
    labels = [text.get_text() for text in figure.axes[1].get_xticklabels()]
    assert labels == ["0.1\n100% kept", "0.3\n0% kept"]
    save_figure(figure, tmp_path / "p.png")
    assert (tmp_path / "p.png").stat().st_size > 5_000


def test_a_single_dataset_or_check_is_enough(tmp_path):
    table = scores(VALUES)
    checks = table["check"]
    only = table[checks.eq("cascading").to_numpy()].reset_index(drop=True)
    assert sanity_table(only)["check"].tolist() == ["cascading", "untrained"]
    save_figure(sanity_perturbation(only), tmp_path / "p.png")
    rest = table[checks.eq("perturbation").to_numpy()].reset_index(drop=True)
    assert sanity_table(rest)["check"].tolist() == ["perturbation"]
    save_figure(sanity_randomisation(rest, {}), tmp_path / "r.png")
    assert pd.notna(sanity_table(rest)["ssim"]).all()


def test_padding_does_not_make_maps_alike():
    first, second = np.zeros((2, 40))
    first[30:], second[30:] = np.arange(1.0, 11.0), np.arange(10.0, 0.0, -1.0)
    padding = np.arange(40) < 30
    about = {"check": "cascading", "level": 1}

    def spearman(padding):
        rows = compared("m", about, shard([first] * 2), shard([second] * 2), padding)
        return rows[1]["value"]

    assert spearman(np.zeros((2, 40), bool)) > 0.5
    assert spearman(np.stack([padding] * 2)) == pytest.approx(-1)
