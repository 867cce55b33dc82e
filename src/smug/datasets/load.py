"""Prepared data of any dataset: images, reviews or rows, with the same face."""

from __future__ import annotations

import os

from smug.datasets.beer.reviews import Reviews
from smug.datasets.prepared import PreparedImages
from smug.datasets.rows import PreparedRows
from smug.datasets.texts import PreparedTexts
from smug.io import array_names

#: Any prepared dataset: one row an input, with ``inputs``, ``labels``, ``ids`` and ``shard``.
Prepared = PreparedImages | Reviews | PreparedRows


def load_prepared(path: str | os.PathLike) -> Prepared:
    """Read prepared reviews (they hold tokens), rows of numbers (they name features) or images.

    Raises
    ------
    SmugError
        Missing, damaged or foreign file.
    """
    return _kind(path).load(path)


def load_shard(path: str | os.PathLike, number: int, size: int) -> Prepared:
    """Read one shard of prepared reviews, rows or images; of images no more than that is read.

    Raises as :func:`load_prepared`.
    """
    kind = _kind(path)
    if kind is PreparedImages:
        return PreparedImages.load_shard(path, number, size)
    return kind.load(path).shard(number, size)


def _kind(path: str | os.PathLike) -> type[Prepared]:
    names = array_names(path)
    if "tokens" in names:
        return PreparedTexts if "classes" in names else Reviews
    return PreparedRows if "features" in names else PreparedImages
