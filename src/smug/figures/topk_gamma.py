"""Figures and tables of the sweeps: top_k against gamma, and one setting changed at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from smug.drawing import image_grid, show_image, show_mask, show_scores, use_style
from smug.figures.image_saliency import clipped
from smug.masks.problem import Status
from smug.pipeline.sweeps import VARIED

CAPTION = (
    "Smallest masks by number of nodes (top k) and share of their response kept (gamma); medians "
    "over inputs, infinite LSC (an empty map) counted as worst. sparsity: share of the input kept, "
    "base: SMUG_base, nothing minimised; proven: share with a proven optimum; encode and solve "
    "seconds: to set the problem up, and of its solver. The paper shows this by eye; no numbers."
)
ABLATIONS_CAPTION = (
    "One setting changed at a time, the others as the dataset's own; medians over inputs, infinite "
    "LSC (an empty map) counted as worst. replacement: what a removed pixel or word becomes (the "
    "paper's is zero); overlap: Jaccard index with the mask of the replacement zero. ranking: how "
    "the nodes are chosen and scored (the paper's ablation of gradient guidance, by eye; no "
    "numbers)."
)
METRICS = ("mask_size", "sparsity", "base_sparsity", "lsc", "base_lsc", "overlap")
#: Settings that the ablations change.
ABLATED = ("window", "replacement", "ranking", "scoring")
#: Lowest LSC there is: a box of 5 % of the image that leaves the network certain.
LOWEST_LSC = float(np.log(0.05))
#: Heat maps: column, title, number format, ends of the colours (None: the largest value).
PANELS = (
    ("sparsity", "share kept", ".1%", 0.0, None),
    ("proven", "share proven", ".0%", 0.0, 1.0),
    ("solve_seconds", "seconds to solve", ".2g", 0.0, None),
    ("lsc", "LSC", ".2f", LOWEST_LSC, 0.0),
)


def sweep_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Summarise the result rows of ``score_grid``: one row per dataset and setting."""
    rows = scores.assign(proven=scores["status"].eq(Status.OPTIMAL))
    by = ["dataset", *VARIED]
    groups = rows[rows["metric"].eq("mask_size")].groupby(by, sort=True)
    table = pd.DataFrame(
        {
            "inputs": groups["image"].nunique(),
            "proven": groups["proven"].mean(),
            "gap": groups["gap"].median(),
            "encode_seconds": groups["encode_seconds"].median(),
            "solve_seconds": groups["solve_seconds"].median(),
        }
    )
    for metric in METRICS:
        table[metric] = rows[rows["metric"].eq(metric)].groupby(by)["value"].median()
    return table.reset_index()


def on_grid(table: pd.DataFrame, own: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Keep the settings of the top_k x gamma grid; ``own``: each dataset's own settings."""
    chosen = table[same_settings(table, own, ABLATED)]
    return chosen.drop(columns="overlap").reset_index(drop=True)


def ablations(table: pd.DataFrame, own: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Keep the settings that differ in one of :data:`ABLATED` from the dataset's ``own``."""
    parts = []
    for key in ABLATED:
        same = same_settings(table, own, [other for other in VARIED if other != key])
        parts.append(table[same].assign(changed=key, to=table[key].astype(str)))
    rows = pd.concat(parts).sort_values(["dataset", "changed", "to"], kind="stable")
    first = ["dataset", "changed", "to"]
    return rows[first + [c for c in table if c != "dataset"]].reset_index(drop=True)


def same_settings(
    table: pd.DataFrame, own: Mapping[str, Mapping[str, Any]], keys: Sequence[str]
) -> pd.Series:
    """Rows of a table (or of results) whose ``keys`` all hold the dataset's own value, bool."""
    same = pd.Series(True, index=table.index)
    for key in keys:
        same &= table[key].eq(table["dataset"].map({name: of[key] for name, of in own.items()}))
    return same


def topk_gamma(table: pd.DataFrame) -> Figure:
    """Draw heat maps over top_k and gamma, a row per dataset; LSC is measured on photographs."""
    use_style()
    datasets = list(table["dataset"].unique())
    size = (2.6 * len(PANELS), 2.3 * len(datasets))
    figure = plt.figure(figsize=size, layout="constrained")
    parts = figure.subfigures(len(datasets), 1, squeeze=False)[:, 0]
    for part, dataset in zip(parts, datasets, strict=True):
        rows = table[table["dataset"].eq(dataset)]
        panels = [panel for panel in PANELS if rows[panel[0]].notna().any()]
        part.suptitle(dataset, fontweight="bold")
        for axis, panel in zip(
            part.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
        ):
            _heat_map(axis, rows, *panel)
    return figure


def _heat_map(
    axis: Axes,
    rows: pd.DataFrame,
    column: str,
    title: str,
    form: str,
    low: float,
    high: float | None,
) -> None:
    values = rows.pivot(index="top_k", columns="gamma", values=column).astype(float)
    finite = values.where(np.isfinite(values))
    if high is None:
        high = finite.max(axis=None) or 1.0
    sns.heatmap(
        finite, annot=True, fmt=form, cmap="viridis", vmin=low, vmax=high, cbar=False, ax=axis
    )
    axis.set(title=title, xlabel="gamma", ylabel="top k")


@dataclass(frozen=True)
class SweptInput:
    """One input with mask and SMUG map of every setting, by (top_k, gamma).

    Parameters
    ----------
    pixels : numpy.ndarray of uint8, shape (height, width[, 3])
    masks : dict to numpy.ndarray of bool, shape (height, width)
    maps : dict to numpy.ndarray, shape (height, width)
    """

    pixels: np.ndarray
    masks: dict[tuple[int, float], np.ndarray]
    maps: dict[tuple[int, float], np.ndarray]


def masks_topk_gamma(inputs: Sequence[SweptInput]) -> Figure:
    """Draw masks and maps of each input for every top_k (rows) and gamma (pairs of columns)."""
    sizes = sorted({size for size, _ in inputs[0].masks})
    gammas = sorted({gamma for _, gamma in inputs[0].masks})
    titles = ["input"]
    titles += [f"gamma {gamma:g}\n{what}" for gamma in gammas for what in ("mask", "SMUG")]
    rows = [(one, size) for one in inputs for size in sizes]
    figure, axes = image_grid(len(rows), titles, width=max(7.2, 1.1 * len(titles)))
    for row, (one, size) in zip(axes, rows, strict=True):
        if size == sizes[0]:
            show_image(row[0], one.pixels)
        else:
            row[0].set_frame_on(False)
        row[1].set_ylabel(f"top {size}")
        for place, gamma in enumerate(gammas):
            mask_axis, map_axis = row[1 + 2 * place : 3 + 2 * place]
            show_mask(mask_axis, one.masks[size, gamma])
            mask_axis.set_xlabel(f"{one.masks[size, gamma].mean():.1%}")
            show_scores(map_axis, clipped(one.maps[size, gamma]))
    return figure
