"""SMUG's masks of texts, confirmed by the network, in the table of results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from smug.pipeline.confirm import Confirmer
from smug.pipeline.shards import AttributedShard, SolvedShard


def confirm(
    table: pd.DataFrame,
    smug: Mapping[str, tuple[Path, Path]],
    gammas: Iterable[float],
    confirmer: Confirmer,
    attributed: AttributedShard,
    method: Mapping[str, Any],
) -> int:
    """Fill the column ``confirmed`` of SMUG's rows.

    Parameters
    ----------
    table : pandas.DataFrame
        Result rows, changed in place.
    smug : mapping of str to (path, path)
        See :func:`smug.reviews.explained.smug_files`.
    gammas : iterable of float
        Gamma of each of them.
    confirmer : Confirmer
    attributed : AttributedShard
    method : mapping
        The section ``method``.

    Returns
    -------
    int
        Masks that the network does not confirm.
    """
    unconfirmed = 0
    for (name, (masks, _)), gamma in zip(smug.items(), gammas, strict=True):
        solved = SolvedShard.load(masks)
        confirmed = confirmer.confirmed(attributed, solved, {**method, "gamma": gamma})
        own = table["method"].eq(name)
        by_text = dict(zip(solved.ids.tolist(), confirmed.tolist(), strict=True))
        table.loc[own, "confirmed"] = table.loc[own, "image"].map(by_text).astype("boolean")
        unconfirmed += int(np.count_nonzero(solved.has_mask() & ~confirmed))
    return unconfirmed
