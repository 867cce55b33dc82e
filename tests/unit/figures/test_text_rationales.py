import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

from smug.figures.text_rationales import caption, empty_shares, printed, text_rationales
from tests.unit.reviews.toy import scores_of, write_shard


def test_the_table_summarises_with_intervals_and_says_generated(tmp_path):
    _, scores = scores_of(write_shard(tmp_path))
    table = text_rationales(scores, generated=True)
    assert (table["reviews"] == "generated").all()
    row = table.set_index(["method", "metric"]).loc[("SMUG_base", "sufficiency")]
    values = scores.loc[
        scores["method"].eq("SMUG_base") & scores["metric"].eq("sufficiency"), "value"
    ]
    assert row["estimate"] == pytest.approx(values.mean())
    assert row["low"] < row["estimate"] < row["high"]
    assert row["n"] == 2
    empty = table.set_index(["method", "metric"]).loc[("SMUG", "empty")]
    assert (empty["estimate"], empty["n"]) == (1, 1)
    shares = empty_shares(table, ("SMUG", "SMUG, gamma 0.5", "no such"))
    assert shares == {"SMUG": 1, "SMUG, gamma 0.5": 0}
    page = printed(table)
    assert page.columns.tolist() == [
        *("n = 2", "SMUG", "SMUG, gamma 0.5", "SMUG_base", "IG", "SIS", "smallest set"),
        *("no word", "every word"),
    ]
    cells = page.set_index("n = 2")
    assert cells.loc["ROC AUC", "IG"] == f"{_only(table, 'IG', 'roc_auc'):.2f}, n = 1"
    assert cells.loc["proven smallest", "SMUG"] == "--"
    words = {"aspect": "aroma", "rationale": "palate", "kept": "0.9 of it"}
    words |= {"smug": "SMUG: k = 100.", "share": 0.12}
    assert "12% of all where none is marked" in caption(generated=False, **words)
    assert "when they keep 0.9 of it" in caption(generated=False, **words)
    assert "GENERATED" in caption(generated=True, **words)
    assert "GENERATED" not in caption(generated=False, **words)
    assert "rationales of palate" in caption(generated=False, **words)
    assert "no rationales" in caption(generated=False, **{**words, "rationale": ""})


def test_methods_are_tested_against_smug_on_the_same_reviews():
    rng = np.random.default_rng(0)
    smug, other = rng.random(30), rng.random(30)
    rows = [
        {"image": f"r{i}", "method": method, "metric": metric, "value": value}
        for method, values in (("IG", other), ("SMUG", smug))
        for i, value in enumerate(values)
        for metric, value in (("found", 1.0), ("roc_auc", np.nan if i == 3 else value))
    ]
    shuffled = pd.DataFrame(rows).sample(frac=1, random_state=0)
    table = text_rationales(shuffled, generated=False).set_index(["method", "metric"])
    kept = np.arange(30) != 3
    row = table.loc["IG", "roc_auc"]
    assert row["smug_difference"] == pytest.approx(np.median((other - smug)[kept]))
    assert row["smug_p_value"] == pytest.approx(wilcoxon(other[kept], smug[kept]).pvalue)
    assert row["smug_n"] == 29
    assert np.isnan(table.loc[("SMUG", "roc_auc"), "smug_p_value"])
    assert np.isnan(table.loc[("IG", "found"), "smug_p_value"])


def _only(table, method, metric):
    return table.set_index(["method", "metric"]).loc[(method, metric), "estimate"]
