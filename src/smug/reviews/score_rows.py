"""Result rows of every method on the reviews of one shard."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from smug.metrics.texts import score_text, top_words
from smug.reviews.confidence import Confidence
from smug.reviews.explained import ExplainedReviews, MethodShard
from smug.reviews.sufficient_words import SIS, SMALLEST, WordSetShard

#: Levels that any method has to beat: nothing marked, and everything.
NO_WORD, EVERY_WORD = "no word", "every word"


def score_rows(
    confidence: Confidence, *, thresholds: int, share: float
) -> Iterator[dict[str, Any]]:
    """Yield one row per review, method and metric, without the run's and the dataset's name.

    A method without a mask is judged by its highest positive scores, see :func:`word_budget`. The
    metrics are those of :func:`smug.metrics.texts.score_text`; ``found`` (1 where the method has
    an answer, else 0 and no other row); ``seconds`` (of the whole method); for sufficient sets
    ``confirmed`` (1 where the network itself stays on the threshold's side) and ``proven`` (1
    where, besides, no smaller set suffices). :data:`NO_WORD` and :data:`EVERY_WORD` stand beside
    the methods.
    """
    explained = confidence.explained
    methods = explained.methods | _trivial(explained)
    for i, name in enumerate(explained.reviews.ids.tolist()):
        words = explained.words(i)
        human = explained.reviews.rationales[i, words]
        budget = word_budget(human, share)
        ask = confidence.of(i)
        for method, shard in methods.items():
            common = {"image": name, "method": method}
            yield {**common, "metric": "found", "value": float(shard.found[i])}
            if not shard.found[i]:
                continue
            yield {**common, "metric": "seconds", "value": shard.seconds[i]}
            saliency, mask = answer(shard, i, words, budget)
            marked = human if human.any() else None
            scores = score_text(ask, saliency, mask, marked, thresholds=thresholds)
            for metric, value in scores.items():
                yield {**common, "metric": metric, "value": value}
            if method in (SIS, SMALLEST) and explained.sets is not None:
                size = int(np.count_nonzero(mask))
                yield from _of_set(explained.sets, method, i, size, common)


def answer(
    shard: MethodShard, i: int, words: np.ndarray, budget: int
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and mask of a method over the words of review `i`.

    A method without a mask keeps its `budget` highest positive scores.
    """
    saliency = shard.maps[i, words]
    if shard.masks is not None:
        return saliency, shard.masks[i, words]
    return saliency, top_words(saliency, budget) & (saliency > 0)


def word_budget(human: np.ndarray, share: float) -> int:
    """Words that a map may keep: as many as the human marked, else a share of all, rounded up.

    It does not depend on what any method keeps, so that no method's empty mask decides how another
    one is judged.
    """
    return int(np.count_nonzero(human)) or math.ceil(share * len(human))


def _trivial(explained: ExplainedReviews) -> dict[str, MethodShard]:
    """Masks of nothing and of everything, their own saliency maps too."""
    words = ~explained.attributed.padding
    always, free = np.ones(len(words), bool), np.zeros(len(words))
    return {
        name: MethodShard(mask.astype(float), mask, always, free)
        for name, mask in ((NO_WORD, np.zeros_like(words)), (EVERY_WORD, words))
    }


def _of_set(
    sets: WordSetShard, method: str, i: int, size: int, common: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Rows on one sufficient set: does it hold for the real network, is it the smallest."""
    confirmed = bool((sets.sis_confirmed if method == SIS else sets.confirmed)[i])
    yield {**common, "metric": "confirmed", "value": float(confirmed)}
    solver = {"status": sets.status[i], "bound": sets.bound[i]}
    proven = confirmed and sets.bound[i] >= size
    yield {**common, "metric": "proven", "value": float(proven), **solver}
