"""Table: methods on reviews against human rationales, and how few words suffice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from smug.metrics.statistics import (
    CORRELATION,
    COUNT,
    SHARE,
    Interval,
    PairedTest,
    mean,
    median,
    paired,
    proportion,
)
from smug.reviews.explained import SMUG

#: Measures shown by their means.
MEANS = {
    "roc_auc": "ROC AUC",
    "auprc": "AUPRC",
    "best_f1": "best F1",
    "token_f1": "token F1",
    "best_mae": "best MAE",
    "sparsity": "sparsity",
    "words": "words kept",
    "sufficiency": "sufficiency",
    "comprehensiveness": "comprehensiveness",
    "aopc_sufficiency": "AOPC sufficiency",
    "aopc_comprehensiveness": "AOPC comprehensiveness",
}
#: Their ranges; the others are shares.
RANGES = {
    "words": COUNT,
    "comprehensiveness": CORRELATION,
    "aopc_sufficiency": CORRELATION,
    "aopc_comprehensiveness": CORRELATION,
}
#: Those of them that compare with a human rationale; not every review has one.
AGREEMENT = ("roc_auc", "auprc", "best_f1", "token_f1", "best_mae")
#: Shares of reviews with Wilson's interval.
SHARES = {
    "empty": "empty mask",
    "proven": "proven smallest",
    "confirmed": "confirmed by the network",
}


#: Sentences that captions share: the measures, maps without a mask, and the trivial levels.
MEASURED = (
    "means (seconds: medians, shares: proportions) "
    "with 95 % intervals; n where it is not that of all reviews. Sufficiency is the explained "
    "class's probability on the kept words alone, comprehensiveness its drop without them. "
    "AOPC, AUPRC and token F1 (of the kept words) are ERASER's (DeYoung et al. 2020): AOPC is "
    "the mean drop on the best 1, 5, 10, 20 and 50 % of the words alone (low is good), or "
    "without them."
)
MASKLESS = (
    "A method without a mask (IG, gradients, GGIG) keeps its highest scores above 0, "
    "as many words as the rationale marks, {share:.0%} of all where none is marked (ours). IG "
    "and GGIG count what speaks for the class, summed over the embedding; gradients count by "
    "magnitude."
)
TRIVIAL = (
    "No word and every word are what any method has to beat: the best threshold on "
    "a constant map marks everything for F1, 2p / (1 + p), and nothing for MAE, p, where p is "
    "the rationale's share of the words."
)
#: What the sufficient sets are, and which of them count as proven.
SUFFICIENT = (
    "SIS: first subset for what is kept, all disjoint subsets for the agreement; sets are "
    "sufficient when they keep {kept}"
)
PROVEN = "proven is only what the network itself confirms"


def caption(
    *, generated: bool, aspect: str, rationale: str, smug: str, share: float, kept: str
) -> str:
    """Say what the table holds.

    Parameters
    ----------
    generated : bool
        Whether the reviews come from the generator.
    aspect, rationale : str
        What the network scores, and what the rationales are about; no rationale is an empty text.
    smug : str
        SMUG's settings, and how often its mask is empty.
    share : float
        Of the words that a map keeps where no human marked any.
    kept : str
        What the sufficient sets keep.
    """
    source = (
        "GENERATED reviews (made up by a program, rationales too; no human wrote or marked them)"
        if generated
        else "Beer Reviews"
    )
    about = f"rationales of {rationale}" if rationale else "no rationales, hence no agreement"
    return (
        f"{source}, network for {aspect}, {about}: {MEASURED} {smug} "
        f"{MASKLESS.format(share=share)} {TRIVIAL} "
        f"{SUFFICIENT.format(kept=kept)}; {PROVEN}. The CSV holds paired Wilcoxon tests against "
        "SMUG. The paper, as far as we know it, prints no numbers for text."
    )


def empty_shares(table: pd.DataFrame, methods: Sequence[str]) -> dict[str, float]:
    """Share of the reviews in which each method's mask is empty."""
    empty = table[table["metric"].eq("empty")].set_index("method")["estimate"]
    return {method: float(empty[method]) for method in methods if method in empty.index}


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
        Columns reviews (generated or original), method, metric, estimate, low, high, n (reviews);
        for means, too, smug_difference (median of the method minus SMUG, review by review), and
        smug_p_value and smug_n of the paired Wilcoxon test.
    """
    rows = []
    by_review = scores[scores["metric"].isin(MEANS)].pivot_table(
        index="image", columns=["metric", "method"], values="value", dropna=False
    )
    for method, of_method in scores.groupby("method", sort=False):
        by_metric = {name: group["value"].to_numpy() for name, group in of_method.groupby("metric")}
        intervals = {"found": proportion(by_metric["found"] == 1)}
        intervals |= {m: mean(by_metric[m], RANGES.get(m, SHARE)) for m in MEANS if m in by_metric}
        intervals["seconds"] = median(by_metric.get("seconds", np.zeros(0)), seed=seed)
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
                **_against_smug(by_review, metric, method),
            }
            for metric, interval in intervals.items()
        ]
    return pd.DataFrame(rows)


def _against_smug(by_review: pd.DataFrame, metric: str, method: str) -> dict[str, float]:
    """Columns of the paired test of a method against SMUG; NaN where there is nothing to test."""
    test = PairedTest(np.nan, np.nan, 0)
    pair = [(metric, method), (metric, SMUG)]
    if method != SMUG and all(column in by_review.columns for column in pair):
        test = paired(*(by_review[column].to_numpy() for column in pair))
    return {
        "smug_difference": test.median_difference,
        "smug_p_value": test.p_value,
        "smug_n": test.n,
    }


def printed(table: pd.DataFrame) -> pd.DataFrame:
    """One row a metric, one column a method, ``estimate [low, high]``; for the page."""
    reviews = table[table["metric"].eq("found")]["n"].max()
    names = {"found": "reviews with an answer", **MEANS, "seconds": "seconds (median)", **SHARES}
    cells = {
        method: {
            names[row.metric]: _cell(Interval(row.estimate, row.low, row.high, row.n))
            + (f", n = {row.n}" if row.n != reviews and row.metric in AGREEMENT else "")
            for row in group.itertuples()
        }
        for method, group in table.groupby("method", sort=False)
    }
    shown = pd.DataFrame(cells).reindex(list(names.values())).fillna("--")
    return shown.rename_axis(f"n = {reviews}").reset_index()


def _cell(interval: Interval) -> str:
    if np.isnan(interval.estimate):
        return "--"
    digits = 0 if abs(interval.estimate) >= 100 else 1 if abs(interval.estimate) >= 10 else 2
    values = [f"{value:.{digits}f}" for value in interval[:3]]
    if 0 < abs(interval.estimate) < 0.05:
        values = [f"{value:.2g}" for value in interval[:3]]
    return values[0] if np.isnan(interval.low) else f"{values[0]} [{values[1]}, {values[2]}]"
