"""Read what any prepare stage wrote: images or reviews, with the same face."""

from __future__ import annotations

import os
from typing import Protocol

import numpy as np

from smug.datasets.beer.reviews import Reviews
from smug.datasets.prepared import PreparedImages
from smug.io import array_names


class Prepared(Protocol):
    """What every prepared dataset offers: one row an input."""

    ids: np.ndarray

    @property
    def generated(self) -> bool:
        """Whether a program made the inputs up."""

    @property
    def inputs(self) -> np.ndarray:
        """What the network's preprocessing gets."""

    @property
    def labels(self) -> np.ndarray:
        """Class of each input, -1 where unknown."""

    def shard(self, number: int, size: int) -> Prepared:
        """Inputs of one shard; none past the end."""

    def __len__(self) -> int: ...


def load_prepared(path: str | os.PathLike) -> Prepared:
    """Read prepared reviews (they hold tokens) or images.

    Raises
    ------
    SmugError
        Missing, damaged or foreign file.
    """
    return (Reviews if _holds_reviews(path) else PreparedImages).load(path)


def load_shard(path: str | os.PathLike, number: int, size: int) -> Prepared:
    """Read one shard of prepared reviews or images; of images no more than that is read.

    Raises as :func:`load_prepared`.
    """
    if _holds_reviews(path):
        return Reviews.load(path).shard(number, size)
    return PreparedImages.load_shard(path, number, size)


def _holds_reviews(path: str | os.PathLike) -> bool:
    return "tokens" in array_names(path)
