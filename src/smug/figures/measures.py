"""Table and figure: methods under the field's measures, and their ranks on each input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from smug.drawing import TWO_COLUMNS, use_style
from smug.limits import Range
from smug.metrics.statistics import (
    CORRELATION,
    COUNT,
    FEWEST,
    SHARE,
    Interval,
    interval_text,
    mean,
    median,
)
from smug.pipeline.method_names import method_name


@dataclass(frozen=True)
class Measure:
    """One measure of a map.

    Parameters
    ----------
    title : str
        As it is drawn.
    high : bool
        Whether a high value is better.
    within : Range or None
        Range of the measure, see :func:`smug.metrics.statistics.mean`; None: the table has its
        median, as that of table 1.
    """

    title: str
    high: bool
    within: Range | None

    @property
    def heading(self) -> str:
        """Title with the direction that is better."""
        return f"{self.title} {'↑' if self.high else '↓'}"


#: Measures by the name of their metric in the result table, in the order of table and figure.
MEASURES = {
    "pointing_game": Measure("pointing (15 px)", True, SHARE),
    "pointing_game_strict": Measure("pointing", True, SHARE),
    "relevance_mass_accuracy": Measure("relevance mass", True, SHARE),
    "relevance_rank_accuracy": Measure("relevance rank", True, SHARE),
    "faithfulness_correlation": Measure("faithfulness", True, CORRELATION),
    "infidelity": Measure("infidelity", False, COUNT),
    "road_most_first": Measure("ROAD most first", False, SHARE),
    "road_least_first": Measure("ROAD least first", True, SHARE),
    "insertion": Measure("insertion", True, SHARE),
    "deletion": Measure("deletion", False, SHARE),
    "softmax_information": Measure("softmax inf.", True, SHARE),
    "accuracy_information": Measure("accuracy inf.", True, SHARE),
    "lsc": Measure("LSC", False, None),
    "sparseness": Measure("sparseness", True, SHARE),
    "complexity": Measure("complexity", False, COUNT),
}
#: A measure of every map: what has it is a method with a map, and no box.
OF_EVERY_MAP = "sparseness"
CAPTION = (
    "Methods under the measures of the field (definitions as in Quantus 0.6; docs/metrics.md): "
    "mean (LSC: median) over n inputs with 95 % intervals. Arrows: which way is better; for "
    "sparseness and complexity it is the easier map, not the truer one. Rank: of the methods on "
    "each input, 1 the best, equals at their mean rank, then the mean over inputs, from 3 inputs "
    "on with an interval. Removed pixels or words take the replacement of the masks; ROAD fills "
    "pixels in from their neighbours; infidelity is that of the map scaled as fits best. Missing: "
    "not defined there, such as a region where no human marked one."
)
FIGURE_CAPTION = (
    "Mean rank of every method under every measure, 1 the best, with its 95 % interval over "
    "inputs; light is good. The values are those of the table."
)
SEED = 0


def measured(scores: pd.DataFrame) -> pd.DataFrame:
    """Summarise the measures of result rows.

    Parameters
    ----------
    scores : pandas.DataFrame
        Result rows of ``score_images`` or ``score_texts`` with the column ``network`` filled in.

    Returns
    -------
    pandas.DataFrame
        A row per dataset, network, metric and method that has a value: ``estimate`` with ``low``
        and ``high``, the ends of its 95 % interval, over ``n`` inputs; ``better`` (high or low);
        ``rank`` with ``rank_low`` and ``rank_high``, its mean among ``methods`` methods.
    """
    rows = []
    groups = scores[scores["metric"].isin(MEASURES)].groupby(["dataset", "network"], sort=False)
    for (dataset, network), group in groups:
        methods = group.loc[group["metric"].eq(OF_EVERY_MAP), "method"].unique()
        for metric, measure in MEASURES.items():
            own = group[group["metric"].eq(metric) & group["method"].isin(methods)]
            wide = own.pivot(index="image", columns="method", values="value").astype(float)
            wide = wide[[method for method in methods if method in wide]].dropna(axis=1, how="all")
            about = {"dataset": dataset, "network": network, "metric": metric}
            about["better"] = "high" if measure.high else "low"
            rows += [about | row for row in _of_measure(wide, measure)]
    return pd.DataFrame(rows)


def _of_measure(wide: pd.DataFrame, measure: Measure) -> list[dict]:
    """Rows of one measure; `wide` has a row an input and a column a method."""
    signed = -wide if measure.high else wide
    places = signed.rank(axis=1, method="average")
    count = wide.shape[1]
    rows = []
    for method in wide:
        value = _summary(wide[method].to_numpy(), measure.within)
        row = {"method": method_name(method), **value.columns("estimate"), "n": value.n}
        row["low"], row["high"] = row.pop("estimate_low"), row.pop("estimate_high")
        ranks = places[method].to_numpy() if count > 1 else np.zeros(0)
        rank = mean(ranks, Range(1, max(count, 2)))
        if rank.n < FEWEST:
            rank = rank._replace(low=np.nan, high=np.nan)
        row |= rank.columns("rank") | {"methods": count}
        rows.append(row)
    return rows


def _summary(values: np.ndarray, within: Range | None) -> Interval:
    return median(values, seed=SEED) if within is None else mean(values, within)


def printed(table: pd.DataFrame) -> pd.DataFrame:
    """One row per dataset, network and method, each measure as text with its interval."""
    named = table.rename(columns={"low": "estimate_low", "high": "estimate_high"})
    cells = [
        {
            **{key: row[key] for key in ("dataset", "network", "method")},
            "measure": MEASURES[row["metric"]].heading,
            "text": interval_text(row, "estimate", 2),
        }
        for _, row in named.iterrows()
    ]
    wide = pd.DataFrame(cells, columns=["dataset", "network", "method", "measure", "text"])
    index = ["dataset", "network", "method"]
    order = wide[index].drop_duplicates()
    wide = wide.pivot(index=index, columns="measure", values="text")
    shown = [one.heading for one in MEASURES.values() if one.heading in wide]
    return order.merge(wide[shown].reset_index(), on=index).fillna("--")


def rank_map(table: pd.DataFrame) -> Figure:
    """Draw the mean ranks of methods under measures, a panel for each dataset and network."""
    use_style()
    panels = list(table.groupby(["dataset", "network"], sort=False))
    heights = [panel["method"].nunique() + 4.5 for _, panel in panels]
    figure, axes = plt.subplots(
        max(len(panels), 1),
        1,
        figsize=(TWO_COLUMNS, 0.24 * sum(heights) + 0.3),
        squeeze=False,
        layout="constrained",
        gridspec_kw={"height_ratios": heights or [1]},
    )
    for axis, (names, panel) in zip(axes[:, 0], panels, strict=False):
        _draw(axis, panel)
        axis.set_title(", ".join(names), fontsize=8)
    return figure


def _draw(axis: Axes, panel: pd.DataFrame) -> None:
    methods = list(panel["method"].unique())
    metrics = [metric for metric in MEASURES if panel["metric"].eq(metric).any()]
    shade = np.full((len(methods), len(metrics)), np.nan)
    by_place = panel.set_index(["method", "metric"])
    for (i, method), (j, metric) in _cells(methods, metrics):
        if (method, metric) not in by_place.index:
            axis.text(j, i, "–", ha="center", va="center", fontsize=6, color="0.5")
            continue
        row = by_place.loc[(method, metric)]
        worst = max(row["methods"], 2)
        shade[i, j] = 1 - (row["rank"] - 1) / (worst - 1)
        colour = "black" if not shade[i, j] < 0.6 else "white"
        axis.text(j, i - 0.12, _number(row["rank"]), ha="center", va="center", fontsize=6.5,
                  color=colour)  # fmt: skip
        ends = "" if np.isnan(row["rank_low"]) else f"{row['rank_low']:.1f}–{row['rank_high']:.1f}"
        axis.text(j, i + 0.27, ends, ha="center", va="center", fontsize=4.5, color=colour)
    axis.imshow(shade, cmap="viridis", vmin=0, vmax=1, aspect="auto")
    axis.set_xticks(range(len(metrics)), [MEASURES[metric].heading for metric in metrics])
    plt.setp(axis.get_xticklabels(), rotation=35, ha="right", rotation_mode="anchor", fontsize=6.5)
    axis.set_yticks(range(len(methods)), methods, fontsize=7)
    axis.grid(visible=False)
    axis.tick_params(length=0)


def _cells(rows: Sequence[str], columns: Sequence[str]) -> list:
    return [(row, column) for row in enumerate(rows) for column in enumerate(columns)]


def _number(rank: float) -> str:
    return "–" if np.isnan(rank) else f"{rank:.1f}"
