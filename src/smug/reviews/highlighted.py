"""One review as pages and figures show it: its words, scores, rationale and notes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from smug.datasets.beer.reviews import Reviews
from smug.errors import SmugError

#: Steps of the highlight; a class each keeps the page small.
LEVELS = 10


@dataclass(frozen=True)
class HighlightedReview:
    """Card of one review, from which pages and figures are drawn.

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
        Subject of the score.
    notes : mapping of str to str
        A short remark under a method's name, such as "3 words, proven smallest".
    unanswered : collection of str
        Methods without an answer; their notes say why.
    """

    title: str
    words: Sequence[str]
    saliency: Mapping[str, np.ndarray]
    prediction: float
    score: float = float("nan")
    aspect: str = ""
    rationale: np.ndarray | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    unanswered: Collection[str] = ()

    def __post_init__(self) -> None:
        n = len(self.words)
        if n == 0 or not self.saliency:
            raise SmugError(f"review {self.title!r}: at least one word and one method are needed")
        arrays = {**self.saliency, "rationale": self.marked}
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

    @property
    def marked(self) -> np.ndarray:
        """Words that the human marked, shape (n,) bool; none without a rationale."""
        if self.rationale is None:
            return np.zeros(len(self.words), bool)
        return np.asarray(self.rationale, bool)

    def levels(self, method: str) -> np.ndarray:
        """Highlight of every word, 0 (none) to :data:`LEVELS` (the method's highest score)."""
        values = np.asarray(self.saliency[method], np.float64)
        top = values.max()
        return np.ceil(LEVELS * values / top).astype(int) if top > 0 else np.zeros(len(values), int)


@dataclass(frozen=True)
class Answer:
    """One method's answer to one review.

    Parameters
    ----------
    scores : numpy.ndarray, shape (length,)
        Of every token, >= 0; those of the padding are left aside.
    mask : numpy.ndarray of bool, shape (length,), optional
        Words that the method keeps; None for a method without a mask.
    found : bool
        Whether there is an answer.
    reason : str
        Short reason why there is none, such as the solver's status.
    """

    scores: np.ndarray
    mask: np.ndarray | None = None
    found: bool = True
    reason: str = ""

    def note(self, words: int) -> str:
        """Remark for a reader of the card of a review of so many words."""
        if not self.found:
            return f"no answer ({self.reason})" if self.reason else "no answer"
        return "" if self.mask is None else self._kept(int(np.count_nonzero(self.mask)), words)

    def _kept(self, kept: int, words: int) -> str:
        note = f"{kept} of {words} words"
        return note if kept else f"{note}: the biases alone meet the demand; raise gamma to 0.5"


@dataclass(frozen=True, kw_only=True)
class SufficientSet(Answer):
    """Words that alone keep the prediction.

    Parameters
    ----------
    confirmed : bool
        Whether the network itself, run on these words, stays on the threshold's side.
    subsets : int
        Disjoint sufficient subsets of the review; this is the first of them.
    bound : float, optional
        Proven least size of any sufficient set, where one was looked for.
    """

    confirmed: bool
    subsets: int = 1
    bound: float | None = None

    def _kept(self, kept: int, words: int) -> str:
        note = f"{kept} of {words} words"
        if not kept:
            note += " (the fully masked review suffices)"
        if self.subsets > 1:
            note += f" in the first of {self.subsets} disjoint subsets found"
        if not self.confirmed:
            return f"{note}, NOT confirmed by the network itself"
        if self.bound is None:
            return note
        return f"{note}, proven" if self.bound >= kept else f"{note}, at least {self.bound:.0f}"


def highlight(
    reviews: Reviews,
    i: int,
    answers: Mapping[str, Answer],
    *,
    prediction: float,
    aspect: str,
) -> HighlightedReview:
    """Make the card of one review: scores carried over from tokens to raw words, and notes.

    Parameters
    ----------
    reviews : Reviews
    i : int
        Row of the review.
    answers : mapping of str to Answer
        By the name to show, in the order of the columns.
    prediction : float
        The model's score.
    aspect : str
        Subject of the score.
    """
    words = int(reviews.lengths[i])
    return HighlightedReview(
        title=f"{reviews.noun} {reviews.ids[i]}",
        words=reviews.words(i),
        saliency={name: reviews.spread(i, answer.scores) for name, answer in answers.items()},
        rationale=reviews.spread(i, reviews.rationales[i]),
        prediction=float(prediction),
        score=float(reviews.scores[i]),
        aspect=aspect,
        notes={name: answer.note(words) for name, answer in answers.items()},
        unanswered=[name for name, answer in answers.items() if not answer.found],
    )
