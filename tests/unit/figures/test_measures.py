import numpy as np
import pandas as pd
import pytest

from smug.figures.measures import measured, printed, rank_map
from smug.pipeline.results import as_table

VALUES = {
    "sparseness": {"smug": [0.9, 0.8, 0.7], "gradcam": [0.5, 0.5, 0.9], "ig_black": [0.1, 0.5, 0]},
    "infidelity": {"smug": [1.0, 2.0, 3.0], "gradcam": [2.0, 1.0, np.nan], "ig_black": [9, 9, 9]},
    "relevance_mass_accuracy": {"smug": [np.nan] * 3, "gradcam": [np.nan] * 3},
    "lsc": {"smug": [-1, -2, 0], "gradcam": [-2, np.inf, 1], "max_box": [0, 0, 0]},
    "seconds": {"smug": [1, 1, 1]},
}


@pytest.fixture(scope="module")
def table():
    rows = [
        {"dataset": "d", "image": str(i), "method": method, "metric": metric, "value": value}
        for metric, by_method in VALUES.items()
        for method, row in by_method.items()
        for i, value in enumerate(row)
    ]
    return measured(as_table(rows).assign(network="net"))


def test_ranks_are_those_on_each_input(table):
    rank = table.set_index(["metric", "method"])["rank"]
    # 1, 1, 2; 2, 2.5, 1; 3, 2.5, 3
    assert rank["sparseness", "SMUG"] == pytest.approx(4 / 3)
    assert rank["sparseness", "GradCAM"] == pytest.approx(5.5 / 3)
    assert rank["sparseness", "IG (black)"] == pytest.approx(8.5 / 3)
    # Low is good, and what is missing has no rank.
    assert rank["infidelity", "SMUG"] == pytest.approx(4 / 3)
    assert rank["infidelity", "GradCAM"] == pytest.approx(1.5)
    assert rank["infidelity", "IG (black)"] == pytest.approx((3 + 3 + 2) / 3)


def test_values_have_intervals_and_a_direction(table):
    row = table.set_index(["metric", "method"]).loc[("infidelity", "SMUG")]
    assert (row["estimate"], row["n"], row["better"], row["methods"]) == (2, 3, "low", 3)
    assert 0 <= row["low"] < 2 < row["high"]
    assert row["rank_low"] < row["rank"] < row["rank_high"]
    assert table.set_index(["metric", "method"]).loc[("lsc", "SMUG"), "estimate"] == -1


def test_boxes_and_measures_that_nobody_has_are_left_out(table):
    assert set(table["method"]) == {"SMUG", "GradCAM", "IG (black)"}
    assert set(table["metric"]) == {"sparseness", "infidelity", "lsc"}


def test_the_page_has_a_row_for_each_method(table):
    page = printed(table)
    assert page["method"].tolist() == ["SMUG", "GradCAM", "IG (black)"]
    assert page.columns[3:].tolist() == ["infidelity ↓", "LSC ↓", "sparseness ↑"]
    assert page.loc[2, "LSC ↓"] == "--"
    assert page.loc[0, "infidelity ↓"].startswith("2.00 [")


def test_the_map_draws_every_rank(table):
    figure = rank_map(pd.concat([table, table.assign(network="second")]))
    assert [axis.get_title() for axis in figure.axes] == ["d, net", "d, second"]
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts.count("–") == 1  # IG has no LSC
    assert {"1.3", "2.8", "2.7"} <= set(texts)
