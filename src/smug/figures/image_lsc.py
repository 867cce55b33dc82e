"""Table 1: LSC, Win% and sparsity of every method on photographs, the paper's beside ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from smug.figures.attribution_curves import CURVES
from smug.metrics.statistics import (
    CORRELATION,
    COUNT,
    SHARE,
    interval_text,
    mean,
    median,
    paired,
    proportion,
    quartiles,
    wins,
)
from smug.pipeline.method_names import method_name
from smug.pipeline.results import dataset_label, network_labels

CAPTION = (
    "Methods on photographs; beside them the paper's values (Sahoo et al. 2021, "
    "table 1: 3304 images, Inception v1); networks, images and their number differ. n: images on "
    "which a method has a value. LSC: median with quartiles, lower is better. Win%: share of these "
    "n on which a method has the lowest LSC among the paper's methods. Sparsity%: share of the "
    "image kept, whole mask windows for SMUG and SMUG_base. P kept: probability of the class on "
    "the kept pixels alone, all others replaced. Intervals: 95 %, of LSC by bootstrap, "
    "of Win% Wilson's, of means likewise. p: paired Wilcoxon test of LSC against SMUG."
)
SEED = 0


class PaperRow(NamedTuple):
    """One column of the paper's table 1; NaN where it prints a dash."""

    lsc: float
    lsc_upper: float
    lsc_lower: float
    win: float
    sparsity: float


#: Sahoo et al. 2021, table 1; its plain IG stands beside our black baseline.
PAPER = {
    "smug": PaperRow(-1.26, -0.75, -1.80, 40.9, 17.7),
    "smug_base": PaperRow(-1.23, -0.71, -1.76, 33.5, 43.3),
    "ground_truth": PaperRow(-0.34, 0.04, -0.81, 3.6, 50.7),
    "ig_black": PaperRow(-0.29, -0.05, -0.62, 1.7, np.nan),
    "gradcam": PaperRow(-1.10, -0.50, -1.67, 37.8, np.nan),
    "center_box": PaperRow(-0.64, -0.29, -0.69, 2.6, 50.0),
    "max_box": PaperRow(0.04, 0.23, 0.00, 0.2, 100.0),
    "opt_box": PaperRow(-2.27, -1.79, -2.71, np.nan, 8.9),
}
NO_PAPER = PaperRow(*[np.nan] * 5)


def image_lsc(scores: pd.DataFrame) -> pd.DataFrame:
    """Summarise the result rows of ``score_images``, one row per method.

    Parameters
    ----------
    scores : pandas.DataFrame
        Result rows with a metric ``lsc``; other metrics where a method has them.

    Returns
    -------
    pandas.DataFrame
        ``images`` is the number with an LSC and ``missing`` that without (no box, or the method
        failed). ``lsc_lower`` and ``lsc_upper`` are quartiles; every ``_low`` and ``_high`` ends
        a 95 % interval. ``sufficiency`` is the probability of the class on the kept pixels alone,
        ``comprehensiveness`` what the image loses with them. ``win`` counts among the paper's
        methods, ``win_all`` among all but OptBox, both on the images where the method itself has
        a value. ``proven`` is the share of a method's masks that a solver proved to be minimal.
        ``calls`` is the mean number of crops the network was run on, of ``boxes`` to choose from.
    """
    wide = scores.pivot(index="image", columns=["metric", "method"], values="value")
    lsc = wide["lsc"]
    methods = [m for m in PAPER if m in lsc] + [m for m in lsc if m not in PAPER]
    won = _won(lsc, [m for m in methods if m in PAPER and m != "opt_box"])
    won_all = _won(lsc, [m for m in methods if m != "opt_box"])
    return pd.DataFrame(
        [
            {
                "method": method_name(name),
                **_lsc_columns(lsc, name),
                **_win_columns("win", won, lsc, name),
                **_win_columns("win_all", won_all, lsc, name),
                **mean(_values(wide, "sparsity", name), SHARE).columns("sparsity", unit=100),
                **mean(_values(wide, "sufficiency", name), SHARE).columns("sufficiency"),
                **mean(_values(wide, "comprehensiveness", name), CORRELATION).columns(
                    "comprehensiveness"
                ),
                "proven": _proven(scores[scores["method"].eq(name)]),
                **_against_smug(lsc, name),
                **_curve_columns(wide, name),
                "calls": mean(_values(wide, "calls", name), COUNT).estimate,
                "boxes": mean(_values(wide, "boxes", name), COUNT).estimate,
                "seconds": quartiles(_values(wide, "seconds", name)).median,
                **{f"paper_{key}": v for key, v in PAPER.get(name, NO_PAPER)._asdict().items()},
            }
            for name in methods
        ]
    )


def image_lsc_of_networks(
    scores: pd.DataFrame, prepared: Sequence[Mapping[str, Any]], cells: int
) -> tuple[pd.DataFrame, str]:
    """Table 1 of several networks, one below the other, and its caption.

    Parameters
    ----------
    scores : pandas.DataFrame
        Result rows of ``score_images``, of a dataset a network.
    prepared : sequence of mapping
        Record of each dataset's preparation: its ``config`` names dataset and model, its
        ``summary`` holds what :func:`counted` reads.
    cells : int
        Cells a side of OptBox's grid.

    Returns
    -------
    pandas.DataFrame
        Rows of :func:`image_lsc` with the column ``network`` before them, see
        :func:`smug.pipeline.results.network_labels`.
    str
    """
    tables, parts = [], [CAPTION]
    networks = network_labels([record["config"] for record in prepared])
    for record, network in zip(prepared, networks, strict=True):
        label = dataset_label(record["config"]["dataset"])
        table = image_lsc(scores[scores["dataset"].eq(label)])
        parts.append(counted(table, network, cells, record["summary"]))
        table.insert(0, "network", network)
        tables.append(table)
    return pd.concat(tables, ignore_index=True), " ".join(parts)


