"""Table and figures: do maps change with the network, and only with it."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from smug.drawing import MARKERS, TWO_COLUMNS, show_image, show_scores, use_style
from smug.figures.image_saliency import clipped
from smug.metrics.statistics import CORRELATION, FEWEST, Interval, interval_text, mean
from smug.pipeline.method_names import method_name

CAPTION = (
    "Sanity checks: similarity (SSIM, Spearman's rank correlation) of a method's map with its map "
    "on the trained network: per input the mean over levels and seeds, then over the n inputs, "
    "with 95 % intervals of the latter. Cascading, independent, bottom_up, untrained (every "
    "layer): layers initialised anew, a faithful map changes, so low is good. Perturbation: weight "
    "noise that "
    "kept the prediction (share kept beside it), a faithful map stays, so high is good. Missing: "
    "no similarity, since the new map is the same everywhere (changed to constant: mostly empty, "
    "so it did change), or for another reason (the first map was constant, the method refused). On "
    "digits, methods that multiply by the input keep its black background whatever the weights, "
    "and so its ranks."
)
RANDOMISATION_CAPTION = (
    "Model randomisation: similarity of each method's map with its map on the trained network, "
    "after layers were initialised anew: from the output down to the layer named (cascading), or "
    "that block of layers alone (independent). A faithful map changes: the line should fall. "
    "Bands: 95 % over three inputs or more, seeds averaged first. Levels at which every new map is "
    "constant have no point. Below, one input of each network, each map on its own scale."
)
PERTURBATION_CAPTION = (
    "Model perturbation: similarity of each method's map with its map on the trained network, "
    "under Gaussian noise on every weight; only draws that kept the prediction (share below each "
    "noise). A faithful map stays: the line should keep high. Bands: 95 % over three inputs or "
    "more, seeds averaged first."
)
METRICS = {"ssim": "SSIM", "spearman": "rank correlation"}
#: Checks in the order of the table; ``untrained`` is the last cascading level.
CHECKS = ("cascading", "untrained", "independent", "bottom_up", "perturbation")


def sanity_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Summarise the result rows of the stage ``score_sanity``.

    Returns
    -------
    pandas.DataFrame
        One row per dataset, network, check and method: means with 95 % intervals over ``n``
        inputs; of ``maps`` that were compared, ``to_constant`` and ``missing`` have no
        similarity; ``kept`` is the share of noisy networks that kept the prediction.
    """
    scores = scores[scores["check"].isin(CHECKS)]
    last = scores[scores["check"].eq("cascading") & scores["level"].eq(scores["levels"])]
    rows = pd.concat([scores, last.assign(check="untrained")], ignore_index=True)
    groups = rows.groupby(["dataset", "network", "check", "method"], sort=False)
    table = [
        dict(zip(("dataset", "network", "check", "method"), key, strict=True)) | _summary(group)
        for key, group in groups
    ]
    # Sorting is stable: datasets and networks keep the order of the rows.
    order = {network: i for i, network in enumerate(rows["network"].unique())}
    table.sort(key=lambda row: (order[row["network"]], CHECKS.index(row["check"])))
    frame = pd.DataFrame(table)
    return frame.assign(method=frame["method"].map(method_name))


def _summary(group: pd.DataFrame) -> dict[str, float]:
    summary: dict[str, float] = {}
    for metric in METRICS:
        interval = _over_inputs(group[group["metric"].eq(metric)])
        summary |= interval.columns(metric)
    maps = group[group["metric"].eq("spearman")]
    constant = maps["status"].eq("constant")
    summary["n"] = interval.n
    summary["maps"] = len(maps)
    summary["to_constant"] = int(constant.sum())
    summary["missing"] = int((maps["value"].isna() & ~constant).sum())
    summary["kept"] = float(group.loc[group["metric"].eq("kept"), "value"].mean())
    return summary


def _over_inputs(rows: pd.DataFrame) -> Interval:
    """Mean over inputs, of each the mean over seeds: those are not independent of each other."""
    by_seed = rows.groupby(["image", "seed"])["value"].mean()
    return mean(by_seed.groupby("image").mean().to_numpy(np.float64), CORRELATION)


