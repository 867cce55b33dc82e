import numpy as np
import pytest

from smug.datasets.own.rows import ReadRows
from smug.errors import SmugError
from smug.jobs.settings.own import OwnTableSettings
from smug.pipeline.own import prepare_rows

USUAL = dict(
    name="mine", kind="table", source="generated", explained=2, shard_size=2, seed=3, root="x.csv"
)


def settings(**changed):
    return OwnTableSettings(**{**USUAL, "selection": "all", **changed})


def rows(labels=("a", "b", "b", "a")):
    values = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0], [3.0, 1.0]])
    return ReadRows(values, None if labels is None else list(labels), list("pqrs"), ["f", "g"])


def prepared(read=None, standard=False, **changed):
    return prepare_rows(
        read or rows(),
        settings(**changed),
        shape=(2,),
        outputs=2,
        predict=lambda x: (x[:, 0] > 0.5).astype(int),
        standard=standard,
    )


def test_rows_are_chosen_by_the_seed_and_say_that_they_are_generated():
    made, counts = prepared(explained=4)
    order = np.random.default_rng(3).permutation(4)
    assert made.ids.tolist() == [list("pqrs")[i] for i in order]
    assert made.labels.tolist() == [[0, 1, 1, 0][i] for i in order]
    assert made.generated
    assert counts == {"tried": 4, "misclassified": 0}
    assert len(prepared()[0]) == 2


def test_those_classified_correctly_are_kept():
    made, counts = prepared(selection="correct", explained=9)
    # The last one is predicted as class 1, and labelled 0.
    assert set(made.ids.tolist()) == {"p", "q", "r"}
    assert counts["misclassified"] == 1


def test_standard_columns_are_those_of_all_rows():
    made, _ = prepared(standard=True, explained=1)
    i = list("pqrs").index(made.ids[0])
    assert made.values[0] == pytest.approx([(i - 1.5) / np.sqrt(1.25), 0.0])


def test_without_labels_none_can_be_right():
    with pytest.raises(SmugError, match=r"selection=correct needs labels"):
        prepared(rows(None), selection="correct")
    assert prepared(rows(None))[0].labels.tolist() == [-1, -1]
