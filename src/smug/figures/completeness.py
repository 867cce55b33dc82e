"""Table: how far the attributions of each input are from adding up to its class score."""

from __future__ import annotations

import numpy as np
import pandas as pd

CAPTION = (
    "Completeness of the first layer's Integrated Gradients: the sum of all attributions should "
    "equal the class probability minus that at the baseline; the error is their difference."
)


def completeness(errors: dict[str, np.ndarray], steps: dict[str, int]) -> pd.DataFrame:
    """Summarise completeness errors per dataset.

    Parameters
    ----------
    errors : dict of str to numpy.ndarray
        Error of every input, by dataset; NaN where the attribution failed.
    steps : dict of str to int
        Steps of the integral, by dataset.
    """
    return pd.DataFrame(
        [
            {
                "dataset": dataset,
                "inputs": np.count_nonzero(np.isfinite(values)),
                "steps": steps[dataset],
                "median_error": float(np.nanmedian(np.abs(values))),
                "largest_error": float(np.nanmax(np.abs(values))),
            }
            for dataset, values in errors.items()
        ]
    )