def printed(table: pd.DataFrame) -> pd.DataFrame:
    """Narrow the table to a page: each interval as text."""
    narrow = table[["dataset", "network", "check", "method"]].copy()
    for metric, title in METRICS.items():
        narrow[title] = [interval_text(row, metric, 2) for _, row in table.iterrows()]
    narrow["kept%"] = ["--" if np.isnan(share) else f"{100 * share:.0f}" for share in table["kept"]]
    return narrow.join(table[["n", "maps", "to_constant", "missing"]])


def sanity_randomisation(
    scores: pd.DataFrame, examples: dict[str, dict[str, np.ndarray]]
) -> Figure:
    """Draw similarity against level, and maps of one input of each dataset under them.

    Parameters
    ----------
    scores : pandas.DataFrame
        Result rows of the stage ``score_sanity``.
    examples : dict of str to dict of str to numpy.ndarray
        By title (dataset and network): ``image``, ``trained/<method>`` (1, height, width),
        ``<order>/<method>`` (levels, height, width).

    Returns
    -------
    matplotlib.figure.Figure
        A column per network and order, a row per metric, a line per method, bands of 95 % over
        inputs; below, the maps of one input of each network under its first order.
    """
    use_style()
    rows = scores[scores["check"].isin(CHECKS) & scores["check"].ne("perturbation")]
    panels = list(rows.groupby(["dataset", "network", "check"], sort=False))
    # Reviews, tables and series are measured too, but have no picture.
    shown = {
        name: arrays for name, arrays in examples.items() if len(arrays) > 1 and _pictured(arrays)
    }
    width = max(TWO_COLUMNS, 2.4 * len(panels))
    columns = [1 + len(_strip(arrays)[0]) for arrays in shown.values()]
    levels = max((1 + _strip(arrays)[2] for arrays in shown.values()), default=0)
    heights = [4.6]
    if shown:
        heights.append(levels * min(1.1, width / sum(columns)) + 0.3)
    figure = plt.figure(figsize=(width, sum(heights)), layout="constrained")
    parts = figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    axes = parts[0].subplots(
        len(METRICS), max(len(panels), 1), squeeze=False, sharey="row", sharex="col"
    )
    looks = _looks(rows["method"])
    for column, ((dataset, network, check), panel) in zip(axes.T, panels, strict=False):
        layers = panel.drop_duplicates("level").sort_values("level")
        ticks = [0, *layers["level"].astype(int)]
        for axis, metric in zip(column, METRICS, strict=True):
            _lines(axis, panel[panel["metric"].eq(metric)], "level", looks, start=True)
            axis.set_xticks(ticks, ["trained", *map(_lowest, layers["layer"])], rotation=30)
            plt.setp(axis.get_xticklabels(), ha="right", rotation_mode="anchor", fontsize=6)
        column[0].set_title(f"{dataset}, {check}\n{network}", fontsize=7)
    _finish(parts[0], axes)
    if shown:
        strips = parts[1].subfigures(1, len(shown), squeeze=False, width_ratios=columns)[0]
        for strip, (name, arrays) in zip(strips, shown.items(), strict=True):
            _draw_strip(strip, name, arrays, levels)
    return figure


def sanity_perturbation(scores: pd.DataFrame) -> Figure:
    """Draw similarity against weight noise, of the draws that kept the prediction.

    A column per network, a row per metric, a line per method, bands of 95 % over inputs; under each
    noise stands the share of draws that kept the prediction.
    """
    use_style()
    rows = scores[scores["check"].eq("perturbation")]
    panels = list(rows.groupby(["dataset", "network"], sort=False))
    figure = plt.figure(figsize=(max(TWO_COLUMNS, 3.6 * len(panels)), 4.6), layout="constrained")
    axes = figure.subplots(
        len(METRICS), max(len(panels), 1), squeeze=False, sharey="row", sharex="col"
    )
    looks = _looks(rows["method"])
    for column, (names, panel) in zip(axes.T, panels, strict=False):
        kept = panel[panel["metric"].eq("kept")].groupby("noise")["value"].mean()
        for axis, metric in zip(column, METRICS, strict=True):
            _lines(axis, panel[panel["metric"].eq(metric)], "noise", looks)
            axis.set_xscale("log")
            axis.set_xticks(
                list(kept.index), [f"{noise:g}\n{share:.0%} kept" for noise, share in kept.items()]
            )
            axis.minorticks_off()
        column[0].set_title(", ".join(names), fontsize=7)
        column[-1].set_xlabel("noise, as a share of each weight tensor's size")
    _finish(figure, axes)
    return figure


