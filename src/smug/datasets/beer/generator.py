"""Seeded generator of beer reviews with five scores and token rationales.

For the demo only: the reviews are made up by the rules of
:mod:`~smug.datasets.beer.sentences` and :mod:`~smug.datasets.beer.lexicon`, and the folder says so.
They come in the original file formats, and read like what people type into a form: lower case,
hardly a stop. What a phrase says about an aspect hangs on neighbouring words, never on one word
alone:

- *aspect*: a thin head, a thin nose and a thin body are three opinions on three aspects;
- *what there is much of*: plenty of lacing praises, plenty of sediment does not;
- *negation*: "the body isn't thin" praises, "no creamy head" does not; *contrast*: "creamy rather
  than watery" goes by the first word;
- *strength*: "very" counts more than "slightly".
"""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import dataclass
from pathlib import Path

from smug.datasets.beer import lexicon
from smug.datasets.beer.reviews import ASPECTS, GENERATED_MARKER, SCORES, review_path
from smug.datasets.beer.sentences import Opinion, Writer
from smug.errors import SmugError
from smug.io import atomic

#: Opinions on an aspect of a writer of few words, of most writers, of one of many words; an
#: aspect has clauses for three.
_COUNTS = ((1, 1, 2), (2, 2, 3), (2, 2, 3), (3,))
#: Where the last word on the beer turns from bad to so-so, and from so-so to good.
_SO_SO, _GOOD = 0.5, 0.68


@dataclass(frozen=True)
class GeneratedReview:
    """A review and what it says.

    Parameters
    ----------
    words : tuple of str
    scores : tuple of float
        Of the five aspects, in [0, 1]; that of ``overall`` is the mean of the others.
    spans : tuple of tuple of (int, int)
        For each aspect, the token spans ``[start, end)`` that carry its score.
    opinions : tuple of tuple of Opinion
        For each aspect but ``overall``, what its spans say.
    """

    words: tuple[str, ...]
    scores: tuple[float, ...]
    spans: tuple[tuple[tuple[int, int], ...], ...]
    opinions: tuple[tuple[Opinion, ...], ...]


def make_review(rng: random.Random) -> GeneratedReview:
    """Make up one review; all randomness comes from ``rng``."""
    writer, mood = Writer(rng, rng.choice(lexicon.STYLES)), rng.uniform(-1, 1)
    headings = rng.choice(lexicon.HEADINGS) if rng.random() < 0.4 else None
    order = list(lexicon.SHEET[:-1])
    if headings is None and rng.random() < 0.15:
        rng.shuffle(order)
    wordy = rng.choice(_COUNTS)
    said = [_opinions(writer, aspect, mood, wordy) for aspect in range(SCORES - 1)]
    scores = [score_of(opinions) for opinions in said]
    draft = _Draft(writer, stops=rng.random() < 0.1)
    draft.some(lexicon.OPENINGS, 0.75)
    before: float | None = None
    for aspect in order:
        if headings:
            draft.add([headings[lexicon.SHEET.index(aspect)]])
        elif before is not None and abs(scores[aspect] - before) > 0.25 and rng.random() < 0.6:
            turn = lexicon.UP if scores[aspect] > before else lexicon.DOWN
            draft.add(rng.choice(turn).split())
        draft.sentence(aspect, said[aspect])
        if aspect != 0 and rng.random() < 0.25:
            draft.some(lexicon.ASIDES, 1)
        before = scores[aspect]
    if headings:
        draft.add([headings[-1]])
    overall = round(sum(scores) / len(scores), 1)
    draft.verdict(overall)
    draft.some(lexicon.CLOSINGS, 0.4)
    spans = tuple(tuple(found) for found in draft.spans)
    return GeneratedReview(tuple(draft.words), (*scores, overall), spans, tuple(map(tuple, said)))


def score_of(opinions: list[Opinion]) -> float:
    """Score that opinions add up to: 0.6 plus 0.4 times their mean, to one digit."""
    total = sum(opinion.sign * opinion.strength for opinion in opinions)
    return round(0.6 + 0.4 * total / len(opinions), 1)


def _opinions(writer: Writer, aspect: int, mood: float, counts: tuple[int, ...]) -> list[Opinion]:
    """So many opinions on an aspect, noun phrases first; the mood sways them a little."""
    rng = writer.rng
    lean = 1 if rng.random() < 0.5 + 0.4 * mood else -1
    nouns = sorted((rng.random() < 0.55 for _ in range(rng.choice(counts))), reverse=True)
    signs = [lean if rng.random() < 0.8 else -lean for _ in nouns]
    made: list[Opinion] = []
    for sign, is_noun in zip(signs, nouns, strict=True):
        found = writer.opinion(aspect, sign, is_noun=is_noun)
        while _repeats(found, made):
            found = writer.opinion(aspect, sign, is_noun=is_noun)
        made.append(found)
    return made


