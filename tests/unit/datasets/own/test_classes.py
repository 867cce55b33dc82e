import numpy as np
import pytest

from smug.datasets.own.classes import class_indices, known_labels
from smug.errors import SmugError


@pytest.mark.parametrize(
    ("labels", "names", "outputs", "indices", "shown"),
    [
        (["dog", "cat", "dog"], (), 2, [1, 0, 1], ["cat", "dog"]),
        (["dog", "cat"], ("dog", "cat", "bird"), 3, [0, 1], ["dog", "cat", "bird"]),
        ([2, 0, 0], (), 3, [2, 0, 0], ["0", "1", "2"]),
        ([1.0, None, 0.0], (), 2, [1, -1, 0], ["0", "1"]),
        (["1", "0"], ("no", "yes"), 2, [1, 0], ["no", "yes"]),
        ([True, False], (), 2, [1, 0], ["False", "True"]),
        (None, (), 2, [], ["class 0", "class 1"]),
        (None, ("a", "b"), 2, [], ["a", "b"]),
    ],
)
def test_labels_become_the_networks_outputs(labels, names, outputs, indices, shown):
    found, classes = class_indices(labels, names, outputs)
    np.testing.assert_array_equal(found, np.array(indices, np.int64))
    assert classes == shown


@pytest.mark.parametrize(
    ("labels", "names", "outputs", "said"),
    [
        (["a", "b"], (), 3, r"labels are of 2 classes \(a, b\), the network has 3 outputs"),
        (["a", "c"], ("a", "b"), 2, r"unknown label \(dataset.classes\) 'c'; known: a, b"),
        (["a"], ("a",), 2, "names 1 classes, the network has 2 outputs"),
        ([0, 5], (), 3, "labels are of 2 classes"),
    ],
)
def test_labels_that_do_not_fit_the_network_are_named(labels, names, outputs, said):
    with pytest.raises(SmugError, match=said):
        class_indices(labels, names, outputs)


def test_labels_that_a_network_of_other_classes_does_not_know_are_none():
    names = ["cat", "crane", "crane"]
    assert known_labels(["cat", "crane", "dog", None, 2, "3"], names) == [
        *("cat", None, None, None, 2, None)
    ]
    assert known_labels(["dog", "crane"], names) is None
    assert known_labels(None, names) is None
