"""Confidence of the network in parts of a review; each part is asked once for all measures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from smug.masks.replacement import replaced_word
from smug.reviews.explained import ExplainedReviews

#: From the number of a review and embeddings of it, shape (length, d), to the probability of the
#: class explained.
Predict = Callable[[int, np.ndarray], float]


class Confidence:
    """Probability of the class explained in each review, of masks over its words.

    Parameters
    ----------
    explained : ExplainedReviews
    predict : callable
        See :meth:`smug.reviews.networks.ScoreNetwork.confidence`.
    replacement : {"zero", "mean"}
        What a word that is left out becomes, as in the mask problems.
    """

    def __init__(
        self, explained: ExplainedReviews, predict: Predict, replacement: str = "zero"
    ) -> None:
        self.explained, self.predict, self.replacement = explained, predict, replacement
        self._known: dict[tuple[int, bytes], float] = {}

    def of(self, i: int) -> Callable[[np.ndarray], float]:
        """Ask about review `i`: a function of a mask over its words, bool of shape (words,)."""
        explained = self.explained
        words = explained.words(i)
        instead = replaced_word(explained.attributed.inputs[i][words], self.replacement)

        def confidence(mask: np.ndarray) -> float:
            key = i, mask.tobytes()
            if key not in self._known:
                embedded = explained.attributed.inputs[i].copy()
                embedded[words[~mask]] = instead
                self._known[key] = self.predict(i, embedded)
            return self._known[key]

        return confidence
