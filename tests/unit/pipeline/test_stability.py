import numpy as np
import pandas as pd
import pytest

from smug import metrics
from smug.figures.stability import stability
from smug.metrics.stability import efficient_mprt, max_sensitivity, random_logit, smooth_mprt
from smug.models import rewire
from smug.pipeline.results import as_table
from smug.pipeline.stability import stability_rows
from tests.unit.pipeline.test_sanity import IDS, NO_PADDING, checked, explainer, inputs_of, network


def rows_of(model, methods, draws, padding=None, seeds=(0, 1)):
    return list(stability_rows(checked(model, methods, padding), seeds=seeds, draws=draws))


@pytest.fixture(scope="module")
def measured():
    model = network()
    methods = {"gradients": explainer(model, "gradients")}
    return model, methods["gradients"], rows_of(model, methods, draws=3)


def test_the_rows_are_what_the_library_measures(measured):
    model, explain, rows = measured
    x, target, _ = inputs_of(model)

    def maps(x, target):
        return explain(x, target, np.arange(len(x)).astype(str)).maps

    expected = {}
    for seed in (0, 1):
        known = {"seed": seed}
        expected["random_logit", seed] = random_logit(maps, model, x, target, **known)
        expected["efficient_mprt", seed] = [efficient_mprt(maps, model, x, target, **known)]
        smooth = smooth_mprt(maps, model, x, target, draws=3, at_most=1, **known)
        expected["smooth_mprt", seed] = [one[0] for one in smooth]
        expected["max_sensitivity", seed] = [max_sensitivity(maps, x, target, draws=3, **known)]
    table = as_table([{"run": "r", "dataset": "d", **row} for row in rows])
    for (check, seed), metrics_of in expected.items():
        own = table[table["check"].eq(check) & table["seed"].eq(seed)]
        values = own.pivot(index="metric", columns="image", values="value")[IDS.tolist()]
        order = ["ssim", "spearman"] if len(metrics_of) == 2 else [check]
        np.testing.assert_allclose(values.loc[order].to_numpy(), metrics_of, rtol=1e-5, atol=1e-6)
    assert len(rows) == 2 * 2 * 6


def test_the_network_has_its_weights_again(measured):
    model, explain, _ = measured
    before = rewire.outputs_of(model, inputs_of(model)[0])
    rows_of(model, {"gradients": explain}, draws=2, seeds=(3,))
    np.testing.assert_array_equal(rewire.outputs_of(model, inputs_of(model)[0]), before)


def test_no_draws_leave_out_what_needs_noise(measured):
    model, explain, _ = measured
    rows = rows_of(model, {"gradients": explain}, draws=0)
    assert {row["check"] for row in rows} == {"random_logit", "efficient_mprt"}


def test_padding_does_not_count_in_a_maps_complexity(measured):
    model, explain, rows = measured
    padding = NO_PADDING.copy()
    padding[:, :5] = True
    padded = rows_of(model, {"gradients": explain}, draws=0, padding=padding, seeds=(0,))

    def rise(rows):
        return [r["value"] for r in rows if r["check"] == "efficient_mprt" and r["seed"] == 0]

    inputs = inputs_of(model)
    shards = [explain(*inputs)]
    with metrics.sanity.randomised(model, metrics.sanity.levels(model, at_most=1)[0], seed=0):
        shards.append(explain(*inputs))
    left = [shard.maps[:, 5:] for shard in shards]
    np.testing.assert_allclose(rise(padded), metrics.stability.complexity_rise(*left))
    assert rise(padded) != pytest.approx(rise(rows))


def test_the_table_averages_seeds_then_inputs():
    found = [
        ("a", 0, 0.2),
        ("a", 1, 0.4),
        ("b", 0, 0.5),
        ("b", 1, 0.9),
    ]
    rows = [
        {"dataset": "d", "network": "n", "method": "smug", "check": "max_sensitivity"}
        | {"image": image, "seed": seed, "metric": "max_sensitivity", "value": value}
        for image, seed, value in found
    ]
    table = stability(pd.DataFrame(rows))
    assert table["method"].tolist() == ["SMUG"]
    row = table.iloc[0]
    assert row["max_sensitivity"] == pytest.approx(0.5)
    assert row["max_sensitivity_low"] < 0.5 < row["max_sensitivity_high"]
    assert row["max_sensitivity_n"] == 2
    assert np.isnan(row["random_logit_ssim"])
    assert row["random_logit_ssim_n"] == 0
