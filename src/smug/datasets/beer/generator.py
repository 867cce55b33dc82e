"""Seeded generator of three-aspect beer reviews with scores and token rationales.

For the demo only: the reviews are made up by the rules below, and the folder says so. They come in
the original file formats. What a phrase says about an aspect hangs on neighbouring words, never on
one word alone:

- *what is described*: a lasting head is good, a lasting haze is bad; both are mentioned equally
  often, and so are the adjectives;
- *aspect*: a sharp look is good, a sharp nose is bad;
- *negation*: "not fading head" praises; *change*: "faint turning heavy haze" goes by the last word;
- *strength*: "very" counts more than "slightly".

Every such phrase fits a window of three words. One phrase in six uses a plainly good or bad word.
"""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import dataclass
from pathlib import Path

from smug.datasets.beer.reviews import ASPECTS, GENERATED_MARKER, review_path
from smug.errors import SmugError
from smug.io import atomic

_STRONG = ("lasting", "heavy", "dense", "bold", "rich", "steady")
_WEAK = ("fading", "faint", "thin", "scant", "meagre", "timid")
_GOOD = ("gorgeous", "lovely", "splendid", "delightful")
_BAD = ("awful", "dreadful", "sorry", "unpleasant")
_NEGATIONS = ("not", "hardly", "never")
_MORE = ("very", "really", "remarkably")
_LESS = ("slightly", "somewhat", "vaguely")
_VIRTUES = (
    ("head", "lacing", "foam", "colour", "glow"),
    ("hops", "malt", "citrus", "spice", "caramel"),
    ("body", "carbonation", "texture", "warmth", "cream"),
)
_FLAWS = (
    ("haze", "sediment", "murk", "film", "scum"),
    ("skunk", "cardboard", "sulphur", "vinegar", "solvent"),
    ("grit", "chalk", "burn", "syrup", "fizz"),
)
_WHOLE = (("look", "appearance"), ("nose", "aroma"), ("feel", "mouthfeel"))
# Sign of an adjective before the aspect's own noun: appearance, aroma, palate.
_BY_ASPECT = {
    "sharp": (1, -1, -1),
    "light": (-1, 1, -1),
    "dry": (-1, -1, 1),
    "deep": (1, 1, -1),
    "soft": (-1, 1, 1),
    "lively": (1, -1, 1),
}
_OPENERS = (
    ("a :", "pours with", "in the glass there is", "at first sight one finds"),
    ("s :", "the bouquet brings", "from the rim comes", "sniffing it i get"),
    ("m :", "on the tongue there is", "swallowing leaves", "between sips i note"),
)
_LINKS = (", with", "and", ", then", "next to", ", plus")
_STYLES = ("stout", "porter", "saison", "tripel", "pilsner", "brown ale", "pale ale", "bock")
_PLACES = ("at a pub by the harbour", "on a rainy evening", "with friends", "after a long walk")
_GLASSES = ("tulip", "pint glass", "snifter", "mug", "goblet")
_FLAVOURS = ("plum", "toast", "honey", "coffee", "orange peel", "bread crust", "pepper", "fig")
_CLOSINGS = (
    "the bottle came from a trade .",
    "one glass was enough for notes .",
    "i shared the rest with a neighbour .",
    "food next to it : bread and cheese .",
)


@dataclass(frozen=True)
class GeneratedReview:
    """Tokens, five scores in [0, 1] and, per aspect, the token spans that carry its score."""

    words: tuple[str, ...]
    scores: tuple[float, ...]
    spans: tuple[tuple[tuple[int, int], ...], ...]


