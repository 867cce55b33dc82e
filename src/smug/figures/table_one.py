"""Figure of table 1: every method's LSC, Win% and sparsity, each network's beside the paper's."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from smug.drawing import MARKERS, TWO_COLUMNS, use_style
from smug.metrics.statistics import FEWEST

#: Columns of the table that are drawn, with the direction that is better.
PANELS = {"lsc": "LSC (median) ↓", "win": "Win% ↑", "sparsity": "kept, % ↓"}
PAPER = "paper (Inception v1)"


def table_one(table: pd.DataFrame) -> Figure:
    """Draw the rows of :func:`smug.figures.image_lsc.image_lsc_of_networks`.

    Parameters
    ----------
    table : pandas.DataFrame
        ``network``, ``method``, ``images``; ``lsc``, ``win``, ``sparsity`` with ``_low`` and
        ``_high``; the paper's as ``paper_…``. What a method does not have is left out.
    """
    use_style()
    methods, networks = list(table["method"].unique()), list(table["network"].unique())
    lines = (len(networks) + 1) * len(methods)
    figure, axes = plt.subplots(
        1,
        len(PANELS),
        figsize=(TWO_COLUMNS, 1.1 + 0.11 * lines),
        sharey=True,
        layout="constrained",
        gridspec_kw={"width_ratios": [1.5, 1, 1]},
    )
    for axis, (column, title) in zip(axes, PANELS.items(), strict=True):
        _draw(axis, table, column, methods, networks)
        axis.set_xlabel(title)
    axes[0].set_yticks(range(len(methods)), methods)
    axes[0].invert_yaxis()
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure


def _draw(
    axis: Axes, table: pd.DataFrame, column: str, methods: list[str], networks: list[str]
) -> None:
    """One panel: a row a method, in it the paper's point above those of the networks."""
    colours = sns.color_palette("colorblind", len(networks))
    step = 0.7 / (len(networks) + 1)
    offset = -0.35 + step / 2
    paper = table.drop_duplicates("method").set_index("method")[f"paper_{column}"].dropna()
    places = [methods.index(method) + offset for method in paper.index]
    axis.plot(paper, places, "k", linestyle="", marker="d", markersize=4, label=PAPER)
    for number, network in enumerate(networks):
        rows = table[table["network"].eq(network) & np.isfinite(table[column])]
        where = [methods.index(method) + offset + (number + 1) * step for method in rows["method"]]
        enough = rows["images"] >= FEWEST
        low = (rows[column] - rows[f"{column}_low"]).where(enough, 0.0).clip(lower=0)
        high = (rows[f"{column}_high"] - rows[column]).where(enough, 0.0).clip(lower=0)
        images = table.loc[table["network"].eq(network), "images"].max()
        axis.errorbar(
            rows[column],
            where,
            xerr=[low, high],
            color=colours[number],
            linestyle="",
            marker=MARKERS[number % len(MARKERS)],
            markersize=4,
            elinewidth=1.2,
            label=f"{network} (n = {images})",
        )
    for edge in range(1, len(methods)):
        axis.axhline(edge - 0.5, color="0.9", linewidth=0.6, zorder=0)
    axis.grid(axis="y", visible=False)
    if column == "lsc":
        axis.axvline(0, color="0.8", linewidth=0.8, zorder=0)
