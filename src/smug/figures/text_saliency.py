"""The text saliency figure: one review, highlighted by several methods below each other."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import Rectangle

from smug.drawing import ONE_COLUMN, use_style
from smug.reviews.highlighted import LEVELS, HighlightedReview

_LINE = 0.17  # inches
_POINTS = 8  # size of all type: readable at one column, where nothing is scaled down
_CHAR = 0.602 * _POINTS / 72  # inches; characters of the font are 0.602 em wide
_FAMILY = "DejaVu Sans Mono"  # ships with matplotlib: the same layout on every machine
_MARGIN = 0.1  # inches
_BLUE = "#0072b2"
_RED = "#b3261e"


def text_saliency(
    review: HighlightedReview,
    *,
    generated: bool,
    methods: Sequence[str] | None = None,
    width: float = ONE_COLUMN,
    max_words: int = 100,
) -> Figure:
    """Draw one panel per chosen method; blue = score, red underline = human rationale.

    A character that the font lacks is written as its code point, such as ``<U+1F37A>``.

    Parameters
    ----------
    review : HighlightedReview
        Words, scores by method, rationale, prediction and score.
    generated : bool
        Whether the review comes from the generator; the title then says so.
    methods : sequence of str, optional
        Methods to show, of those that the review has; all by default.
    width : float
        Width of the figure, inches.
    max_words : int
        Longer reviews are shown up to here, and the figure says how many words are missing; the
        page shows all.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to any window.
    """
    use_style()
    columns = max(20, int((width - 2 * _MARGIN) / _CHAR))
    words = [drawable(word)[:columns] for word in review.words[:max_words]]
    lines = _wrap(words, columns)
    headings = {
        name: _sentence(
            f"{name}: {review.notes[name]}" if review.notes.get(name) else name, columns
        )
        for name in review.saliency
        if methods is None or name in methods
    }
    title = _sentence(_title(review, generated, len(words)), columns)
    used = len(title) + sum(len(heading) + len(lines) + 1 for heading in headings.values())
    height = (used + 1) * _LINE
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    font = FontProperties(family=_FAMILY, size=_POINTS)
    y = 0.0
    for text in title:
        y += _LINE
        _text(axes, _MARGIN, y, text, fontproperties=font)
    for name, heading in headings.items():
        y += _LINE
        for text in heading:
            y += _LINE
            _text(axes, _MARGIN, y, text, fontproperties=font, weight="bold")
        levels = review.levels(name)
        for line in lines:
            y += _LINE
            for i, column in line:
                x = _MARGIN + column * _CHAR
                _word(axes, words[i], x, y, int(levels[i]), bool(review.marked[i]), font)
    return figure


def drawable(word: str) -> str:
    """Replace what the figure's font has no glyph for (emoji, Chinese) by its code point."""
    known = get_font(findfont(FontProperties(family=_FAMILY))).get_charmap()
    return "".join(char if ord(char) in known else f"<U+{ord(char):04X}>" for char in word)


def _sentence(text: str, columns: int) -> list[str]:
    """Break a title or note into lines that fit."""
    return textwrap.wrap(drawable(text), columns) or [""]


def _wrap(words: list[str], columns: int) -> list[list[tuple[int, int]]]:
    """Lines of (word, column of its first character)."""
    lines: list[list[tuple[int, int]]] = [[]]
    column = 0
    for i, word in enumerate(words):
        if column and column + len(word) > columns:
            lines.append([])
            column = 0
        lines[-1].append((i, column))
        column += len(word) + 1
    return lines


def _word(
    axes: Axes, word: str, x: float, y: float, level: int, marked: bool, font: FontProperties
) -> None:
    extent = len(word) * _CHAR
    if level:
        axes.add_patch(
            Rectangle(
                (x, y - 0.6 * _LINE),
                extent,
                0.85 * _LINE,
                color=_BLUE,
                alpha=0.05 + 0.55 * level / LEVELS,
                linewidth=0,
            )
        )
    if marked:
        axes.plot([x, x + extent], [y + 0.16 * _LINE] * 2, color=_RED, linewidth=1)
    _text(axes, x, y, word, fontproperties=font)


def _text(axes: Axes, x: float, y: float, text: str, **style: Any) -> None:
    # A "$" in a review is a dollar, not mathematics.
    axes.text(x, y, text, parse_math=False, va="baseline", **style)


def _title(review: HighlightedReview, generated: bool, shown: int) -> str:
    parts = [textwrap.shorten(review.title, 40)]
    if generated:
        parts.append("generated")
    parts.append(f"{review.aspect} predicted {review.prediction:.2f}".strip())
    if np.isfinite(review.score):
        parts.append(f"score {review.score:.2f}")
    if shown < len(review.words):
        parts.append(f"{len(review.words) - shown} more words not shown")
    return " · ".join(parts)
