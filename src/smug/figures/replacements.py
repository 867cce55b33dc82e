"""Figure: what a removed pixel becomes changes masks, their size and the maps made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure, SubFigure

from smug.drawing import LINE, TWO_COLUMNS, use_style
from smug.figures.topk_gamma import same_settings

#: Measures: metric, title, ends of the axis (None: as the values say).
MEASURES = (
    ("sparsity", "share kept", 0.0, None),
    ("overlap", "overlap with zero", 0.0, 1.0),
    ("lsc", "LSC", None, None),
)
#: Settings that stay the dataset's own.
_OTHERS = ("top_k", "gamma", "window", "ranking", "scoring")
#: Side of a picture in inches.
_CELL = 0.95


@dataclass(frozen=True)
class ReplacedInput:
    """One input, and what is left of it by each replacement.

    Parameters
    ----------
    picture : numpy.ndarray of float, shape (height, width, 3)
        The input, from 0 to 1.
    kept : dict of str to numpy.ndarray
        By replacement, the kept pixels among the replaced ones, like `picture`.
    share : dict of str to float
        Share of the pixels that is kept.
    """

    picture: np.ndarray
    kept: dict[str, np.ndarray]
    share: dict[str, float]


def replacements(
    scores: pd.DataFrame,
    own: Mapping[str, Mapping[str, Any]],
    inputs: Mapping[str, Sequence[ReplacedInput]],
) -> Figure:
    """Draw pictures and measures of each dataset, one above the other.

    Parameters
    ----------
    scores : pandas.DataFrame
        Result rows of ``score_grid``.
    own : mapping of str to mapping
        The settings that each dataset is explained with outside the sweeps, by its shown name.
    inputs : mapping of str to sequence of ReplacedInput
        Inputs shown of each dataset, at least one.
    """
    use_style()
    names = {dataset: list(shown[0].kept) for dataset, shown in inputs.items()}
    tall = [(1 + len(names[dataset])) * (_CELL + LINE) + 2 * LINE for dataset in inputs]
    figure = plt.figure(figsize=(TWO_COLUMNS, sum(tall)), layout="constrained")
    parts = figure.subfigures(len(inputs), 1, height_ratios=tall, squeeze=False)[:, 0]
    chosen = scores[same_settings(scores, own, _OTHERS)]
    for part, (dataset, shown) in zip(parts, inputs.items(), strict=True):
        part.suptitle(dataset, fontweight="bold")
        wide = len(shown) * _CELL + 0.4
        left, right = part.subfigures(1, 2, width_ratios=[wide, TWO_COLUMNS - wide])
        _pictures(left, shown)
        _measures(right, chosen[chosen["dataset"].eq(dataset)], names[dataset])
    return figure


def _pictures(part: SubFigure, shown: Sequence[ReplacedInput]) -> None:
    """A column an input: the whole above, then what each replacement leaves of it."""
    rows = ["input", *shown[0].kept]
    axes = part.subplots(len(rows), len(shown), squeeze=False)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.grid(visible=False)
    for name, row in zip(rows, axes, strict=True):
        row[0].set_ylabel(name)
        for axis, one in zip(row, shown, strict=True):
            axis.imshow(one.picture if name == "input" else one.kept[name], interpolation="nearest")
            if name != "input":
                axis.set_xlabel(f"{one.share[name]:.1%} kept")


def _measures(part: SubFigure, scores: pd.DataFrame, names: Sequence[str]) -> None:
    """A panel a measure that was taken: a dot an input, and the median of each replacement."""
    taken = [measure for measure in MEASURES if scores["metric"].eq(measure[0]).any()]
    axes = part.subplots(len(taken), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (metric, title, low, high) in zip(axes, taken, strict=True):
        rows = scores[scores["metric"].eq(metric) & np.isfinite(scores["value"])]
        places = {"data": rows, "x": "replacement", "y": "value", "order": names, "ax": axis}
        sns.stripplot(**places, color="0.6", size=4, jitter=False)
        marks = {"linestyle": "none", "marker": "_", "markersize": 22, "markeredgewidth": 1.6}
        sns.pointplot(**places, estimator="median", errorbar=None, **marks)
        axis.set(xlabel="", ylabel=title)
        axis.set_ylim(low, high if high is None else high * 1.05)
