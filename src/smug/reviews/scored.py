"""Every measure of every method on a shard of texts, SMUG's masks confirmed by the network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from smug.pipeline.confirm import Confirmer
from smug.pipeline.results import as_table
from smug.pipeline.shards import AttributedShard, SolvedShard
from smug.reviews.confidence import Confidence
from smug.reviews.measures import Falls, measure_rows
from smug.reviews.score_rows import score_rows


def scored_texts(
    confidence: Confidence,
    falls: Falls,
    smug: Mapping[str, tuple[Path, Path]],
    confirmer: Confirmer,
    *,
    method: Mapping[str, Any],
    comparison: Mapping[str, Any],
    common: Mapping[str, Any],
) -> tuple[pd.DataFrame, int]:
    """Measure every method on the texts of a shard.

    Parameters
    ----------
    confidence : Confidence
        Of the texts with their maps and masks.
    falls : callable
        See :meth:`smug.reviews.networks.ScoreNetwork.falls`.
    smug : mapping of str to (path, path)
        See :func:`smug.reviews.explained.smug_files`.
    confirmer : Confirmer
    method, comparison : mapping
        The sections of these names.
    common : mapping
        Columns that are the same in all rows.

    Returns
    -------
    table : pandas.DataFrame
        One result row a text, method and metric.
    unconfirmed : int
        Masks that the network does not confirm.
    """
    texts, replacement = confidence.explained, method["replacement"]
    rows = chain(
        score_rows(confidence, thresholds=comparison["thresholds"], share=comparison["share"]),
        measure_rows(texts, falls, comparison["subsets"], comparison["subset"], replacement),
    )
    table = as_table([{**common, **row} for row in rows])
    gammas = method["gamma"], comparison["gamma"]
    return table, _confirm(table, smug, gammas, confirmer, texts.attributed, method)


def _confirm(
    table: pd.DataFrame,
    smug: Mapping[str, tuple[Path, Path]],
    gammas: Iterable[float],
    confirmer: Confirmer,
    attributed: AttributedShard,
    method: Mapping[str, Any],
) -> int:
    """Fill the column ``confirmed`` of SMUG's rows; tells the masks that are not."""
    unconfirmed = 0
    for (name, (masks, _)), gamma in zip(smug.items(), gammas, strict=True):
        solved = SolvedShard.load(masks)
        confirmed = confirmer.confirmed(attributed, solved, {**method, "gamma": gamma})
        own = table["method"].eq(name)
        by_text = dict(zip(solved.ids.tolist(), confirmed.tolist(), strict=True))
        table.loc[own, "confirmed"] = table.loc[own, "image"].map(by_text).astype("boolean")
        unconfirmed += int(np.count_nonzero(solved.has_mask() & ~confirmed))
    return unconfirmed
