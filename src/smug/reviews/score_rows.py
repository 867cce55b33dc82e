"""Result rows of every method on the reviews of one shard."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from smug.masks.replacement import replaced_word
from smug.metrics.texts import score_text, top_words
from smug.reviews.explained import ExplainedReviews, MethodShard
from smug.reviews.sufficient_words import SIS, SMALLEST

#: From the embeddings of one review, shape (length, d), to its predicted score.
Predict = Callable[[np.ndarray], float]

#: Levels that any method has to beat: nothing marked, and everything.
NO_WORD, EVERY_WORD = "no word", "every word"


def score_rows(
    explained: ExplainedReviews,
    predict: Predict,
    *,
    thresholds: int,
    share: float,
    replacement: str = "zero",
) -> Iterator[dict[str, Any]]:
    """Yield one row per review, method and metric, without the run's and the dataset's name.

    A method without a mask is judged by its highest positive scores, see :func:`word_budget`. A
    word that is left out becomes the `replacement`, as in the mask problems. The
    metrics are those of :func:`smug.metrics.texts.score_text`; ``found`` (1 where the method has
    an answer, else 0 and no other row); ``seconds`` (of the whole method); for sufficient sets
    ``confirmed`` (1 where the network itself stays on the threshold's side) and ``proven`` (1
    where, besides, no smaller set suffices). :data:`NO_WORD` and :data:`EVERY_WORD` stand beside
    the methods.
    """
    methods = explained.methods | _trivial(explained)
    for i, name in enumerate(explained.reviews.ids.tolist()):
        words = explained.words(i)
        human = explained.reviews.rationales[i, words]
        budget = word_budget(human, share)
        confidence = _confidence(explained, predict, i, replacement)
        for method, shard in methods.items():
            common = {"image": name, "method": method}
            yield {**common, "metric": "found", "value": float(shard.found[i])}
            if not shard.found[i]:
                continue
            yield {**common, "metric": "seconds", "value": shard.seconds[i]}
            saliency = shard.maps[i, words]
            if shard.masks is None:
                mask = top_words(saliency, budget) & (saliency > 0)
            else:
                mask = shard.masks[i, words]
            marked = human if human.any() else None
            scores = score_text(confidence, saliency, mask, marked, thresholds=thresholds)
            for metric, value in scores.items():
                yield {**common, "metric": metric, "value": value}
            if method in (SIS, SMALLEST):
                yield from _of_set(explained, method, i, int(np.count_nonzero(mask)), common)


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


def _confidence(
    explained: ExplainedReviews, predict: Predict, i: int, replacement: str
) -> Callable[[np.ndarray], float]:
    """Probability of the class explained in review ``i``, of a mask over its words."""
    words, high = explained.words(i), explained.attributed.target[i] == 1
    instead = replaced_word(explained.attributed.inputs[i], len(words), replacement)
    known: dict[bytes, float] = {}  # the whole review is asked about by every method

    def confidence(mask: np.ndarray) -> float:
        if mask.tobytes() not in known:
            embedded = explained.attributed.inputs[i].copy()
            embedded[words[~mask]] = instead
            score = predict(embedded)
            known[mask.tobytes()] = score if high else 1 - score
        return known[mask.tobytes()]

    return confidence


def _of_set(
    explained: ExplainedReviews, method: str, i: int, size: int, common: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Rows on one sufficient set: does it hold for the real network, is it the smallest."""
    sets = explained.sets
    confirmed = bool((sets.sis_confirmed if method == SIS else sets.confirmed)[i])
    yield {**common, "metric": "confirmed", "value": float(confirmed)}
    solver = {"status": sets.status[i], "bound": sets.bound[i]}
    proven = confirmed and sets.bound[i] >= size
    yield {**common, "metric": "proven", "value": float(proven), **solver}
