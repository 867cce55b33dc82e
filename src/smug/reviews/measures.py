"""The field's measures of every method's maps on the reviews of one shard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from smug.masks.replacement import replaced_word
from smug.metrics.field import SEED, located_and_concentrated, set_size
from smug.metrics.removal import random_sets, removal_correlation
from smug.reviews.explained import ExplainedReviews

#: From the number of a review, its embeddings without any word, and masks of removed words, to the
#: fall of the probability of the class explained under each.
Falls = Callable[[int, np.ndarray, Iterable[np.ndarray]], np.ndarray]

#: Measures in which a map may miss a word by some pixels make no sense.
_OF_PIXELS = "pointing_game"


def measure_rows(
    explained: ExplainedReviews,
    falls: Falls,
    subsets: int,
    subset: float,
    replacement: str = "zero",
) -> Iterator[dict[str, Any]]:
    """Yield one row per review, method and measure, without the run's and the dataset's name.

    Regions are the words that a human marked, where one did. The faithfulness correlation removes
    the same random sets of words for every method, and asks the network once.

    Parameters
    ----------
    explained : ExplainedReviews
    falls : callable
        See :meth:`smug.reviews.networks.ScoreNetwork.falls`.
    subsets : int
        Random sets of words.
    subset : float
        Share of a review's words in each.
    replacement : {"zero", "mean"}
        What a removed word becomes.
    """
    for i, name in enumerate(explained.reviews.ids.tolist()):
        words = explained.words(i)
        human = explained.reviews.rationales[i, words][np.newaxis]
        one = explained.attributed.inputs[i]
        sets = _sets(len(words), subsets, subset)
        fell = np.zeros(0)
        if sets:
            instead = replaced_word(one[words], replacement)
            hidden = np.broadcast_to(instead.astype(one.dtype), one.shape)
            placed = (np.isin(np.arange(len(one)), words[chosen]) for chosen in sets)
            fell = falls(i, hidden, placed)
        for method, shard in explained.methods.items():
            if not shard.found[i]:
                continue
            scores = shard.maps[i, words]
            values = located_and_concentrated(scores[np.newaxis], human)
            values["faithfulness_correlation"] = np.array(
                [removal_correlation(scores, sets, fell) if sets else np.nan]
            )
            for metric, value in values.items():
                if metric != _OF_PIXELS:
                    yield {"image": name, "method": method, "metric": metric, "value": value[0]}


def _sets(words: int, subsets: int, subset: float) -> list[np.ndarray]:
    """Masks over the words; none of a single word, which no set leaves out."""
    if words < 2:
        return []
    return list(random_sets((words,), set_size((words,), subset), subsets, SEED))
