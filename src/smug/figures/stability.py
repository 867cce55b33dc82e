"""Table of measures that explain again: another class, noisy inputs, an untrained network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from smug.limits import Range
from smug.metrics.statistics import CORRELATION, COUNT, interval_text, mean
from smug.pipeline.method_names import method_name


@dataclass(frozen=True)
class Measure:
    """A column of the table.

    Parameters
    ----------
    check, metric : str
        Rows of the result table that it is the mean of.
    title : str
        As it is printed, with the direction that is better.
    within : Range
        Range of the measure.
    """

    check: str
    metric: str
    title: str
    within: Range


MEASURES = {
    "random_logit_ssim": Measure("random_logit", "ssim", "other class: SSIM ↓", CORRELATION),
    "random_logit_spearman": Measure(
        "random_logit", "spearman", "other class: rank corr. ↓", CORRELATION
    ),
    "efficient_mprt": Measure("efficient_mprt", "efficient_mprt", "eMPRT ↑", Range(-1)),
    "smooth_mprt_ssim": Measure("smooth_mprt", "ssim", "sMPRT: SSIM ↓", CORRELATION),
    "smooth_mprt_spearman": Measure("smooth_mprt", "spearman", "sMPRT: rank corr. ↓", CORRELATION),
    "max_sensitivity": Measure("max_sensitivity", "max_sensitivity", "max-sensitivity ↓", COUNT),
}
CAPTION = (
    "Measures that explain again (definitions as in Quantus 0.6; docs/metrics.md): similarity of "
    "the map with that of another class, drawn at random; rise of the map's complexity once every "
    "layer is untrained (eMPRT); similarity of maps averaged over noisy inputs before and after "
    "that (sMPRT); largest change of the map under small noise on the input. Means over n inputs "
    "with 95 % intervals, seeds averaged first. Missing: fewer than three classes, inputs that "
    "take no noise, noise that was not asked for (sanity.draws=0), or maps that are the same "
    "everywhere."
)


def stability(scores: pd.DataFrame) -> pd.DataFrame:
    """Summarise the result rows of the stage ``score_sanity``.

    Returns
    -------
    pandas.DataFrame
        A row per dataset, network and method: each measure with its ends ``_low`` and ``_high``
        and its number of inputs ``_n``.
    """
    of_check = scores[scores["check"].isin({one.check for one in MEASURES.values()})]
    rows = []
    keys = ["dataset", "network", "method"]
    for (dataset, network, method), group in of_check.groupby(keys, sort=False):
        row = {"dataset": dataset, "network": network, "method": method_name(method)}
        for name, measure in MEASURES.items():
            own = group[group["check"].eq(measure.check) & group["metric"].eq(measure.metric)]
            by_input = own.groupby(["image", "seed"])["value"].mean().groupby("image").mean()
            found = mean(by_input.to_numpy(np.float64), measure.within)
            row |= found.columns(name) | {f"{name}_n": found.n}
        rows.append(row)
    return pd.DataFrame(rows)


def printed(table: pd.DataFrame) -> pd.DataFrame:
    """Narrow the table to a page: each interval as text."""
    narrow = table[["dataset", "network", "method"]].copy()
    for name, measure in MEASURES.items():
        narrow[measure.title] = [interval_text(row, name, 2) for _, row in table.iterrows()]
    return narrow
