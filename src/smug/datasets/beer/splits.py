"""Beer Reviews ready to train on and to explain: read or generated, split, tokenized."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from smug.datasets.beer import download as beer_download
from smug.datasets.beer import generator as beer_generator
from smug.datasets.beer import reviews as beer
from smug.datasets.beer.reviews import Review, Reviews
from smug.datasets.beer.tokenizer import Tokenizer
from smug.errors import SmugError

logger = logging.getLogger(__name__)


class BeerSettings(Protocol):
    """The values of the configuration section ``dataset`` of the reviews."""

    source: str
    root: str | None
    address: str
    sha256: Sequence[str]
    aspect: int
    rationale_aspect: int | None
    explain: str
    explained: int
    validation: int
    generated_train: int
    generated_heldout: int
    num_words: int
    max_words: int
    seed: int


@dataclass(frozen=True)
class Splits:
    """Reviews to train on, to stop the training, to measure it on, and to explain."""

    train: Reviews
    validation: Reviews
    test: Reviews
    explained: Reviews
    tokenizer: Tokenizer


def split_reviews(settings: BeerSettings) -> Splits:
    """Read the reviews of an aspect, fit the vocabulary on those to train on, split.

    The heldout reviews are shuffled by the seed; the first ``validation`` of them stop the
    training, the rest are the test reviews. Explained are annotated reviews with the rationale of
    ``rationale_aspect``, or test reviews, which have none.

    Raises
    ------
    SmugError
        What the readers raise, a split without reviews, and unknown scores among those of the
        training.
    """
    if settings.source == "download":
        beer_download.fetch(
            Path(settings.root),
            settings.aspect,
            address=settings.address,
            sha256=settings.sha256,
        )
    if settings.source != "generated":
        return _split(Path(settings.root), settings)
    with tempfile.TemporaryDirectory() as folder:
        beer_generator.write_reviews(
            folder,
            seed=settings.seed,
            train=settings.generated_train,
            heldout=settings.generated_heldout,
            annotated=settings.explained,
        )
        return _split(Path(folder), settings)


def _split(root: Path, settings: BeerSettings) -> Splits:
    aspect = settings.aspect
    train, heldout = (
        beer.read_reviews(beer.review_path(root, aspect, split), aspect)
        for split in ("train", "heldout")
    )
    if settings.validation >= len(heldout):
        raise SmugError(
            f"dataset.validation={settings.validation} leaves no test review of the {len(heldout)} "
            "heldout ones; lower dataset.validation"
        )
    order = np.random.default_rng(settings.seed).permutation(len(heldout))
    heldout = [heldout[i] for i in order]
    validation, test = heldout[: settings.validation], heldout[settings.validation :]
    if settings.explain == "heldout":
        explained = test
    else:
        explained = _annotated(root / "annotations.json", settings)
    tokenizer = Tokenizer.fit((" ".join(review.words) for review in train), settings.num_words)
    generated = beer.is_generated(root)

    def prepared(reviews: Sequence[Review], wanted: int | None = None) -> Reviews:
        return beer.prepare(
            _with_known_words(reviews, tokenizer)[:wanted],
            tokenizer,
            aspect,
            max_words=settings.max_words,
            generated=generated,
        )

    return Splits(
        prepared(train),
        prepared(validation),
        prepared(test),
        prepared(explained, settings.explained),
        tokenizer,
    )


def _annotated(path: Path, settings: BeerSettings) -> list[Review]:
    """Annotated reviews in an order drawn by the seed, with the score of the network's aspect."""
    aspect = settings.aspect
    marked = aspect if settings.rationale_aspect is None else settings.rationale_aspect
    reviews = beer.read_annotations(path, marked, score_aspect=aspect)
    order = np.random.default_rng(settings.seed).permutation(len(reviews))
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
