"""Word tokenizer of the Beer Reviews experiments, saved as plain JSON.

Same rules as the tokenizer the text CNN was published with: lower case, punctuation (but not the
apostrophe) turned into spaces, the ``num_words - 1`` most frequent words numbered from 1. Index 0
is padding. There is no out-of-vocabulary index: a word outside the vocabulary is left out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from smug.errors import SmugError
from smug.io import reading, save_json

#: Characters that separate words; the apostrophe is not one of them.
FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
PADDING = 0
_FORMAT = "smug-tokenizer-1"
_SPACES = str.maketrans(dict.fromkeys(FILTERS, " "))


def split_words(text: str) -> list[str]:
    """Lower-case ``text``, turn :data:`FILTERS` into spaces and split at spaces."""
    return [word for word in text.lower().translate(_SPACES).split(" ") if word]


@dataclass(frozen=True)
class Tokenizer:
    """Vocabulary and the way from words to indices.

    Parameters
    ----------
    words : tuple of str
        The vocabulary, most frequent first; ``words[i]`` has index ``i + 1``.
    num_words : int
        Rows of the embedding table: indices run from 0 (padding) to ``num_words - 1``.
    """

    words: tuple[str, ...]
    num_words: int = 10_000
    index: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.num_words < 2:
            raise SmugError(f"num_words={self.num_words} leaves no room for a word; use 2 or more")
        if len(self.words) >= self.num_words:
            raise SmugError(
                f"{len(self.words)} words do not fit num_words={self.num_words}; at most "
                f"{self.num_words - 1} do, because index 0 is padding"
            )
        index = {word: i for i, word in enumerate(self.words, start=1)}
        if len(index) != len(self.words):
            raise SmugError("the vocabulary lists a word twice; fit the tokenizer again")
        object.__setattr__(self, "index", index)

    @classmethod
    def fit(cls, texts: Iterable[str], num_words: int = 10_000) -> Tokenizer:
        """Number the most frequent words of ``texts``; equal counts keep their first order."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(split_words(text))
        if not counts:
            raise SmugError("no word in any training text; check the review file")
        return cls(tuple(word for word, _ in counts.most_common(num_words - 1)), num_words)

    def encode(self, raw_words: Sequence[str]) -> tuple[list[int], list[int]]:
        """Indices of the known words, and which raw word each of them came from.

        Parameters
        ----------
        raw_words : sequence of str
            Tokens as a file holds them; one such token can hold several words, or none.

        Returns
        -------
        indices : list of int
            Vocabulary indices, 1 to ``num_words - 1``.
        positions : list of int
            For each index, the position in ``raw_words`` it belongs to.
        """
        indices: list[int] = []
        positions: list[int] = []
        for position, raw in enumerate(raw_words):
            for word in split_words(raw):
                if word in self.index:
                    indices.append(self.index[word])
                    positions.append(position)
        return indices, positions

    def save(self, path: str | Path) -> None:
        """Write the vocabulary as JSON, in one step (a reader never sees half a file)."""
        document = {"format": _FORMAT, "num_words": self.num_words, "words": list(self.words)}
        save_json(path, document)

    @classmethod
    def load(cls, path: str | Path) -> Tokenizer:
        """Read what :meth:`save` wrote."""
        step = "train the text model again"
        with reading(path, missing=step, damaged="is not a vocabulary file", step=step):
            document = json.loads(Path(path).read_text(encoding="utf-8"))
            if not isinstance(document, dict) or document.get("format") != _FORMAT:
                raise ValueError(f"its format is not {_FORMAT!r}")
            words = document["words"]
            if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
                raise ValueError("its words are not a list of texts")
            return cls(tuple(words), int(document["num_words"]))
