import numpy as np
import pytest

from smug.datasets.load import load_prepared, load_shard
from smug.datasets.rows import PreparedRows
from smug.errors import SmugError


def rows(n=5, **changed):
    values = np.arange(n * 3.0).reshape(n, 3)
    ids = [f"row {i}" for i in range(n)]
    usual = dict(
        values=values, labels=np.arange(n) % 2, ids=ids, features=list("abc"), made_up=True
    )
    return PreparedRows(**{**usual, "class_names": ["no", "yes"], **changed})


def test_rows_are_read_back_whole_and_by_shard(tmp_path):
    made = rows()
    made.save(tmp_path / "data.npz")
    again = load_prepared(tmp_path / "data.npz")
    assert isinstance(again, PreparedRows)
    assert again.generated
    for name, value in vars(made).items():
        np.testing.assert_array_equal(getattr(again, name), value)
    second = load_shard(tmp_path / "data.npz", 1, 3)
    assert second.ids.tolist() == ["row 3", "row 4"]
    np.testing.assert_array_equal(second.inputs, made.values[3:])
    assert len(load_shard(tmp_path / "data.npz", 2, 3)) == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"values": np.zeros((4, 3))}, "5 ids, but values"),
        ({"values": np.zeros(5)}, "5 ids, but values"),
        ({"ids": ["a"] * 5}, "names of rows must be distinct"),
        ({"labels": [0, 1, 2, 0, 0]}, r"labels 0..2 do not fit 2 class names"),
    ],
)
def test_arrays_that_do_not_go_together_are_refused(changed, said):
    with pytest.raises(SmugError, match=said):
        rows(**changed)
