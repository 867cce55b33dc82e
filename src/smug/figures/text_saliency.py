"""The text saliency figure: one review, highlighted by several methods below each other."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle

from smug.figures.text_html import LEVELS, HighlightedReview

_LINE = 0.2  # inches
_CHAR = 0.07  # inches; a monospaced font keeps the layout the same on every machine
_BLUE = "#0072b2"
_RED = "#b3261e"


def text_saliency(
    review: HighlightedReview, *, generated: bool, width: float = 7.0, max_words: int = 200
) -> Figure:
    """Draw one panel per method; blue = score, red underline = human rationale.

    Parameters
    ----------
    review : HighlightedReview
        Words, scores by method, rationale, prediction and score.
    generated : bool
        Whether the review comes from the generator; the title then says so.
    width : float
        Width of the figure, inches.
    max_words : int
        Longer reviews are shown up to here, and the figure says how many words are missing.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to any window.
    """
    columns = max(20, int((width - 0.3) / _CHAR))
    words = [word[:columns] for word in review.words[:max_words]]
    lines = _wrap(words, columns)
    panels = list(review.saliency)
    rows = (len(lines) + 2) * len(panels) + 2
    height = rows * _LINE
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    # Text sizes follow from the character's width: 0.602 em in the font that matplotlib ships.
    font = FontProperties(family="DejaVu Sans Mono", size=_CHAR / 0.602 * 72)
    _text(axes, 0.15, _LINE, _title(review, generated, len(words)), size=9)
    y = 2.4 * _LINE
    for name in panels:
        note = review.notes.get(name, "")
        _text(axes, 0.15, y, f"{name}: {note}" if note else name, size=9, weight="bold")
        levels = review.levels(name)
        for line in lines:
            y += _LINE
            for i, column in line:
                _word(
                    axes, words[i], 0.15 + column * _CHAR, y, levels[i], review.rationale[i], font
                )
        y += 2 * _LINE
    return figure


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


def _word(axes, word: str, x: float, y: float, level: int, marked: bool, font) -> None:
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


def _text(axes, x: float, y: float, text: str, **style) -> None:
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