def counted(table: pd.DataFrame, model: str, cells: int, prepared: Mapping[str, int]) -> str:
    """Part of the caption on one network: how many images are in its rows, and how many are not.

    Parameters
    ----------
    table : pandas.DataFrame
        From :func:`image_lsc`.
    model : str
        Name of the network.
    cells : int
        Cells a side of OptBox's grid.
    prepared : mapping of str to int
        What the choice of the images counted: ``images``, ``tried``, ``misclassified``,
        ``without_box``, ``unreadable``; what it lacks is 0.
    """
    by_name = table.set_index("method")
    proven = by_name["proven"].dropna()
    missing = by_name["missing"][by_name["missing"] > 0]
    searched = by_name[by_name["boxes"] > 0]
    left_out = ", ".join(
        f"{prepared.get(key, 0)} {key.replace('_', ' ')}"
        for key in ("misclassified", "without_box", "unreadable")
    )
    parts = [
        f"{model}: {prepared['images']} photographs, tried {prepared['tried']}, left out: "
        f"{left_out}.",
        *(f"{name}: {share:.1f} % of the masks proven minimal." for name, share in proven.items()),
        *(
            f"{name}: best of the {row.boxes:.0f} boxes on a grid of {cells} x {cells} cells, "
            f"{row.calls:.1f} of them run on average."
            for name, row in searched.iterrows()
        ),
    ]
    if len(missing):
        counts = ", ".join(f"{name} {count}" for name, count in missing.items())
        parts.append(f"Images without a value: {counts}.")
    return " ".join(parts)


def printed(table: pd.DataFrame) -> pd.DataFrame:
    """Table 1 as the paper prints it: ours and theirs side by side, as text."""
    rows = [row for _, row in table.iterrows()]
    return pd.DataFrame(
        {
            "network": table["network"],
            "method": table["method"],
            "n": table["images"],
            "LSC": [_triple(row) for row in rows],
            "95 %": [_interval(row, "lsc", 2) for row in rows],
            "LSC (paper)": [_triple(row, "paper_") for row in rows],
            "Win%": [interval_text(row, "win", 1) for row in rows],
            "Win% (paper)": table["paper_win"].map(_plain),
            "Sparsity%": [interval_text(row, "sparsity", 1) for row in rows],
            "Sparsity% (paper)": table["paper_sparsity"].map(_plain),
            "P kept": [interval_text(row, "sufficiency", 2) for row in rows],
            "p": table["p"].map(lambda p: "<0.001" if p < 0.001 else _plain(p, 3)),
        }
    )


def _plain(value: float, digits: int = 1) -> str:
    return "--" if np.isnan(value) else f"{value:.{digits}f}"


def _triple(row: pd.Series, prefix: str = "") -> str:
    """Median with its quartiles, the upper one first as in the paper."""
    if np.isnan(row[f"{prefix}lsc"]):
        return "--"
    ends = f"{row[f'{prefix}lsc_upper']:.2f}, {row[f'{prefix}lsc_lower']:.2f}"
    return f"{row[f'{prefix}lsc']:.2f} ({ends})"


def _interval(row: pd.Series, name: str, digits: int = 1) -> str:
    """Both ends: the interval of a median is not symmetric."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return "" if np.isnan(low) else f"[{low:.{digits}f}, {high:.{digits}f}]"


def _won(lsc: pd.DataFrame, competing: list[str]) -> pd.DataFrame:
    return pd.DataFrame(wins(lsc[competing].to_numpy()), index=lsc.index, columns=competing)


def _lsc_columns(lsc: pd.DataFrame, name: str) -> dict[str, float]:
    values = lsc[name].to_numpy()
    found = quartiles(values)
    interval = median(values, seed=SEED)
    return {
        "images": found.n,
        "missing": len(lsc) - found.n,
        "lsc": found.median,
        "lsc_low": interval.low,
        "lsc_high": interval.high,
        "lsc_lower": found.lower,
        "lsc_upper": found.upper,
    }


def _win_columns(column: str, won: pd.DataFrame, lsc: pd.DataFrame, name: str) -> dict[str, float]:
    # An image without a box is no defeat of the box.
    flags = won[name][lsc[name].notna()].to_numpy() if name in won else np.zeros(0, bool)
    return proportion(flags).columns(column, unit=100)


def _against_smug(lsc: pd.DataFrame, name: str) -> dict[str, float]:
    if name == "smug":
        return {"lsc_minus_smug": np.nan, "p": np.nan}
    test = paired(lsc[name].to_numpy(), lsc["smug"].to_numpy())
    return {"lsc_minus_smug": test.median_difference, "p": test.p_value}


def _curve_columns(wide: pd.DataFrame, name: str) -> dict[str, float]:
    columns: dict[str, float] = {}
    for metric in CURVES:
        columns |= mean(_values(wide, metric, name), SHARE).columns(metric)
    return columns


def _proven(rows: pd.DataFrame) -> float:
    """Percentage of a method's masks that are proven minimal; NaN where no solver ran."""
    solved = rows[rows["metric"].eq("lsc") & np.isfinite(rows["gap"])]
    return 100 * solved["status"].eq("optimal").mean() if len(solved) else np.nan


def _values(wide: pd.DataFrame, metric: str, method: str) -> np.ndarray:
    if (metric, method) not in wide:
        return np.zeros(0)
    return wide[metric, method].to_numpy(np.float64)
