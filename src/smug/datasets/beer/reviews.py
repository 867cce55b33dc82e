"""Beer Reviews in their original files: scored reviews per aspect, and human rationales.

``reviews.aspectN.{train,heldout}.txt.gz`` hold one review a line: five scores (appearance, aroma,
palate, taste, overall; ``nan`` when unknown), a tab, the tokens. ``annotations.json`` holds one
JSON object a line: ``x`` the tokens, ``y`` the five scores (``null`` when unknown), and under each
annotated aspect's number the rationale as token spans ``[start, end)``.
"""

from __future__ import annotations

import json
import logging
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from smug.datasets.beer.lines import read_lines
from smug.datasets.beer.tokenizer import Tokenizer
from smug.errors import SmugError
from smug.io import reading, save_arrays

logger = logging.getLogger(__name__)

ASPECTS = ("appearance", "aroma", "palate")
SCORES = 5
MAX_WORDS = 500
LONGEST_ID = 100
#: A folder that holds this file holds generated reviews, not real ones.
GENERATED_MARKER = "GENERATED.json"


@dataclass(frozen=True)
class Review:
    """One review as its file holds it.

    Parameters
    ----------
    id : str
        ``<split>-<line>``, or the annotation's own id.
    words : tuple of str
        Tokens, punctuation included.
    score : float
        Score of the aspect in [0, 1]; NaN when unknown.
    spans : tuple of (int, int)
        Human rationale, token spans ``[start, end)``; empty for reviews without one.
    """

    id: str
    words: tuple[str, ...]
    score: float
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Reviews:
    """Reviews ready for the model: n rows of ``max_words`` tokens, padded at the front.

    Parameters
    ----------
    tokens : numpy.ndarray of int32, shape (n, max_words)
        Vocabulary indices, 0 = padding; the words are the last ``lengths[i]`` columns.
    lengths : numpy.ndarray of int32, shape (n,)
        Words of each review that the model sees.
    scores : numpy.ndarray of float64, shape (n,)
        Score of the aspect in [0, 1]; NaN when unknown.
    rationales : numpy.ndarray of bool, shape (n, max_words)
        Tokens inside the human rationale.
    positions : numpy.ndarray of int32, shape (n, max_words)
        Which raw word a token came from, -1 for padding.
    ids : numpy.ndarray of str, shape (n,)
        Names of the reviews.
    texts : tuple of str
        Raw words of each review, joined by spaces, for display.
    aspect : int
        0 appearance, 1 aroma, 2 palate.
    generated : bool
        True when the reviews come from the generator; every figure has to say so.
    """

    tokens: np.ndarray
    lengths: np.ndarray
    scores: np.ndarray
    rationales: np.ndarray
    positions: np.ndarray
    ids: np.ndarray
    texts: tuple[str, ...]
    aspect: int
    generated: bool

    #: What one of them is called.
    noun: ClassVar[str] = "review"

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def padding(self) -> np.ndarray:
        """Columns without a word, shape (n, max_words) bool."""
        return self.positions < 0

    @property
    def inputs(self) -> np.ndarray:
        """Tokens, which the network's preprocessing gets."""
        return self.tokens

    @property
    def labels(self) -> np.ndarray:
        """Class of each review, int64: -1, since a score is no class."""
        return np.full(len(self), -1, np.int64)

    def explained_as(self, probability: np.ndarray, target: int) -> tuple[str, float]:
        """Subject of a prediction and its value, from the probability of every class."""
        return ASPECTS[self.aspect], float(probability[1])

    def truth(self, i: int) -> str:
        """Name of the true class of text ``i``; nothing here, since a score is no class."""
        return ""

    def shard(self, number: int, size: int) -> Self:
        """Reviews of one shard; none past the end."""
        return self.take(np.arange(len(self))[number * size :][:size])

    def words(self, i: int) -> list[str]:
        """Raw words of review ``i``, punctuation and unknown words included."""
        return self.texts[i].split(" ")

    def spread(self, i: int, values: np.ndarray) -> np.ndarray:
        """Carry one value per token, shape (max_words,), over to the raw words of review ``i``.

        A raw word of several tokens gets the largest; one that the model never saw gets 0.
        """
        values = np.asarray(values)
        words = np.zeros(len(self.words(i)), values.dtype)
        known = self.positions[i] >= 0
        np.maximum.at(words, self.positions[i][known], values[known])
        return words

    def take(self, rows: Sequence[int] | np.ndarray) -> Self:
        """Keep only ``rows``, in that order."""
        rows = np.asarray(rows, np.int64)
        kept = {name: value[rows] for name, value in self._by_row().items()}
        return replace(self, **kept, texts=tuple(self.texts[i] for i in rows))

    def _of_all(self) -> dict[str, np.ndarray]:
        """Arrays that are no rows of texts; a class that extends this one may have some."""
        return {}

    def _by_row(self) -> dict[str, np.ndarray]:
        """Arrays of a row a text."""
        return {name: getattr(self, name) for name in _ARRAYS}

    def save(self, path: str | Path) -> None:
        """Write a compressed ``.npz`` without pickle, in one step."""
        encoded = [text.encode("utf-8") for text in self.texts]
        arrays = (
            self._by_row()
            | self._of_all()
            | {
                "text_bytes": np.frombuffer(b"".join(encoded), np.uint8),
                "text_ends": np.cumsum([len(text) for text in encoded], dtype=np.int64),
                "aspect": np.int64(self.aspect),
                "generated": np.bool_(self.generated),
            }
        )
        save_arrays(path, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Read the file that :meth:`save` writes."""
        step = "run the prepare stage again"
        with (
            reading(path, missing=step, damaged="holds no prepared reviews", step=step),
            np.load(path, allow_pickle=False) as stored,
        ):
            arrays = {name: stored[name] for name in stored.files}
            blob, ends = arrays.pop("text_bytes").tobytes(), arrays.pop("text_ends")
            starts = np.concatenate([[0], ends[:-1]])
            texts = tuple(blob[a:b].decode("utf-8") for a, b in zip(starts, ends, strict=True))
            aspect, generated = int(arrays.pop("aspect")), bool(arrays.pop("generated"))
            return cls(**arrays, texts=texts, aspect=aspect, generated=generated)


_ARRAYS = ("tokens", "lengths", "scores", "rationales", "positions", "ids")


def check_aspect(aspect: int) -> int:
    """Return ``aspect``, or raise when it is not 0, 1 or 2."""
    if aspect not in range(len(ASPECTS)):
        known = ", ".join(f"{i} {name}" for i, name in enumerate(ASPECTS))
        raise SmugError(f"aspect={aspect!r} is unknown; known: {known}")
    return int(aspect)


def review_path(root: str | Path, aspect: int, split: str) -> Path:
    """Path of the review file of an aspect; ``split`` is ``train`` or ``heldout``."""
    return Path(root) / f"reviews.aspect{check_aspect(aspect)}.{split}.txt.gz"


def is_generated(root: str | Path) -> bool:
    """True if the folder says of itself that its reviews are generated."""
    return (Path(root) / GENERATED_MARKER).exists()


def read_reviews(path: str | Path, aspect: int) -> list[Review]:
    """Read a ``reviews.aspectN.<split>.txt.gz`` file.

    Parameters
    ----------
    path : path
        The gzip file.
    aspect : int
        Which of the five scores to keep, 0 to 2.

    Raises
    ------
    SmugError
        Missing file, broken gzip, a line that is not ``five scores<TAB>tokens``, an empty review,
        or a score of the aspect that is unknown or outside [0, 1]; with the line's number.
    """
    path, aspect = Path(path), check_aspect(aspect)
    split = path.name.removesuffix(".txt.gz").rpartition(".")[2]
    reviews = []
    for number, line in enumerate(read_lines(path), start=1):
        where = f"{path}, line {number}"
        numbers, tab, text = line.partition("\t")
        if not tab:
            raise SmugError(f"{where}: no tab between scores and text: {line[:60]!r}")
        scores = _scores(numbers.split(), where)
        if math.isnan(scores[aspect]):
            known = [i for i, score in enumerate(scores) if not math.isnan(score)]
            raise SmugError(
                f"{where}: the score of aspect {aspect} is nan; known here: aspects {known}. "
                f"Give the file of aspect {aspect}, or ask for one of those"
            )
        # Each word is kept once, however often it is written.
        words = tuple(map(sys.intern, text.split()))
        if not words:
            raise SmugError(f"{where}: the review is empty; remove the line")
        reviews.append(Review(f"{split}-{number}", words, scores[aspect]))
    if not reviews:
        raise SmugError(f"{path} holds no review")
    return reviews


def read_annotations(
    path: str | Path, aspect: int, *, score_aspect: int | None = None
) -> list[Review]:
    """Read ``annotations.json``: one JSON object a line, with the human rationale of ``aspect``.

    Parameters
    ----------
    path : path
    aspect : int
        Of the rationale, 0 to 2.
    score_aspect : int, optional
        Of the score; that of the rationale by default.

    Raises
    ------
    SmugError
        Missing file, a line that is not such an object, an empty review, no rationale for the
        aspect, a span outside the text, or an id that stood before; with the line's number.
    """
    path, aspect = Path(path), check_aspect(aspect)
    scored = aspect if score_aspect is None else check_aspect(score_aspect)
    reviews: list[Review] = []
    line_of: dict[str, int] = {}
    for number, line in enumerate(read_lines(path), start=1):
        where = f"{path}, line {number}"
        with reading(f"{where}:", damaged="not JSON", step="one object a line"):
            item = json.loads(line)
        review = _annotation(item, aspect, scored, where, number)
        if review.id in line_of:
            raise SmugError(
                f"{where}: the id {review.id!r} stands on line {line_of[review.id]} already; "
                "give every review its own"
            )
        line_of[review.id] = number
        reviews.append(review)
    if not reviews:
        raise SmugError(f"{path} holds no annotation")
    return reviews


def prepare(
    reviews: Sequence[Review],
    tokenizer: Tokenizer,
    aspect: int,
    *,
    max_words: int = MAX_WORDS,
    generated: bool = False,
) -> Reviews:
    """Turn reviews into padded arrays; the rationale follows its tokens.

    A review of more than ``max_words`` known words keeps its end, as the original's padding did;
    the log says how many were cut.

    Raises
    ------
    SmugError
        An empty review, or one without any word of the vocabulary.
    """
    shape = (len(reviews), max_words)
    tokens, positions = np.zeros(shape, np.int32), np.full(shape, -1, np.int32)
    rationales, lengths, cut = np.zeros(shape, bool), np.zeros(len(reviews), np.int32), 0
    for i, review in enumerate(reviews):
        indices, sources = tokenizer.encode(review.words)
        if not review.words:
            raise SmugError(f"review {review.id} is empty; give at least one word")
        if not indices:
            raise SmugError(
                f"review {review.id}: none of its {len(review.words)} words is in the vocabulary: "
                f"{' '.join(review.words)[:60]!r}; write it in words the model was trained on"
            )
        cut += len(indices) > max_words
        indices, sources = indices[-max_words:], sources[-max_words:]
        marked = np.zeros(len(review.words), bool)
        for start, end in review.spans:
            marked[start:end] = True
        lengths[i] = len(indices)
        tokens[i, -len(indices) :] = indices
        positions[i, -len(indices) :] = sources
        rationales[i, -len(indices) :] = marked[sources]
    if cut:
        logger.warning(
            "%d of %d reviews: only the last %d words kept", cut, len(reviews), max_words
        )
    return Reviews(
        tokens=tokens,
        lengths=lengths,
        scores=np.array([review.score for review in reviews], np.float64),
        rationales=rationales,
        positions=positions,
        ids=np.array([review.id for review in reviews], np.str_),
        texts=tuple(" ".join(review.words) for review in reviews),
        aspect=check_aspect(aspect),
        generated=generated,
    )


def _scores(values: Sequence[Any], where: str) -> list[float]:
    """Five scores, each NaN or in [0, 1]."""
    try:
        scores = [math.nan if value is None else float(value) for value in values]
        if any(isinstance(value, bool) for value in values):
            raise TypeError("true and false are no scores")
    except (TypeError, ValueError, OverflowError):
        raise SmugError(f"{where}: scores {values!r} are not numbers, nan or null") from None
    if len(scores) != SCORES:
        raise SmugError(f"{where}: {len(scores)} scores, {SCORES} expected: {values!r}")
    if any(not (math.isnan(score) or 0 <= score <= 1) for score in scores):
        raise SmugError(f"{where}: scores {scores} are not all in [0, 1]")
    return scores


def _annotation(item: Any, aspect: int, scored: int, where: str, number: int) -> Review:
    """One checked line of ``annotations.json``."""
    if not isinstance(item, dict) or not isinstance(item.get("x"), list) or "y" not in item:
        raise SmugError(f"{where}: an object with the lists 'x' and 'y' is expected")
    words = item["x"]
    if not words:
        raise SmugError(f"{where}: the review is empty; remove the line")
    if not all(isinstance(word, str) and word.split() == [word] for word in words):
        raise SmugError(f"{where}: 'x' has to hold words, none of them empty or with a space")
    if not isinstance(item["y"], list):
        raise SmugError(f"{where}: 'y' is {item['y']!r}; a list of {SCORES} scores is expected")
    spans = item.get(str(aspect))
    if spans is None:
        known = [i for i in range(SCORES) if str(i) in item]
        raise SmugError(
            f"{where}: no rationale for aspect {aspect} ({ASPECTS[aspect]}); this file annotates "
            f"aspects {known}. Set the aspect to one of them or give another file"
        )
    if not isinstance(spans, list):
        raise SmugError(
            f"{where}: the rationale of aspect {aspect} is {spans!r}; a list of spans "
            "[start, end) is expected"
        )
    for span in spans:
        pair = isinstance(span, list) and len(span) == 2 and all(type(n) is int for n in span)
        if not pair or not 0 <= span[0] < span[1] <= len(words):
            raise SmugError(
                f"{where}: span {span!r} lies outside the text; spans are [start, end) with "
                f"0 <= start < end <= {len(words)}"
            )
    score = _scores(item["y"], where)[scored]
    ident = str(item.get("id", f"annotation-{number}"))
    if not ident.isprintable() or not 0 < len(ident) <= LONGEST_ID:
        raise SmugError(
            f"{where}: the id {ident!r} is none; give 1 to {LONGEST_ID} letters that can be printed"
        )
    with reading(f"{where}:", damaged="'x' holds half a letter", step="write it as UTF-8"):
        " ".join(words).encode("utf-8")
    return Review(ident, tuple(words), score, tuple((a, b) for a, b in spans))
