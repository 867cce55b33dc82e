"""Prepared data of any dataset: images or reviews, with the same face."""

from __future__ import annotations

import os

from smug.datasets.beer.reviews import Reviews
from smug.datasets.prepared import PreparedImages
from smug.io import array_names

#: Any prepared dataset: one row an input, with ``inputs``, ``labels``, ``ids`` and ``shard``.
Prepared = PreparedImages | Reviews


def load_prepared(path: str | os.PathLike) -> Prepared:
    """Read prepared reviews (they hold tokens) or images.

    Raises
    ------
    SmugError
        Missing, damaged or foreign file.
    """
    return Reviews.load(path) if _holds_reviews(path) else PreparedImages.load(path)


def load_shard(path: str | os.PathLike, number: int, size: int) -> Prepared:
    """Read one shard of prepared reviews or images; of images no more than that is read.

    Raises as :func:`load_prepared`.
    """
    if _holds_reviews(path):
        return Reviews.load(path).shard(number, size)
    return PreparedImages.load_shard(path, number, size)


def _holds_reviews(path: str | os.PathLike) -> bool:
    return "tokens" in array_names(path)
