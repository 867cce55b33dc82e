"""Classes of the user's own inputs: from labels as they are written to the network's outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from smug.datasets.prepared import UNKNOWN
from smug.errors import SmugError, unknown_name

#: Names that a message lists.
_LISTED = 12


def class_indices(
    labels: Sequence[Any] | None, names: Sequence[str], outputs: int
) -> tuple[np.ndarray, list[str]]:
    """Class index of each input, and the classes' names in the order of the network's outputs.

    Whole numbers from 0 to ``outputs - 1`` are indices themselves. Other labels are names, in the
    order of ``names``, or sorted.

    Parameters
    ----------
    labels : sequence, optional
        As the user's files write them: texts or numbers, None for an input without; None where
        there are none at all.
    names : sequence of str
        The setting ``dataset.classes``; empty where it is not given.
    outputs : int
        Classes that the network tells apart.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        :data:`~smug.datasets.prepared.UNKNOWN` for an input without a label; empty without labels.
    list of str

    Raises
    ------
    SmugError
        Names or labels that do not fit the network.
    """
    if names and len(names) != outputs:
        raise SmugError(
            f"dataset.classes names {len(names)} classes, the network has {outputs} outputs; name "
            "one for each, in their order"
        )
    numbered = [str(i) for i in range(outputs)]
    if labels is None:
        return np.zeros(0, np.int64), list(names) or [f"class {name}" for name in numbered]
    written = [None if label is None else _written(label) for label in labels]
    found = {label for label in written if label is not None}
    if not found <= set(names) and found <= set(numbered):
        order, shown = numbered, list(names) or numbered
    elif names:
        order = shown = list(names)
    else:
        order = shown = sorted(found)
        if len(order) != outputs:
            raise SmugError(
                f"the labels are of {len(order)} classes ({listed(order)}), the network has "
                f"{outputs} outputs; name the class of each output in dataset.classes"
            )
    for label in sorted(found - set(order)):
        raise unknown_name("label (dataset.classes)", label, order)
    place = {label: i for i, label in enumerate(order)} | {None: UNKNOWN}
    return np.array([place[label] for label in written], np.int64), shown


def known_labels(labels: Sequence[Any] | None, names: Sequence[str]) -> list[Any] | None:
    """Labels that say a class of a network that was trained on others; None in place of the rest.

    Parameters
    ----------
    labels : sequence, optional
        As :func:`class_indices` takes them.
    names : sequence of str
        Classes of the network. A name that two of them have says neither.

    Returns
    -------
    list, optional
        None where no label says a class.
    """
    counts = Counter(names) | Counter({str(i): 1 for i in range(len(names))})
    known = [
        label if label is not None and counts[_written(label)] == 1 else None
        for label in labels or ()
    ]
    return known if any(label is not None for label in known) else None


def _written(label: Any) -> str:
    """A label as a text; 1.0, which a column with gaps makes of 1, is 1."""
    if isinstance(label, float | np.floating) and float(label).is_integer():
        label = int(label)
    return str(label).strip()


def listed(names: Sequence[str]) -> str:
    """Names in a message; of many, the first ones."""
    more = f", ... {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
