"""Table: areas under the curves of every method, on every dataset of images."""

from __future__ import annotations

import numpy as np
import pandas as pd

from smug.metrics.statistics import SHARE, interval_text, mean
from smug.pipeline.method_names import method_name

#: Metrics of ``score_images``, and whether a high area is good.
CURVES = {
    "insertion": True,
    "deletion": False,
    "softmax_information": True,
    "accuracy_information": True,
}
CAPTION = (
    "Areas under curves: mean over inputs with 95 % intervals. Insertion: class probability while "
    "replaced pixels appear in the map's order, high is good; deletion: while pixels are replaced, "
    "low is good. "
    "Information curves (as in Rahman, Lewis & Plis 2022): normalised softmax and accuracy against "
    "the size of the compressed image, while a blurred image is sharpened in the map's order, high "
    "is good; without a curve are inputs that compress or predict no better whole than blurred, as "
    "digits: not defined. n, n inf.: inputs behind the first two and the last two; missing: inputs "
    "on which the method found no map."
)
#: An information curve runs from the blurred to the whole image, which has to hold more.
UNDEFINED = "information curves not defined: blurred inputs compress or predict no worse"
#: Rows of a table and series are not compressed.
NO_IMAGES = "information curves are of images alone"


def attribution_curves(scores: pd.DataFrame) -> pd.DataFrame:
    """Summarise the result rows of ``score_images`` of any number of datasets.

    Returns
    -------
    pandas.DataFrame
        One row per dataset and method that has a map: each area's mean and the ends of its 95 %
        interval; ``n`` inputs have insertion and deletion curves, ``n_information`` the others; on
        ``missing`` inputs the method found no map. ``note`` says so where the information curves
        are not defined for any input.
    """
    rows = []
    chosen = scores[scores["metric"].isin(CURVES)]
    for (dataset, method), group in chosen.groupby(["dataset", "method"], sort=False):
        row = {"dataset": dataset, "method": method_name(method)}
        found = {}
        for curve in CURVES:
            values = group.loc[group["metric"].eq(curve), "value"].to_numpy(np.float64)
            found[curve] = mean(values, SHARE)
            row |= found[curve].columns(curve)
        row |= {"n": found["insertion"].n, "n_information": found["softmax_information"].n}
        undefined = row["n"] > 0 and row["n_information"] == 0
        why = UNDEFINED if group["metric"].eq("softmax_information").any() else NO_IMAGES
        row |= {
            "missing": group["image"].nunique() - row["n"],
            "note": why if undefined else "",
        }
        rows.append(row)
    return pd.DataFrame(rows)


def printed(table: pd.DataFrame) -> pd.DataFrame:
    """Narrow the table to a page: each interval as text, the direction in the title."""
    narrow = table[["dataset", "method"]].copy()
    for curve, high in CURVES.items():
        title = f"{curve.replace('_information', ' inf.')} {'↑' if high else '↓'}"
        narrow[title] = [interval_text(row, curve, 2) for _, row in table.iterrows()]
        if curve.endswith("_information"):
            narrow.loc[table["note"].ne(""), title] = "not defined"
    return narrow.assign(**{"n": table["n"], "n inf.": table["n_information"]}).join(
        table["missing"]
    )