def _repeats(opinion: Opinion, others: list[Opinion]) -> bool:
    """True where an opinion names a thing that the others named already."""
    return any(other.things & opinion.things for other in others)


class _Draft:
    """Words of a review as it is written, and where the opinions stand."""

    def __init__(self, writer: Writer, *, stops: bool) -> None:
        self.writer, self.stops = writer, stops
        self.words: list[str] = []
        self.spans: list[list[tuple[int, int]]] = [[] for _ in range(SCORES)]

    def add(self, words: list[str]) -> None:
        self.words += words

    def some(self, templates: tuple[str, ...], share: float) -> None:
        """Add one of the templates in a share of the reviews."""
        if self.writer.rng.random() < share:
            self.add(self.writer.fill(self.writer.rng.choice(templates)))
            self.stop()

    def stop(self) -> None:
        if self.stops:
            self.add(["."])

    def mark(self, aspect: int, words: tuple[str, ...]) -> None:
        """Add the words of an opinion on an aspect."""
        if self.words[-1:] == list(words[:1]):  # "aroma the aroma is", behind a heading
            self.add(["the"])
        self.spans[aspect].append((len(self.words), len(self.words) + len(words)))
        self.add(list(words))

    def sentence(self, aspect: int, opinions: list[Opinion]) -> None:
        """Add a sentence: what stands before, then the opinions with a word between them."""
        pick, first = self.writer.rng.choice, opinions[0]
        lead, frame = pick(lexicon.LEADS[aspect]), pick(lexicon.FRAMES[aspect])
        if first.is_noun and aspect and lexicon.PARTS[aspect][0].nouns[0] in first.things:
            frame = f"{lead} {pick(lexicon.WHOLES)}"
        self.add(self.writer.fill(frame if first.is_noun else lead))
        before: Opinion | None = None
        for opinion in opinions:
            if before is not None:
                self.add(self._link(before, opinion))
            self.mark(aspect, opinion.words)
            before = opinion
        self.stop()

    def _link(self, before: Opinion, after: Opinion) -> list[str]:
        links = lexicon.LINKS if before.sign == after.sign else lexicon.CONTRASTS
        return self.writer.rng.choice(links[0 if after.is_noun else 1]).split()

    def verdict(self, overall: float) -> None:
        """Add the last word on the beer."""
        level = 0 if overall >= _GOOD else 1 if overall >= _SO_SO else 2
        self.mark(
            SCORES - 1, tuple(self.writer.fill(self.writer.rng.choice(lexicon.VERDICTS[level])))
        )
        self.stop()


def write_reviews(
    folder: str | Path,
    *,
    seed: int = 0,
    train: int = 4000,
    heldout: int = 800,
    annotated: int = 100,
) -> None:
    """Write generated reviews in the original formats, and the file that says they are generated.

    Parameters
    ----------
    folder : path
        Gets ``reviews.aspectN.{train,heldout}.txt.gz`` for N = 0, 1, 2 (different reviews for each
        aspect), ``annotations.json``, and ``GENERATED.json``.
    seed : int
        The same seed gives the same bytes.
    train, heldout, annotated : int
        Reviews per file, at least 1.
    """
    if min(train, heldout, annotated) < 1:
        raise SmugError(f"train={train}, heldout={heldout}, annotated={annotated}: 1 or more each")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    note = {"generated": True, "by": "smug.datasets.beer.generator", "seed": seed}
    _write(folder / GENERATED_MARKER, json.dumps(note).encode() + b"\n")
    for aspect in range(len(ASPECTS)):
        for split, count in (("train", train), ("heldout", heldout)):
            rng = random.Random(f"{seed}/{aspect}/{split}")
            lines = "".join(_line(make_review(rng)) for _ in range(count))
            # A fixed time stamp keeps the bytes the same on every run.
            _write(review_path(folder, aspect, split), gzip.compress(lines.encode(), mtime=0))
    rng = random.Random(f"{seed}/annotations")
    items = []
    for number in range(annotated):
        review = make_review(rng)
        item = {"x": review.words, "y": review.scores}
        item |= {str(aspect): review.spans[aspect] for aspect in range(len(ASPECTS))}
        items.append(json.dumps(item | {"id": number, "generated": True}) + "\n")
    _write(folder / "annotations.json", "".join(items).encode())


def _line(review: GeneratedReview) -> str:
    return (
        " ".join(f"{score:.2f}" for score in review.scores) + "\t" + " ".join(review.words) + "\n"
    )


def _write(path: Path, content: bytes) -> None:
    with atomic(path) as temporary:
        temporary.write_bytes(content)
