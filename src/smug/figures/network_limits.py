"""Table: how far the encoding of whole networks goes."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from smug.masks.problem import MaskSolution, Status

CAPTION = (
    "Smallest masks of whole dense ReLU networks on MNIST digits: the class must lead every other "
    "one by a share of the whole digit's own lead. Seconds, sizes and gaps are medians. The paper "
    "reports that this encoding does not scale with Z3."
)


def network_limits(rows: Sequence[tuple[str, int, float, MaskSolution]]) -> pd.DataFrame:
    """Summarise solutions per network, window and share of the lead.

    Parameters
    ----------
    rows : sequence of (network, window, lead share, solution)
    """
    table = pd.DataFrame(
        [
            {
                "network": network,
                "window": window,
                "lead_share": share,
                "proven": solution.status is Status.OPTIMAL,
                "mask_size": solution.objective,
                "gap": solution.gap,
                "solve_seconds": solution.seconds,
            }
            for network, window, share, solution in rows
        ]
    )
    groups = table.groupby(["network", "window", "lead_share"], sort=True)
    summary = groups[["mask_size", "gap", "solve_seconds"]].median()
    summary.insert(0, "proven", groups["proven"].mean())
    summary.insert(0, "digits", groups.size())
    return summary.reset_index()
