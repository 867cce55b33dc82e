"""Texts of the user's own: a table of them, and the vocabulary of their network."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from smug.datasets.beer.tokenizer import PADDING, Tokenizer, split_words
from smug.datasets.own.tables import check_columns, labels_of, read_table
from smug.errors import SmugError, shown
from smug.io import reading

#: Column of the marked words where no other is named.
RATIONALE = "rationale"
#: Words of a vocabulary that stand for all others.
_UNKNOWN = ("[UNK]", "<unk>", "<UNK>", "[OOV]", "<OOV>")


@dataclass(frozen=True)
class ReadTexts:
    """Texts as the user's file holds them.

    Parameters
    ----------
    texts : list of str
    labels : list, optional
        Class of each as it is written, None where it has none; None where nobody told any.
    ids : list of str
    spans : list of list of (int, int)
        Words that humans marked, ``[start, end)``.
    """

    texts: list[str]
    labels: list[Any] | None
    ids: list[str]
    spans: list[list[tuple[int, int]]]


def read_texts(
    root: str | os.PathLike[str],
    *,
    text: str,
    label: str | None = None,
    ids: str | None = None,
    rationale: str | None = None,
) -> ReadTexts:
    """Read the texts of a table; the settings of these names say which columns are meant.

    Raises
    ------
    SmugError
        A column that is not there, an empty text, or marked words outside of it.
    """
    table = read_table(root)
    for key, name in (("text", text), ("ids", ids), ("rationale", rationale)):
        check_columns(table, [] if name is None else [name], f"dataset.{key}", root)
    texts = []
    for row, value in enumerate(table[text].tolist(), 1):
        if not isinstance(value, str) or not value.split():
            raise SmugError(f"{root}: row {row} holds {shown(value)}, no text; leave it out")
        texts.append(value)
    marked = rationale or (RATIONALE if RATIONALE in table.columns else None)
    given = table[marked].tolist() if marked else [None] * len(texts)
    spans = [
        _spans(value, len(words.split()), f"{root}, row {row}: {marked}")
        for row, (value, words) in enumerate(zip(given, texts, strict=True), 1)
    ]
    names = [str(i + 1) for i in range(len(texts))] if ids is None else table[ids].map(str).tolist()
    if len(set(names)) != len(names):
        raise SmugError(f"{root}: names of texts must be distinct; leave dataset.ids out")
    return ReadTexts(texts, labels_of(table, label, root), names, spans)


@dataclass(frozen=True)
class Vocabulary:
    """Ids of words, as a network of the user's own was trained with.

    Parameters
    ----------
    ids : mapping of str to int
    unknown : int, optional
        Id of all other words; None: they are left out.
    """

    ids: Mapping[str, int]
    unknown: int | None

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Vocabulary:
        """Read a ``.txt`` or ``.json`` file of words.

        Raises
        ------
        SmugError
            Missing file, or one that lists no words.
        """
        path = Path(path)
        with reading(
            path,
            what="vocabulary",
            missing="name your network's list of words in model.vocabulary",
            damaged="lists no words by their ids",
            step="write one word a line from id 0 on, or JSON: a list, or a mapping to ids",
        ):
            words = _words(path)
            if not words or not all(isinstance(i, int) and i >= 0 for i in words.values()):
                raise ValueError("ids are whole numbers from 0 on")
        unknown = next((words[name] for name in _UNKNOWN if name in words), None)
        return cls({word: i for word, i in words.items() if i != PADDING}, unknown)

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        """Ids of a text's words, and the place of the raw word, between spaces, of each."""
        ids, places = [], []
        for place, raw in enumerate(text.split()):
            for word in split_words(raw):
                found = self.ids.get(word, self.unknown)
                if found is not None:
                    ids.append(found)
                    places.append(place)
        return ids, places


def as_tokens(
    read: ReadTexts, rows: Sequence[int], vocabulary: Vocabulary, length: int, padding: str
) -> dict[str, np.ndarray]:
    """Arrays of :class:`smug.datasets.beer.reviews.Reviews` of some texts, by their names.

    Parameters
    ----------
    read : ReadTexts
    rows : sequence of int
        Texts that are taken, in this order.
    vocabulary : Vocabulary
    length : int
        Words that the network takes.
    padding : {"end", "front"}
        Where short texts are filled up, and long ones cut.

    Raises
    ------
    SmugError
        A text without a word that the network knows.
    """
    shape = (len(rows), length)
    tokens, positions = np.full(shape, PADDING, np.int32), np.full(shape, -1, np.int32)
    rationales, lengths = np.zeros(shape, bool), np.zeros(len(rows), np.int32)
    for i, row in enumerate(rows):
        ids, places = vocabulary.encode(read.texts[row])
        if not ids:
            raise SmugError(
                f"text {read.ids[row]}: the vocabulary knows none of its words, "
                f"{shown(read.texts[row])}; check model.vocabulary, or leave the text out"
            )
        kept = slice(-length, None) if padding == "front" else slice(length)
        ids, places = ids[kept], places[kept]
        at = slice(length - len(ids), None) if padding == "front" else slice(len(ids))
        marked = np.zeros(len(read.texts[row].split()), bool)
        for start, end in read.spans[row]:
            marked[start:end] = True
        tokens[i, at], positions[i, at], lengths[i] = ids, places, len(ids)
        rationales[i, at] = marked[places]
    return {
        "tokens": tokens,
        "lengths": lengths,
        "scores": np.full(len(rows), np.nan),
        "rationales": rationales,
        "positions": positions,
        "ids": np.array([read.ids[row] for row in rows], np.str_),
    }


def _words(path: Path) -> dict[str, int]:
    """Words of a vocabulary by their ids."""
    text = path.read_text("utf-8")
    if path.suffix.lower() != ".json":
        return {word: i for i, word in enumerate(text.split("\n")) if word or i == PADDING}
    content = json.loads(text)
    if isinstance(content, dict) and "format" in content:
        return dict(Tokenizer.load(path).index)
    if isinstance(content, list):
        return {str(word): i for i, word in enumerate(content)}
    return dict(content)


def _spans(value: Any, words: int, where: str) -> list[tuple[int, int]]:
    """Marked words of a text; a table that holds no lists writes them as JSON."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return []
    with reading(where, damaged="is no list of [start, end]", step="count words from 0"):
        found = json.loads(value) if isinstance(value, str) else value
        pairs = [(int(start), int(end)) for start, end in found]
    for start, end in pairs:
        if not 0 <= start < end <= words:
            raise SmugError(f"{where}: [{start}, {end}] lies outside the text of {words} words")
    return pairs
