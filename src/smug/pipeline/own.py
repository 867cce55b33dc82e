"""Choice of the user's own rows that are explained."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from smug.datasets.own.classes import class_indices
from smug.datasets.own.rows import ReadRows, shaped, standardised
from smug.datasets.prepared import UNKNOWN
from smug.datasets.rows import PreparedRows
from smug.errors import SmugError
from smug.jobs.settings.own import OwnSettings


def check_selection(selection: str, labelled: bool) -> None:
    """Refuse to choose by labels where there are none."""
    if selection == "correct" and not labelled:
        raise SmugError(
            "dataset.selection=correct needs labels, and nobody told any; set dataset.label to the "
            "column of the classes, or dataset.selection=all"
        )


def prepare_rows(
    rows: ReadRows,
    settings: OwnSettings,
    *,
    shape: tuple[int, ...],
    outputs: int,
    predict: Callable[[np.ndarray], np.ndarray],
    standard: bool,
) -> tuple[PreparedRows, dict[str, int]]:
    """Bring rows into the form that a network takes and choose those that are explained.

    Parameters
    ----------
    rows : ReadRows
    settings : OwnSettings
        The section ``dataset``.
    shape : tuple of int
        Of the network's input.
    outputs : int
        Classes that it tells apart.
    predict : callable
        From inputs ``(n, *shape)`` to predicted classes (n,).
    standard : bool
        Whether columns are scaled by the file's own means and deviations.

    Returns
    -------
    PreparedRows
        At most ``settings.explained``, in the order of the seed.
    dict of str to int
        Rows in the file (``tried``), and how many were ``misclassified`` or without a label.
    """
    values = shaped(rows, shape, settings.root)
    if standard:
        values = standardised(values.astype(np.float64)).astype(np.float32)
    indices, names = class_indices(rows.labels, settings.classes, outputs)
    labels = indices if len(indices) else np.full(len(values), UNKNOWN)
    prepared = PreparedRows(
        values=values,
        labels=labels,
        ids=np.array(rows.ids, np.str_),
        features=np.array(rows.features, np.str_),
        class_names=np.array(names, np.str_),
        made_up=np.array(settings.source == "generated"),
    )
    order, counts = choose(
        labels, settings, lambda: predict(values), labelled=rows.labels is not None
    )
    return prepared.take(order), counts


def choose(
    labels: np.ndarray,
    settings: OwnSettings,
    predicted: Callable[[], np.ndarray],
    *,
    labelled: bool,
) -> tuple[np.ndarray, dict[str, int]]:
    """Inputs that are explained: at most so many, in the order of the seed.

    Parameters
    ----------
    labels : numpy.ndarray of int64, shape (n,)
    settings : OwnSettings
        The section ``dataset``.
    predicted : callable
        Returns the predicted classes, shape (n,); called where they decide.
    labelled : bool
        Whether anybody told labels.

    Returns
    -------
    numpy.ndarray of int64
        Their rows.
    dict of str to int
        Inputs there are (``tried``), and how many were ``misclassified``.

    Raises
    ------
    SmugError
        Labels decide and there are none, or no input fits.
    """
    check_selection(settings.selection, labelled)
    order = np.random.default_rng(settings.seed).permutation(len(labels))
    counts = {"tried": len(labels), "misclassified": 0}
    if settings.selection == "correct":
        fits = (predicted() == labels)[order]
        counts["misclassified"] = int(np.count_nonzero(~fits))
        order = order[fits]
    if not len(order):
        raise SmugError(f"none of {len(labels)} inputs is classified as its label says: {counts}")
    return order[: settings.explained], counts
