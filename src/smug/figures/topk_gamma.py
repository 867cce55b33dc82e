"""Figures and tables of the sweeps: top_k against gamma, and one setting changed at a time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from smug.figures.image_saliency import clipped
from smug.figures.style import image_grid, show_mask, show_scores, use_style
from smug.masks.problem import Status
from smug.sweeps import VARIED

CAPTION = (
    "Smallest masks by number of nodes (top k) and share of their response kept (gamma); medians "
    "over inputs. sparsity: share of the input kept, base: the nodes' receptive fields, nothing "
    "minimised; proven: share with a proven optimum. The paper shows this by eye; no numbers."
)
ABLATIONS_CAPTION = (
    "One setting changed at a time, the others as the dataset's own; medians over inputs. ranking: "
    "how the nodes are chosen and scored (the paper's ablation of gradient guidance)."
)
METRICS = ("sparsity", "base_sparsity", "lsc", "base_lsc")
#: Heat maps: column, title, number format.
PANELS = (
    ("sparsity", "share kept", ".1%"),
    ("lsc", "LSC", ".2f"),
    ("proven", "share proven", ".0%"),
    ("seconds", "seconds", ".2g"),
)


def sweep_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Summarise the result rows of ``score_grid``: one row per dataset and setting."""
    settings = scores["method"].str.split(",", expand=True)
    rows = scores.assign(
        **{key: settings[i].str.partition("=")[2] for i, key in enumerate(VARIED)},
        proven=scores["status"].eq(Status.OPTIMAL),
    )
    for key in ("top_k", "gamma", "window"):
        rows[key] = pd.to_numeric(rows[key])
    groups = rows[rows["metric"].eq("mask_size")].groupby(["dataset", *VARIED], sort=True)
    table = pd.DataFrame(
        {
            "inputs": groups["image"].nunique(),
            "proven": groups["proven"].mean(),
            "gap": groups["gap"].median(),
            "seconds": groups["seconds"].median(),
            "mask_size": groups["value"].median(),
        }
    )
    for metric in METRICS:
        values = rows[rows["metric"].eq(metric)]
        # An LSC of an all-zero map is infinite: the middle one of the sorted values stays defined.
        by_setting = values.groupby(["dataset", *VARIED])["value"]
        table[metric] = by_setting.quantile(0.5, interpolation="nearest").astype(float)
    return table.reset_index()


def on_grid(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the settings of the top_k x gamma grid, each once."""
    usual = _usual(table, ("window", "ranking", "scoring"))
    return table[usual].drop_duplicates(["dataset", "top_k", "gamma"]).reset_index(drop=True)


def ablations(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the settings that differ from the dataset's own in window, ranking or scoring."""
    others = ("window", "ranking", "scoring")
    parts = []
    for key in others:
        same = _usual(table, tuple(k for k in ("top_k", "gamma", *others) if k != key))
        parts.append(table[same].assign(changed=key, to=table[key].astype(str)))
    rows = pd.concat(parts).sort_values(["dataset", "changed", "to"], kind="stable")
    columns = ["dataset", "changed", "to", *[c for c in rows if c not in ("changed", "to")][1:]]
    return rows[columns].drop_duplicates(["dataset", "changed", "to"]).reset_index(drop=True)


def _usual(table: pd.DataFrame, keys: tuple[str, ...]) -> pd.Series:
    """Rows whose ``keys`` hold the dataset's own value: the most frequent one, all sweeps share it.

    Every setting is scored both ways; the paper's is the sum.
    """
    same = pd.Series(True, index=table.index)
    for key in keys:
        if key == "scoring":
            same &= table[key].eq("sum")
            continue
        usual = table.groupby("dataset")[key].agg(lambda values: values.mode().iloc[0])
        same &= table[key].eq(table["dataset"].map(usual))
    return same


def topk_gamma(table: pd.DataFrame) -> Figure:
    """Draw heat maps over top_k and gamma, a row per dataset."""
    use_style()
    import matplotlib.pyplot as plt

    datasets = list(table["dataset"].unique())
    figure, axes = plt.subplots(
        len(datasets),
        len(PANELS),
        figsize=(2.6 * len(PANELS), 2.1 * len(datasets) + 0.3),
        squeeze=False,
        layout="constrained",
    )
    for row, dataset in zip(axes, datasets, strict=True):
        part = table[table["dataset"].eq(dataset)]
        for axis, (column, title, form) in zip(row, PANELS, strict=True):
            values = part.pivot(index="top_k", columns="gamma", values=column)
            if values.isna().all(axis=None):
                axis.set_axis_off()
                axis.text(0.5, 0.5, f"{title}:\nnot for {dataset}", ha="center", va="center")
                continue
            finite = values.astype(float).replace([np.inf, -np.inf], np.nan)
            sns.heatmap(finite, annot=True, fmt=form, cmap="viridis", cbar=False, ax=axis)
            axis.set(title=title, xlabel="gamma", ylabel=f"{dataset}\ntop k")
    return figure


def topk_gamma_masks(
    masks: dict[tuple[int, float], np.ndarray], maps: dict[tuple[int, float], np.ndarray]
) -> Figure:
    """Draw mask and saliency of one input for every top_k (rows) and gamma (pairs of columns)."""
    sizes, gammas = (sorted({key[place] for key in masks}) for place in (0, 1))
    titles = [f"gamma {gamma:g}\n{what}" for gamma in gammas for what in ("mask", "SMUG")]
    figure, axes = image_grid(len(sizes), titles, width=max(7.2, 1.1 * len(titles)))
    for row, size in zip(axes, sizes, strict=True):
        row[0].set_ylabel(f"top {size}")
        for place, gamma in enumerate(gammas):
            mask = np.atleast_2d(masks[size, gamma])
            show_mask(row[2 * place], mask)
            row[2 * place].set_xlabel(f"{mask.mean():.1%}")
            show_scores(row[2 * place + 1], clipped(np.atleast_2d(maps[size, gamma])))
    return figure
