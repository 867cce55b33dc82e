"""One review as pages and figures show it: its words, scores, rationale and notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from smug.datasets.beer.reviews import ASPECTS, Reviews
from smug.errors import SmugError
from smug.pipeline.shards import AttributedShard
from smug.reviews.explained import SIS, SMALLEST, ExplainedTexts, RationaleSettings
from smug.reviews.sufficient_words import UNDECIDED

#: Steps of the highlight; a class each keeps the page small.
LEVELS = 10


@dataclass(frozen=True)
class HighlightedReview:
    """What a page or figure shows of one review.

    Parameters
    ----------
    title : str
        Name of the review.
    words : sequence of str
        Raw words, shape (n,).
    saliency : mapping of str to numpy.ndarray, shape (n,)
        Scores >= 0 of every word by method, in the order of the columns; each method is shown
        relative to its own highest score in the review.
    rationale : numpy.ndarray of bool, shape (n,), optional
        Words that the human marked; underlined.
    prediction : float
        The model's score.
    score : float
        The known score; NaN when unknown.
    aspect : str
        What the score is about.
    notes : mapping of str to str
        A short remark under a method's name, such as "3 words, proven smallest".
    """

    title: str
    words: Sequence[str]
    saliency: Mapping[str, np.ndarray]
    prediction: float
    score: float = float("nan")
    aspect: str = ""
    rationale: np.ndarray | None = None
    notes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.words)
        rationale = (
            np.zeros(n, bool) if self.rationale is None else np.asarray(self.rationale, bool)
        )
        object.__setattr__(self, "rationale", rationale)
        if n == 0 or not self.saliency:
            raise SmugError(f"review {self.title!r}: at least one word and one method are needed")
        arrays = {**self.saliency, "rationale": rationale}
        for name, values in arrays.items():
            if np.shape(values) != (n,):
                raise SmugError(
                    f"review {self.title!r}: {name} has shape {np.shape(values)}, "
                    f"but there are {n} words"
                )
            if not np.isfinite(values).all() or np.min(values) < 0:
                raise SmugError(
                    f"review {self.title!r}: the scores of {name} have to be finite and >= 0; "
                    "clip negative attributions first"
                )

    def levels(self, method: str) -> np.ndarray:
        """Highlight of every word, 0 (none) to :data:`LEVELS` (the method's highest score)."""
        values = np.asarray(self.saliency[method], np.float64)
        top = values.max()
        return np.ceil(LEVELS * values / top).astype(int) if top > 0 else np.zeros(len(values), int)


def highlighted(texts: ExplainedTexts, i: int, *, rationale: str) -> HighlightedReview:
    """Bring review ``i`` into the form that pages and figures show: raw words, scores, notes.

    ``rationale`` names the aspect of the human rationale where it is not the network's own.
    """
    reviews, words = texts.reviews, texts.words(i)
    saliency, notes = {}, {}
    for name in (SIS, SMALLEST, *(m for m in texts.methods if m not in (SIS, SMALLEST))):
        method = texts.methods[name]
        scores = np.where(texts.attributed.padding[i], 0.0, method.maps[i])
        saliency[name] = reviews.spread(i, scores)
        notes[name] = _note(texts, name, i, len(words))
    aspect = ASPECTS[reviews.aspect]
    return HighlightedReview(
        title=f"review {reviews.ids[i]}",
        words=reviews.words(i),
        saliency=saliency,
        rationale=reviews.spread(i, reviews.rationales[i]),
        prediction=texts.prediction(i),
        score=float(reviews.scores[i]),
        aspect=f"{aspect} (rationale of {rationale})" if rationale else aspect,
        notes=notes,
    )


def rationale_name(data: RationaleSettings) -> str:
    """Aspect of the human rationales where it is not the network's own, else nothing."""
    foreign = data.rationale_aspect not in (None, data.aspect) and data.explain == "annotated"
    return ASPECTS[data.rationale_aspect] if foreign else ""


def _note(texts: ExplainedTexts, name: str, i: int, words: int) -> str:
    """What a reader should know of a method's answer to review ``i``."""
    method, sets = texts.methods[name], texts.sets
    kept = 0 if method.masks is None else np.count_nonzero(method.masks[i])
    found = bool(method.found[i])
    if name == SIS:
        return subset_note(kept, words, sets.subsets[i], confirmed=sets.sis_confirmed[i])
    if name == SMALLEST:
        return smallest_note(
            kept,
            words,
            found=found,
            status=sets.status[i],
            bound=sets.bound[i],
            confirmed=sets.confirmed[i],
        )
    if not found:
        return "no answer"
    return "" if method.masks is None else mask_note(kept, words)


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


def mask_note(kept: int, words: int) -> str:
    """Say how many words SMUG's mask keeps; of an empty one, why."""
    note = f"{kept} of {words} words"
    return note if kept else f"{note}: the biases alone meet the demand; raise gamma to 0.5"


def subset_note(kept: int, words: int, subsets: int, *, confirmed: bool) -> str:
    """Say how many words the first sufficient input subset has, and how many subsets there are."""
    if not subsets:
        return "no answer"
    several = f" in the first of {subsets} disjoint subsets" if subsets > 1 else ""
    return _set_note(kept, words) + several + _doubt(confirmed)


def smallest_note(
    kept: int, words: int, *, found: bool, status: str, bound: float, confirmed: bool
) -> str:
    """Say how many words the smallest set has, and whether that is proven."""
    if not found:
        return "no threshold, no answer" if status == UNDECIDED else f"no answer ({status})"
    if not confirmed:
        return _set_note(kept, words) + _doubt(confirmed)
    return f"{_set_note(kept, words)}, {'proven' if bound >= kept else f'at least {bound:.0f}'}"


def _set_note(kept: int, words: int) -> str:
    note = f"{kept} of {words} words"
    return note if kept else f"{note} (the fully masked review suffices)"


def _doubt(confirmed: bool) -> str:
    return "" if confirmed else ", NOT confirmed by the network itself"
