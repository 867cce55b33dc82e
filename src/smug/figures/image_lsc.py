"""Table 1: LSC, Win% and sparsity of every method on photographs, the paper's beside ours."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from smug.figures.attribution_curves import CURVES
from smug.figures.names import method_name
from smug.metrics.statistics import mean, paired, proportion, quartiles, wins

CAPTION = (
    "Methods on {n} photographs ({model}); beside them the paper's values (Sahoo et al. 2021, "
    "table 1: 3304 images, Inception v1). LSC: median with quartiles, lower is better. Win%: share "
    "of images on which a method has the lowest LSC among the paper's methods; ± and intervals: "
    "95 %. p: paired Wilcoxon test of LSC against SMUG. Networks, images and their number differ."
)


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
        failed). ``win`` counts among the paper's methods, ``win_all`` among all but OptBox.
        ``calls`` is the mean number of crops the network was run on.
    """
    wide = scores.pivot(index="image", columns=["metric", "method"], values="value")
    lsc = wide["lsc"]
    methods = [m for m in PAPER if m in lsc] + [m for m in lsc if m not in PAPER]
    won = _won(lsc, [m for m in methods if m in PAPER and m != "opt_box"])
    won_all = _won(lsc, [m for m in methods if m != "opt_box"])
    rows = []
    for name in methods:
        median, lower, upper, n = quartiles(lsc[name].to_numpy())
        row = {"method": method_name(name), "images": n, "missing": len(lsc) - n}
        row |= {"lsc": median, "lsc_lower": lower, "lsc_upper": upper}
        row |= _percent("win", proportion(won[name]) if name in won else None)
        row |= _percent("win_all", proportion(won_all[name]) if name in won_all else None)
        row |= _percent("sparsity", mean(_values(wide, "sparsity", name)))
        test = paired(lsc[name].to_numpy(), lsc["smug"].to_numpy()) if name != "smug" else None
        row |= {
            "lsc_minus_smug": test.median_difference if test else np.nan,
            "p": test.p_value if test else np.nan,
        }
        for metric in CURVES:
            row[metric] = mean(_values(wide, metric, name)).estimate
        row["calls"] = mean(_values(wide, "calls", name)).estimate
        row["seconds"] = quartiles(_values(wide, "seconds", name)).median
        row |= {f"paper_{key}": v for key, v in PAPER.get(name, NO_PAPER)._asdict().items()}
        rows.append(row)
    return pd.DataFrame(rows)


def printed(table: pd.DataFrame) -> pd.DataFrame:
    """Table 1 as the paper prints it: ours and theirs side by side, as text."""

    def triple(row: pd.Series, prefix: str = "") -> str:
        if np.isnan(row[f"{prefix}lsc"]):
            return "--"
        ends = f"{row[f'{prefix}lsc_upper']:.2f}, {row[f'{prefix}lsc_lower']:.2f}"
        return f"{row[f'{prefix}lsc']:.2f} ({ends})"

    def percent(row: pd.Series, name: str) -> str:
        if np.isnan(row[name]):
            return "--"
        half = (row[f"{name}_high"] - row[f"{name}_low"]) / 2
        return f"{row[name]:.1f}" if np.isnan(half) else f"{row[name]:.1f} ± {half:.1f}"

    def plain(value: float, digits: int = 1) -> str:
        return "--" if np.isnan(value) else f"{value:.{digits}f}"

    return pd.DataFrame(
        {
            "method": table["method"],
            "n": table["images"],
            "LSC": [triple(row) for _, row in table.iterrows()],
            "LSC (paper)": [triple(row, "paper_") for _, row in table.iterrows()],
            "Win%": [percent(row, "win") for _, row in table.iterrows()],
            "Win% (paper)": table["paper_win"].map(plain),
            "Sparsity%": [percent(row, "sparsity") for _, row in table.iterrows()],
            "Sparsity% (paper)": table["paper_sparsity"].map(plain),
            "p": table["p"].map(lambda p: plain(p, 3)),
        }
    )


def _won(lsc: pd.DataFrame, competing: list[str]) -> pd.DataFrame:
    return pd.DataFrame(wins(lsc[competing].to_numpy()), index=lsc.index, columns=competing)


def _values(wide: pd.DataFrame, metric: str, method: str) -> np.ndarray:
    if (metric, method) not in wide:
        return np.zeros(0)
    return wide[metric, method].to_numpy(np.float64)


def _percent(name: str, interval) -> dict[str, float]:
    ends = (np.nan,) * 3 if interval is None else interval[:3]
    return {
        key: 100 * value
        for key, value in zip((name, f"{name}_low", f"{name}_high"), ends, strict=True)
    }
