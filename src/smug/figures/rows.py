"""Figures of rows of a table and of series: what each mask keeps, and how each map scores it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from smug.datasets.rows import PreparedRows
from smug.drawing import SCORE_COLOURS, TWO_COLUMNS, short, use_style
from smug.errors import SmugError

#: Height of the values, and of a line of answers, in inches.
_VALUES, _LINE = 0.9, 0.2
#: Features whose names fit below the axis, and letters of each.
_NAMED, _LETTERS = 40, 14
#: Colour of what a mask leaves out.
_LEFT_OUT = "#e4e4ea"


@dataclass(frozen=True)
class AnsweredRow:
    """One input with answers to be compared.

    Parameters
    ----------
    title : str
    values : numpy.ndarray, shape (features,) or (steps, channels)
    features : sequence of str
        Names of the features of a table; of channels for a series.
    answers : mapping of str to (numpy.ndarray, numpy.ndarray or None)
        Scores of every feature or step, and which of them are kept; None: the answer has no mask.
    """

    title: str
    values: np.ndarray
    features: Sequence[str]
    answers: Mapping[str, tuple[np.ndarray, np.ndarray | None]]


def answered(
    data: PreparedRows, i: int, answers: Mapping[str, tuple[np.ndarray, np.ndarray | None]]
) -> AnsweredRow:
    """Row of prepared data with answers; its title is its name and its label."""
    known = data.labels[i] >= 0
    label = f", {data.class_names[data.labels[i]]}" if known else ""
    made = " (generated)" if data.generated else ""
    return AnsweredRow(
        f"{data.ids[i]}{label}{made}", data.values[i], data.features.tolist(), answers
    )


def answered_rows(rows: Sequence[AnsweredRow]) -> Figure:
    """Draw each input's values, and below them a line for each answer.

    A line's colours are its scores, from zero to its largest; what its mask leaves out is pale.
    """
    if not rows or not any(row.answers for row in rows):
        raise SmugError("nothing to draw: no row has an answer; the records say why")
    use_style()
    lines = [max(len(row.answers), 1) for row in rows]
    height = sum(_VALUES + _LINE * count + 0.65 for count in lines)
    figure = plt.figure(figsize=(TWO_COLUMNS, height), layout="constrained")
    ratios = [part for count in lines for part in (_VALUES, _LINE * count)]
    grid = figure.add_gridspec(2 * len(rows), 1, height_ratios=ratios)
    for k, row in enumerate(rows):
        above = figure.add_subplot(grid[2 * k])
        below = figure.add_subplot(grid[2 * k + 1], sharex=above)
        _values(above, row)
        _answers(below, row)
    return figure


def _values(axis: Axes, row: AnsweredRow) -> None:
    places = np.arange(len(row.values))
    if row.values.ndim == 1:
        axis.bar(places, row.values, width=0.8, linewidth=0)
    else:
        axis.plot(places, row.values, linewidth=0.8)
    axis.set_title(row.title, fontsize=8)
    axis.set_ylabel("value", fontsize=7)
    axis.tick_params(labelbottom=False, labelsize=6)


def _answers(axis: Axes, row: AnsweredRow) -> None:
    lines = []
    for scores, mask in row.answers.values():
        level = np.maximum(np.asarray(scores, float), 0)
        level = level / (level.max() or 1)
        lines.append(level if mask is None else np.where(mask, level, np.nan))
    axis.imshow(
        np.array(lines),
        cmap=SCORE_COLOURS,
        vmin=0,
        vmax=1,
        aspect="auto",
        interpolation="nearest",
    )
    axis.set_facecolor(_LEFT_OUT)
    axis.grid(visible=False)
    axis.set_yticks(range(len(lines)), list(row.answers), fontsize=6)
    named = row.values.ndim == 1 and len(row.features) <= _NAMED
    if named:
        names = [short(name, _LETTERS) for name in row.features]
        axis.set_xticks(range(len(names)), names, rotation=90, fontsize=5)
    else:
        axis.set_xlabel("step" if row.values.ndim == 2 else "feature", fontsize=7)
        axis.tick_params(axis="x", labelsize=6)