def _looks(names: pd.Series) -> dict[str, dict]:
    """Colour and marker of each method; those of one name (GGIG from black, zero) share them."""
    titles = list(dict.fromkeys(method_name(name) for name in names))
    palette = sns.color_palette("colorblind", len(titles))
    of_title = {
        title: {"color": colour, "marker": marker}
        for title, colour, marker in zip(titles, palette, cycle(MARKERS), strict=False)
    }
    return {name: of_title[method_name(name)] for name in names.unique()}


def _lines(
    axis: Axes, rows: pd.DataFrame, x: str, looks: dict[str, dict], *, start: bool = False
) -> None:
    """One line per method with its band; with `start`, from the trained network's similarity 1."""
    for name, own in rows.groupby("method", sort=False):
        measured = [(key, *_with_band(_over_inputs(of))) for key, of in own.groupby(x)]
        points = np.array([(0.0, 1.0, 1.0, 1.0)] * start + measured, float)
        look = looks[name]
        axis.plot(points[:, 0], points[:, 1], ms=4, lw=1, label=method_name(name), **look)
        axis.fill_between(
            points[:, 0], *points[:, 2:].T, color=look["color"], alpha=0.12, linewidth=0
        )


def _with_band(interval: Interval) -> tuple[float, float, float]:
    if interval.n < FEWEST:
        return (interval.estimate,) * 3
    return interval.estimate, interval.low, interval.high


def _finish(part: Figure | SubFigure, axes: np.ndarray) -> None:
    for row, title in zip(axes, METRICS.values(), strict=True):
        row[0].set_ylabel(title)
        lowest = min((axis.dataLim.y0 for axis in row if axis.has_data()), default=0.0)
        row[0].set_ylim(min(0.0, max(-1.0, lowest)) - 0.05, 1.05)
    entries = {
        label: handle
        for axis in axes.flat
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    part.legend(entries.values(), entries.keys(), loc="outside upper center", ncols=4, fontsize=7)


def _lowest(layer: str) -> str:
    """Name of the lowest layer of a level."""
    return layer.split(" … ")[-1]


def _pictured(arrays: dict[str, np.ndarray]) -> bool:
    """True if the maps are of pixels: shape (1, height, width)."""
    return next(maps for key, maps in arrays.items() if key.startswith("trained/")).ndim == 3


def _strip(arrays: dict[str, np.ndarray]) -> tuple[list[str], str, int]:
    """Methods, order and number of levels of one dataset's example maps."""
    methods = [key.split("/")[1] for key in arrays if key.startswith("trained/")]
    others = [key.split("/")[0] for key in arrays if key.endswith(f"/{methods[0]}")]
    order = next(name for name in others if name != "trained")
    return methods, order, len(arrays[f"{order}/{methods[0]}"])


def _draw_strip(part: SubFigure, dataset: str, arrays: dict[str, np.ndarray], rows: int) -> None:
    """Columns: the image, then one per method; rows: the trained map, the map at every level."""
    methods, order, levels = _strip(arrays)
    axes = part.subplots(rows, 1 + len(methods), squeeze=False)
    for axis in axes[1 + levels :].flat:
        axis.remove()
    axes = axes[: 1 + levels]
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.grid(visible=False)
    show_image(axes[0, 0], arrays["image"][0])
    axes[0, 0].set_title(dataset.replace(", ", ",\n"), fontsize=6)
    for axis in axes[1:, 0]:
        axis.set_frame_on(False)
    for axis, level in zip(axes[:, 1], range(levels + 1), strict=True):
        axis.set_ylabel(f"{order}\n{level}" if level else "trained", fontsize=6)
    for column, name in zip(axes[:, 1:].T, methods, strict=True):
        column[0].set_title(method_name(name).replace(" ", "\n"), fontsize=6)
        maps = [*arrays[f"trained/{name}"], *arrays[f"{order}/{name}"]]
        for axis, values in zip(column, maps, strict=True):
            show_scores(axis, clipped(values))
