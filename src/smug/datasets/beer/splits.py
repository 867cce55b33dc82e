"""Beer Reviews ready to train on and to explain: read or generated, split, tokenized."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smug.datasets.beer import download as beer_download
from smug.datasets.beer import generator as beer_generator
from smug.datasets.beer import reviews as beer
from smug.datasets.beer.reviews import Review, Reviews
from smug.datasets.beer.tokenizer import Tokenizer
from smug.datasets.root import folder
from smug.errors import SmugError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Splits:
    """Reviews to train on, to stop the training, to measure it on, and to explain."""

    train: Reviews
    validation: Reviews
    test: Reviews
    explained: Reviews
    tokenizer: Tokenizer


def split_reviews(
    *,
    source: str,
    aspect: int,
    explain: str,
    explained: int,
    validation: int,
    num_words: int,
    max_words: int,
    seed: int,
    root: str | os.PathLike | None = None,
    address: str = "",
    sha256: Sequence[str] = (),
    rationale_aspect: int | None = None,
    generated_train: int = 2,
    generated_heldout: int = 2,
) -> Splits:
    """Read the reviews of an aspect, fit the vocabulary on those to train on, split.

    The heldout reviews are shuffled by the seed; the first ``validation`` of them stop the
    training, the rest are the test reviews. The keywords are the settings of the configuration
    section ``dataset`` of the reviews.

    Parameters
    ----------
    source : {"generated", "files", "download"}
    aspect : int
        Aspect whose score the network predicts.
    explain : {"annotated", "heldout"}
        Explained are annotated reviews with the rationale of ``rationale_aspect`` (of ``aspect``
        by default), or test reviews, which have none.
    explained, validation : int
        Number of reviews explained, at most, and of those that stop the training.
    num_words, max_words : int
        Number of words that the network knows, and that it reads of a review.
    seed : int
        Of the generated reviews and of the order of the heldout and annotated ones.
    root : path-like, optional
        Folder of the files, where ``source="download"`` puts them.
    address, sha256
        See :func:`smug.datasets.beer.download.fetch`.
    generated_train, generated_heldout : int
        Number of reviews that ``source="generated"`` makes.

    Raises
    ------
    SmugError
        What the readers raise, no folder to read, a split without reviews, and unknown scores
        among those of the training.
    """
    with tempfile.TemporaryDirectory() as made:
        if source == "generated":
            files = Path(made)
            beer_generator.write_reviews(
                files,
                seed=seed,
                train=generated_train,
                heldout=generated_heldout,
                annotated=explained,
            )
        else:
            files = folder(source, root)
        if source == "download":
            beer_download.fetch(files, aspect, address=address, sha256=sha256)
        train, heldout = (
            beer.read_reviews(beer.review_path(files, aspect, split), aspect)
            for split in ("train", "heldout")
        )
        stopping, test = _heldout_parts(heldout, validation, seed)
        chosen = test
        if explain == "annotated":
            marked = aspect if rationale_aspect is None else rationale_aspect
            chosen = _annotated(files / "annotations.json", marked, aspect, seed)
        generated = beer.is_generated(files)
    tokenizer = Tokenizer.fit((" ".join(review.words) for review in train), num_words)

    def prepared(reviews: Sequence[Review], wanted: int | None = None) -> Reviews:
        return beer.prepare(
            _with_known_words(reviews, tokenizer)[:wanted],
            tokenizer,
            aspect,
            max_words=max_words,
            generated=generated,
        )

    return Splits(
        prepared(train), prepared(stopping), prepared(test), prepared(chosen, explained), tokenizer
    )


def _heldout_parts(
    heldout: Sequence[Review], validation: int, seed: int
) -> tuple[list[Review], list[Review]]:
    """Heldout reviews in an order drawn by the seed: those that stop the training, the others."""
    if validation >= len(heldout):
        raise SmugError(
            f"dataset.validation={validation} leaves no test review of the {len(heldout)} "
            "heldout ones; lower dataset.validation"
        )
    shuffled = _shuffled(heldout, seed)
    return shuffled[:validation], shuffled[validation:]


def _annotated(path: Path, marked: int, aspect: int, seed: int) -> list[Review]:
    """Annotated reviews in an order drawn by the seed, with the score of the network's aspect."""
    return _shuffled(beer.read_annotations(path, marked, score_aspect=aspect), seed)


def _shuffled(reviews: Sequence[Review], seed: int) -> list[Review]:
    order = np.random.default_rng(seed).permutation(len(reviews))
    return [reviews[i] for i in order]


def _with_known_words(reviews: Sequence[Review], tokenizer: Tokenizer) -> list[Review]:
    """Leave out reviews without any word of the vocabulary, and say so; one at least must stay."""
    kept = [review for review in reviews if tokenizer.encode(review.words)[0]]
    for review in sorted({r.id for r in reviews} - {r.id for r in kept}):
        logger.warning("review %s left out: no word of it is in the vocabulary", review)
    if not kept:
        raise SmugError(
            f"none of {len(reviews)} reviews has a word of the vocabulary; check the files"
        )
    return kept
