import pandas as pd
import pytest

from smug.datasets.own.tables import categories, head_of, labels_of, numbers, read_table
from smug.errors import SmugError

TABLE = pd.DataFrame({"size": [1.5, 2.0], "colour": ["red", "blue"], "label": ["a", None]})
WRITERS = {
    "csv": lambda table, path: table.to_csv(path, index=False),
    "tsv": lambda table, path: table.to_csv(path, index=False, sep="\t"),
    "parquet": lambda table, path: table.to_parquet(path),
    "jsonl": lambda table, path: table.to_json(path, orient="records", lines=True),
}


@pytest.mark.parametrize("ending", WRITERS)
def test_every_kind_of_file_is_read_alike(ending, tmp_path):
    path = tmp_path / f"table.{ending}"
    WRITERS[ending](TABLE, path)
    table = read_table(path)
    assert table.columns.tolist() == ["size", "colour", "label"]
    assert table["size"].tolist() == [1.5, 2.0]
    assert labels_of(table, None, path) == ["a", None]
    assert labels_of(table, "colour", path) == ["red", "blue"]
    assert head_of(path).columns.tolist() == table.columns.tolist()


def test_a_table_without_a_column_of_labels_has_none(tmp_path):
    assert labels_of(TABLE[["size"]], None, tmp_path) is None


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("missing.csv", None, "no file .*missing.csv; check dataset.root"),
        ("table.xlsx", "a", "ends in '.xlsx'; dataset.root takes a file: .csv, .tsv"),
        ("empty.csv", "a,b\n", "no row below the names"),
        ("broken.parquet", "a", "broken.parquet is no readable table"),
    ],
)
def test_a_file_that_is_no_table_is_named(name, text, said, tmp_path):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(SmugError, match=said):
        read_table(tmp_path / name)


def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path):
    with pytest.raises(SmugError, match=r"unknown dataset.label 'class'; known: colour, label"):
        labels_of(TABLE, "class", tmp_path)


def test_a_column_of_numbers_says_what_is_wrong_with_it():
    assert numbers(pd.Series([1, 2], name="n"), "x.csv").tolist() == [1.0, 2.0]
    assert numbers(pd.Series([True, False], name="n"), "x.csv").tolist() == [1.0, 0.0]
    with pytest.raises(
        SmugError, match=r"x.csv: the column 'n' holds 'red', no numbers; .*one_hot"
    ):
        numbers(pd.Series(["red"], name="n"), "x.csv")
    with pytest.raises(SmugError, match=r"'n' holds no finite number in row 2"):
        numbers(pd.Series([1.0, float("nan")], name="n"), "x.csv")


def test_categories_are_numbered_in_their_order():
    place, found = categories(pd.Series(["b", "a", "b"], name="c"), "x.csv")
    assert (place.tolist(), found) == ([1, 0, 1], ["a", "b"])
    with pytest.raises(SmugError, match=r"'c' is empty in row 2"):
        categories(pd.Series(["b", None], name="c"), "x.csv")
    with pytest.raises(SmugError, match=r"'c' mixes texts and numbers"):
        categories(pd.Series(["b", 1], name="c", dtype=object), "x.csv")
