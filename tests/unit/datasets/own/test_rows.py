import numpy as np
import pytest

from smug.datasets.own.rows import ReadRows, read_rows, read_series, shaped, standardised
from smug.errors import SmugError

TEXT = "name,size,colour,label,wet\nx,1.5,red,0,True\ny,2,blue,1,False\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(TEXT)
    return path


def test_columns_become_features_as_the_settings_say(table):
    rows = read_rows(table, ids="name", one_hot=["colour"])
    assert rows.features == ["size", "colour=blue", "colour=red", "wet"]
    assert rows.values.tolist() == [[1.5, 0, 1, 1], [2, 1, 0, 0]]
    assert (rows.labels, rows.ids) == ([0, 1], ["x", "y"])
    coded = read_rows(table, columns=["colour", "size"], codes=["colour"])
    assert coded.values.tolist() == [[1, 1.5], [0, 2]]
    assert coded.ids == ["row 1", "row 2"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ids": "name"}, "the column 'colour' holds 'red', no numbers"),
        ({"columns": ["sizes"]}, "unknown dataset.columns 'sizes'; .*Did you mean 'size'"),
        ({"columns": ["size"], "codes": ["colour"]}, "leaves out 'colour'"),
        ({"ids": "id", "columns": ["size"]}, "unknown dataset.ids 'id'"),
    ],
)
def test_a_column_that_cannot_be_used_is_named(table, settings, said):
    with pytest.raises(SmugError, match=said):
        read_rows(table, **settings)


def test_series_are_arrays_or_the_rows_of_a_table(tmp_path):
    values = np.arange(24.0).reshape(2, 4, 3)
    np.savez(tmp_path / "a.npz", x=values, label=np.array(["p", "q"]))
    found = read_series(tmp_path / "a.npz")
    np.testing.assert_array_equal(found.values, values)
    assert (found.labels, found.features) == (["p", "q"], ["channel 0", "channel 1", "channel 2"])
    np.save(tmp_path / "a.npy", values[..., 0])
    assert read_series(tmp_path / "a.npy").labels is None
    (tmp_path / "a.csv").write_text("s0,s1,label\n1,2,p\n3,4,q\n")
    found = read_series(tmp_path / "a.csv")
    assert (found.values.tolist(), found.labels) == ([[1, 2], [3, 4]], ["p", "q"])


@pytest.mark.parametrize(
    ("arrays", "settings", "said"),
    [
        ({"x": np.zeros((2, 3)), "label": np.zeros(3)}, {}, "2 series, but labels of shape"),
        ({"a": np.zeros((2, 3)), "b": np.zeros(3)}, {}, "unknown dataset.inputs 'x'; known: a, b"),
        ({"x": np.zeros(3)}, {}, "x has shape"),
        ({"x": np.array([["a", "b"]])}, {}, "x has shape .* and type <U1"),
        ({"x": np.full((2, 3), np.nan)}, {}, "no finite number in series 0"),
        ({"x": np.zeros((2, 3))}, {"label": "y"}, "unknown dataset.label 'y'; known: x"),
    ],
)
def test_arrays_that_are_no_series_are_named(tmp_path, arrays, settings, said):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(SmugError, match=said):
        read_series(tmp_path / "a.npz", **settings)


def test_a_file_that_is_no_array_is_named(tmp_path):
    (tmp_path / "a.npz").write_text("nothing")
    with pytest.raises(SmugError, match=r"a.npz holds no readable arrays"):
        read_series(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("own", "wanted"),
    [((4,), (4,)), ((4,), (4, 1)), ((4, 1), (4,)), ((4, 3), (4, 3))],
)
def test_rows_take_the_shape_of_the_network(own, wanted):
    values = np.arange(2 * np.prod(own), dtype=float).reshape(2, *own)
    made = shaped(ReadRows(values, None, ["a", "b"], ["f"]), wanted, "x.csv")
    assert made.shape == (2, *wanted)
    np.testing.assert_array_equal(made.ravel(), values.ravel())


@pytest.mark.parametrize(("own", "wanted"), [((4,), (5,)), ((4, 3), (12,)), ((4,), (2, 2))])
def test_rows_that_the_network_does_not_take_are_named(own, wanted):
    rows = ReadRows(np.zeros((2, *own)), None, ["a", "b"], list("wxyz")[: own[-1]])
    with pytest.raises(SmugError, match=r"x.csv has inputs of shape .*the network takes"):
        shaped(rows, wanted, "x.csv")


def test_standardised_columns_have_mean_0_and_deviation_1():
    values = np.array([[1.0, 5.0], [3.0, 5.0]])
    assert standardised(values).tolist() == [[-1, 0], [1, 0]]