def make_review(rng: random.Random) -> GeneratedReview:
    """Make up one review; all randomness comes from ``rng``."""
    words = f"had this {rng.choice(_STYLES)} {rng.choice(_PLACES)} , ".split()
    words += f"poured into a {rng.choice(_GLASSES)} .".split()
    spans: list[list[tuple[int, int]]] = [[] for _ in ASPECTS]
    scores = [0.0] * len(ASPECTS)
    order = list(range(len(ASPECTS)))
    if rng.random() < 0.4:
        rng.shuffle(order)
    for aspect in order:
        scores[aspect] = _write_aspect(rng, aspect, words, spans[aspect])
        if rng.random() < 0.3:
            words += f"there are {rng.choice(_FLAVOURS)} and {rng.choice(_FLAVOURS)} .".split()
    words += rng.choice(_CLOSINGS).split()
    taste = round(min(1.0, max(0.2, sum(scores) / len(scores) + rng.gauss(0, 0.1))), 1)
    overall = round((sum(scores) + taste) / (len(scores) + 1), 1)
    return GeneratedReview(
        tuple(words), (*scores, taste, overall), tuple(tuple(pairs) for pairs in spans)
    )


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
        item |= {str(aspect): spans for aspect, spans in enumerate(review.spans)}
        items.append(json.dumps(item | {"id": number, "generated": True}) + "\n")
    _write(folder / "annotations.json", "".join(items).encode())


def _write_aspect(
    rng: random.Random, aspect: int, words: list[str], spans: list[tuple[int, int]]
) -> float:
    """Append a sentence of two to four phrases on an aspect; return the score it adds up to."""
    lean = rng.uniform(-1, 1)
    total, count = 0.0, rng.randint(2, 4)
    words += rng.choice(_OPENERS[aspect]).split()
    for k in range(count):
        if k:
            words += rng.choice(_LINKS).split()
        sign = 1 if rng.random() < (1 + lean) / 2 else -1
        phrase, strength = _phrase(rng, aspect, sign)
        spans.append((len(words), len(words) + len(phrase)))
        words += phrase
        total += sign * strength
    words.append(".")
    return round(0.6 + 0.4 * total / count, 1)


def _phrase(rng: random.Random, aspect: int, sign: int) -> tuple[list[str], float]:
    """Words that say ``sign`` about ``aspect``, and how strongly (0.3, 0.6 or 1)."""
    if rng.random() < 1 / 6:
        nouns = (*_VIRTUES[aspect], *_WHOLE[aspect])
        return [rng.choice(_GOOD if sign > 0 else _BAD), rng.choice(nouns)], 0.6
    negated = rng.random() < 0.35
    noun, fitting, opposite = _pair(rng, aspect, -sign if negated else sign)
    if negated:
        return [rng.choice(_NEGATIONS), fitting, noun], 0.6
    form = rng.random()
    if form < 0.2:
        return [opposite, "turning", fitting, noun], 0.6
    if form < 0.45:
        return [rng.choice(_MORE), fitting, noun], 1.0
    if form < 0.7:
        return [rng.choice(_LESS), fitting, noun], 0.3
    return [fitting, noun], 0.6


def _pair(rng: random.Random, aspect: int, sign: int) -> tuple[str, str, str]:
    """Noun, an adjective that says ``sign`` of it, and one that says the opposite."""
    kind = rng.random()
    if kind < 0.25:
        of_sign = [word for word, signs in _BY_ASPECT.items() if signs[aspect] == sign]
        opposed = [word for word, signs in _BY_ASPECT.items() if signs[aspect] != sign]
        return rng.choice(_WHOLE[aspect]), rng.choice(of_sign), rng.choice(opposed)
    virtue = kind < 0.625
    noun = rng.choice(_VIRTUES[aspect] if virtue else _FLAWS[aspect])
    good, bad = (_STRONG, _WEAK) if virtue else (_WEAK, _STRONG)
    if sign < 0:
        good, bad = bad, good
    return noun, rng.choice(good), rng.choice(bad)


def _line(review: GeneratedReview) -> str:
    return (
        " ".join(f"{score:.2f}" for score in review.scores) + "\t" + " ".join(review.words) + "\n"
    )


def _write(path: Path, content: bytes) -> None:
    with atomic(path) as temporary:
        temporary.write_bytes(content)
