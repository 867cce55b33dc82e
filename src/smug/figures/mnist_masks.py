"""Table: minimal masks of digits per encoding, window and solver."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from smug.masks.problem import Status

CAPTION = (
    "Minimal masks of MNIST digits: the first layer (SMUG) against the whole network. Seconds and "
    "sizes are medians; a size is a count of windows. The paper gives no table of these."
)


def mnist_masks(scores: pd.DataFrame) -> pd.DataFrame:
    """Summarise result rows per encoding, window and solver.

    Parameters
    ----------
    scores : pandas.DataFrame
        Result rows of the stage ``score_masks``.

    Returns
    -------
    pandas.DataFrame
        One row per setting: digits, how many have which status, share proven optimal, and over
        the digits that have a mask the medians of mask size, gap, sparsity, confidence, and the
        share that keeps its class.
    """
    wide = per_digit(scores)
    keys = ["encoding", "window", "solver"]
    groups = wide.groupby(keys, sort=True)
    table = pd.DataFrame(
        {
            "digits": groups.size(),
            "status": groups["status"].agg(_counts),
            "proven": groups["proven"].mean(),
            "no_mask": groups["mask_size"].apply(lambda size: int((~size.lt(float("inf"))).sum())),
        }
    )
    found = wide[wide["mask_size"].lt(float("inf"))].groupby(keys)
    for name in ("mask_size", "gap", "sparsity", "masked_confidence"):
        table[name] = found[name].median()
    table["keeps_class"] = found["keeps_class"].mean()
    table["solve_seconds"] = groups["solve_seconds"].median()
    return table.reset_index()


def _counts(status: pd.Series) -> str:
    """Number of times each status occurs: ``optimal 3, timeout 2``."""
    return ", ".join(f"{name} {count}" for name, count in sorted(Counter(status).items()))


def per_digit(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per digit and setting, metrics as columns."""
    settings = ["encoding", "window", "solver"]
    index = ["image", *settings, "status", "bound", "gap", "solve_seconds"]
    wide = scores.pivot(index=index, columns="metric", values="value").reset_index()
    wide["encoding"] = wide["encoding"].str.replace("_", " ")
    wide["proven"] = wide["status"].eq(Status.OPTIMAL)
    wide["keeps_class"] = wide["masked_class"].eq(wide["target"])
    return wide
