"""Sufficient input subsets of texts whose network is asked, whatever it is; none is proven."""

from __future__ import annotations

import keras
import numpy as np

from smug.attribution.sis import sis
from smug.errors import SmugError
from smug.jobs.settings.reviews import SufficientWordsSettings
from smug.pipeline.each_input import each_input
from smug.pipeline.shards import AttributedShard
from smug.reviews.sufficient_words import UNSEARCHED, WordSetShard


def subsets_of_shard(
    model: keras.Model,
    x: np.ndarray,
    attributed: AttributedShard,
    settings: SufficientWordsSettings,
    replacement: str | float | np.ndarray = "zero",
) -> WordSetShard:
    """Find the sufficient subsets of every text of a shard by asking its network.

    They are those of :func:`smug.attribution.sis.sis`: a subset alone keeps the share
    ``settings.fraction`` of the probability of the class explained.

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray of int, shape (n, length)
        Word ids.
    attributed : AttributedShard
        The same texts and the classes explained.
    settings, replacement
        See :func:`smug.reviews.sufficient_words.word_sets`.

    Raises
    ------
    SmugError
        Fixed thresholds are asked for.
    """
    if settings.rule != "fraction":
        raise SmugError(
            f"sufficient_words.rule={settings.rule} is for text CNNs of two classes (embedding, "
            "Conv1D with relu, GlobalMaxPooling1D, Dense); for this network set it to fraction"
        )
    n, length = x.shape
    ranks, first = np.zeros((n, length)), np.zeros((n, length), bool)
    subsets, seconds = np.zeros(n, np.int64), np.zeros(n)

    def subsets_of(i: int) -> tuple[np.ndarray, np.ndarray]:
        values, mask, _ = sis(
            model,
            x[i : i + 1],
            attributed.target[i : i + 1],
            keep=settings.fraction,
            replacement=replacement,
            ties=settings.ties,
            limit=settings.limit,
        )
        return values[0], mask[0]

    asked = each_input(attributed.ids, subsets_of, label="sufficient words", unit="text")
    for i, outcome in enumerate(asked):
        seconds[i] = outcome.seconds
        if outcome.value is not None:
            ranks[i], first[i] = outcome.value
            # The last of the subsets has the rank 1 / their number; an empty one is alone.
            subsets[i] = round(1 / np.min(ranks[i], initial=1.0, where=ranks[i] > 0))
    nothing = np.zeros(n)
    return WordSetShard(
        ids=attributed.ids,
        threshold=np.full(n, np.nan),
        above=np.ones(n, bool),
        sis=first,
        ranked=ranks,
        subsets=subsets,
        smallest=np.zeros_like(first),
        status=np.full(n, UNSEARCHED),
        objective=np.full(n, np.inf),
        bound=nothing,
        sis_confirmed=subsets > 0,
        confirmed=np.zeros(n, bool),
        sis_seconds=seconds,
        seconds=nothing,
    )
