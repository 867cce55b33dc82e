"""From attributions on a review's embeddings to one score per word."""

from __future__ import annotations

import numpy as np

from smug.explanation import Attribution

#: Methods whose values are contributions to the class score: their sign says for or against.
CONTRIBUTIONS = ("integrated_gradients", "ggig", "geometric_ensemble")


def word_scores(made: Attribution) -> np.ndarray:
    """Score every word by how much it speaks for the class explained.

    A contribution is summed over the embedding first, as completeness has it, and what speaks
    against the class counts as 0: SMUG, too, chooses nodes of positive attribution only, and a
    rationale says what speaks for a score. A plain gradient is no contribution; its magnitude
    counts.

    Parameters
    ----------
    made : Attribution
        Values of shape (batch, words, d), or (batch, words) of a method that scores words.

    Returns
    -------
    numpy.ndarray, shape (batch, words)
        Scores >= 0.
    """
    if made.values.ndim == 3 and made.method in CONTRIBUTIONS:
        return np.maximum(made.values.sum(axis=-1), 0.0)
    return made.saliency()
