"""Table: methods on reviews against human rationales, and how few words suffice."""

from __future__ import annotations

import numpy as np
import pandas as pd

from smug.metrics.statistics import Interval, bootstrap, mean, proportion

#: Means with Student's interval.
MEANS = {
    "roc_auc": "ROC AUC",
    "best_f1": "best F1",
    "best_mae": "best MAE",
    "sparsity": "sparsity",
    "words": "words kept",
    "sufficiency": "sufficiency",
    "comprehensiveness": "comprehensiveness",
}
#: Shares of reviews with Wilson's interval.
SHARES = {
    "empty": "no word needed",
    "proven": "proven smallest",
    "confirmed": "confirmed by the network",
}


def caption(*, generated: bool, aspect: str, rationale: str, fraction: str) -> str:
    """Say what the table holds; ``fraction`` describes the threshold of the sufficient sets."""
    source = (
        "GENERATED reviews (made up by a program, rationales too; no human wrote or marked them)"
        if generated
        else "Beer Reviews"
    )
    about = f"rationales of {rationale}" if rationale else "no rationales, hence no agreement"
    return (
        f"{source}, network for {aspect}, {about}: means (seconds: medians, shares: proportions) "
        "with 95 % intervals. Sufficiency is the explained class's probability on the kept words "
        "alone, comprehensiveness its drop without them. IG and gradients count by magnitude; a "
        "method without a mask keeps its highest scores, as many words as SMUG. A mask without any "
        "word says that biases (SMUG) or the fully masked review (sets) reach the demand. SIS: "
        "first subset for what is kept, all disjoint subsets for the agreement; sets are "
        f"sufficient when they keep {fraction}. The paper prints no numbers for text."
    )


def text_rationales(scores: pd.DataFrame, *, generated: bool, seed: int = 0) -> pd.DataFrame:
    """Summarise result rows per method and metric.

    Parameters
    ----------
    scores : pandas.DataFrame
        Long result table of ``score_texts``.
    generated : bool
        Whether the reviews come from the generator; every row then says so.
    seed : int
        Of the bootstrap behind the seconds' interval.

    Returns
    -------
    pandas.DataFrame
        Columns reviews (generated or original), method, metric, estimate, low, high, n (reviews).
    """
    rows = []
    for method, of_method in scores.groupby("method", sort=False):
        by_metric = {name: group["value"].to_numpy() for name, group in of_method.groupby("metric")}
        found = of_method[of_method["metric"].eq("found")]
        seconds = found.loc[found["value"].eq(1), "seconds"].to_numpy()
        intervals = {"found": proportion(by_metric["found"] == 1)}
        intervals |= {m: mean(by_metric[m]) for m in MEANS if m in by_metric}
        intervals["seconds"] = bootstrap(seconds, np.median, seed=seed)
        if "words" in by_metric:
            by_metric["empty"] = by_metric["words"] == 0
        intervals |= {m: proportion(by_metric[m] == 1) for m in SHARES if m in by_metric}
        rows += [
            {
                "reviews": "generated" if generated else "original",
                "method": method,
                "metric": metric,
                "estimate": interval.estimate,
                "low": interval.low,
                "high": interval.high,
                "n": interval.n,
            }
            for metric, interval in intervals.items()
        ]
    return pd.DataFrame(rows)


def printed(table: pd.DataFrame) -> pd.DataFrame:
    """One row a metric, one column a method, ``estimate [low, high]``; for the page."""
    names = {"found": "reviews with an answer", **MEANS, "seconds": "seconds (median)", **SHARES}
    cells = {
        method: {
            names[row.metric]: _cell(Interval(row.estimate, row.low, row.high, row.n))
            for row in group.itertuples()
        }
        for method, group in table.groupby("method", sort=False)
    }
    shown = pd.DataFrame(cells).reindex(list(names.values())).fillna("--")
    largest = table[table["metric"].eq("found")]["n"].max()
    return shown.rename_axis(f"n = {largest}").reset_index()


def _cell(interval: Interval) -> str:
    if np.isnan(interval.estimate):
        return "--"
    digits = 0 if abs(interval.estimate) >= 100 else 1 if abs(interval.estimate) >= 10 else 2
    values = [f"{value:.{digits}f}" for value in interval[:3]]
    if 0 < abs(interval.estimate) < 0.05:
        values = [f"{value:.2g}" for value in interval[:3]]
    return values[0] if np.isnan(interval.low) else f"{values[0]} [{values[1]}, {values[2]}]"
