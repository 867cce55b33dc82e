"""Table and figure: all solvers on the same real mask problems."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from smug.drawing import use_style
from smug.masks.problem import Status

CAPTION = (
    "Solvers on the same real mask problems: solve_seconds are medians over inputs (a time limit "
    "reached counts with the time it took; encoding is not counted), proven is the share of "
    "problems with a proven optimum. Z3 and CP-SAT run in processes of their own, whose start "
    "(about half a second) is counted."
)


def solvers_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Median time, mask size and gap, share proven, per dataset, window, top_k and solver."""
    rows = scores.assign(proven=scores["status"].eq(Status.OPTIMAL))
    groups = rows.groupby(["dataset", "window", "top_k", "solver"], sort=True)
    return pd.DataFrame(
        {
            "problems": groups.size(),
            "proven": groups["proven"].mean(),
            "mask_size": groups["value"].median(),
            "gap": groups["gap"].median(),
            "solve_seconds": groups["solve_seconds"].median(),
        }
    ).reset_index()


def solver_scaling(scores: pd.DataFrame) -> Figure:
    """Draw seconds against top_k, a panel per dataset and window, a line per solver.

    A cross marks a median over problems of which one at least was not proven optimal in time.
    """
    use_style()
    table = solvers_table(scores)
    table["panel"] = table["dataset"] + ", window " + table["window"].astype(str)
    table["all proven"] = table["proven"].eq(1.0).map({True: "yes", False: "no"})
    grid = sns.relplot(
        table,
        x="top_k",
        y="solve_seconds",
        hue="solver",
        style="all proven",
        style_order=["yes", "no"],
        markers={"yes": "o", "no": "X"},
        col="panel",
        col_wrap=2,
        kind="scatter",
        height=2.3,
        aspect=1.3,
        s=45,
        facet_kws={"sharex": False},
    )
    for panel, axis in grid.axes_dict.items():
        for _, rows in table[table["panel"].eq(panel)].groupby("solver"):
            axis.plot(rows["top_k"], rows["solve_seconds"], color="0.7", linewidth=0.8, zorder=0)
        axis.set(xscale="log", yscale="log")
        sizes = sorted(table.loc[table["panel"].eq(panel), "top_k"].unique())
        axis.set_xticks(sizes, [str(size) for size in sizes])
        axis.minorticks_off()
    grid.set_titles("{col_name}").set_axis_labels("nodes (top k)", "seconds")
    return grid.figure
