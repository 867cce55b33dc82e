import numpy as np

from smug.datasets.load import load_prepared, load_shard
from smug.datasets.texts import PreparedTexts


def texts():
    return PreparedTexts(
        tokens=np.array([[2, 3], [4, 0]], np.int32),
        lengths=np.array([2, 1], np.int32),
        scores=np.full(2, np.nan),
        rationales=np.zeros((2, 2), bool),
        positions=np.array([[0, 1], [0, -1]], np.int32),
        ids=np.array(["p", "q"]),
        texts=("good beer", "flat"),
        aspect=0,
        generated=True,
        classes=np.array([1, -1]),
        class_names=np.array(["bad", "good"]),
    )


def test_texts_are_read_back_whole_and_by_shard(tmp_path):
    made = texts()
    made.save(tmp_path / "data.npz")
    again = load_prepared(tmp_path / "data.npz")
    assert isinstance(again, PreparedTexts)
    assert again.texts == made.texts
    assert again.generated
    for name in ("tokens", "classes", "class_names", "positions"):
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name))
    second = load_shard(tmp_path / "data.npz", 1, 1)
    assert second.labels.tolist() == [-1]
    assert second.class_names.tolist() == ["bad", "good"]
    assert second.words(0) == ["flat"]


def test_the_class_explained_is_named_with_its_probability():
    assert texts().explained_as(np.array([0.25, 0.75]), 0) == ("bad", 0.25)
    assert [texts().truth(i) for i in (0, 1)] == ["good", ""]
