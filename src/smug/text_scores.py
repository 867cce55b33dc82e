"""Result rows of every method on the reviews of one shard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from smug.metrics.texts import score_text, top_words
from smug.texts import SIS, SMALLEST, SMUG, ExplainedTexts

#: From the embeddings of one review, shape (length, d), to its predicted score.
Predict = Callable[[np.ndarray], float]


def text_rows(
    texts: ExplainedTexts, predict: Predict, *, thresholds: int
) -> Iterator[dict[str, Any]]:
    """Yield one row per review, method and metric, without the run's and the dataset's name.

    A method without a mask is judged by its highest-scored words, as many as SMUG keeps. The
    metrics are those of :func:`smug.metrics.texts.score_text`; ``found`` (1 where the method has
    an answer, else 0 and no other row); for sufficient sets ``confirmed`` (1 where the network
    itself stays on the threshold's side) and ``proven`` (1 where no smaller set suffices).
    """
    for i, name in enumerate(texts.reviews.ids.tolist()):
        words = texts.words(i)
        human = texts.reviews.rationales[i, words]
        smug_size = np.count_nonzero(texts.methods[SMUG].masks[i, words])

        known: dict[bytes, float] = {}  # the whole review is asked about by every method

        def score(mask: np.ndarray, i=i, words=words, known=known) -> float:
            if mask.tobytes() not in known:
                embedded = texts.attributed.inputs[i].copy()
                embedded[words[~mask]] = 0.0
                known[mask.tobytes()] = predict(embedded)
            return known[mask.tobytes()]

        def confidence(mask: np.ndarray, score=score, high=texts.attributed.target[i] == 1):
            return score(mask) if high else 1 - score(mask)

        for method, shard in texts.methods.items():
            common = {"image": name, "method": method, "seconds": shard.seconds[i]}
            yield {**common, "metric": "found", "value": float(shard.found[i])}
            if not shard.found[i]:
                continue
            saliency = shard.maps[i, words]
            mask = top_words(saliency, smug_size) if shard.masks is None else shard.masks[i, words]
            scores = score_text(
                confidence,
                saliency,
                mask,
                human if human.any() else None,
                thresholds=thresholds,
            )
            for metric, value in scores.items():
                yield {**common, "metric": metric, "value": value}
            if method in (SIS, SMALLEST):
                yield from _of_set(texts, i, mask, score(mask), common)


def _of_set(
    texts: ExplainedTexts, i: int, mask: np.ndarray, prediction: float, common: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Whether a sufficient set holds for the real network, and whether it is the smallest."""
    sets = texts.sets
    confirmed = texts.confirmed(i, prediction)
    yield {**common, "metric": "confirmed", "value": float(confirmed)}
    solver = {"status": sets.status[i], "bound": sets.bound[i]}
    proven = float(sets.bound[i] >= np.count_nonzero(mask))
    yield {**common, "metric": "proven", "value": proven, **solver}
