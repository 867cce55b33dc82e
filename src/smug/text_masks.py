"""Masks of one review in the form that figures show."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from smug.datasets.beer import ASPECTS, Reviews
from smug.figures.text_html import HighlightedReview
from smug.shards import AttributedShard
from smug.word_notes import mask_note


def highlighted_masks(
    reviews: Reviews,
    attributed: AttributedShard,
    i: int,
    panels: Mapping[str, tuple[np.ndarray, np.ndarray]],
) -> HighlightedReview:
    """Bring review ``i`` with several masks into the form that figures show.

    Parameters
    ----------
    reviews : Reviews
    attributed : AttributedShard
        Of the same reviews.
    i : int
    panels : mapping of str to (numpy.ndarray of bool, numpy.ndarray)
        By title: the mask and the scores that colour its words, each of shape (length,).
    """
    words = np.count_nonzero(~attributed.padding[i])
    return HighlightedReview(
        title=f"review {reviews.ids[i]}",
        words=reviews.words(i),
        saliency={name: reviews.spread(i, scores) for name, (_, scores) in panels.items()},
        rationale=reviews.spread(i, reviews.rationales[i]),
        prediction=float(attributed.probability[i, 1]),
        score=float(reviews.scores[i]),
        aspect=ASPECTS[reviews.aspect],
        notes={
            name: mask_note(np.count_nonzero(mask), words) for name, (mask, _) in panels.items()
        },
    )
