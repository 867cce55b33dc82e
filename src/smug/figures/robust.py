"""Table and figure: robust sets of digits, beside masks that suffice for one replacement alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from smug.drawing import image_grid, show_box, show_image, show_mask
from smug.masks.problem import Status

CAPTION = (
    "Robust sets of MNIST digits: the fewest windows of pixels that keep the class whatever all "
    "others become within epsilon of their values (1: their whole range). Sizes count windows. "
    "proven: share for which no smaller set is sufficient; minimal: share with a counterexample "
    "against each window of the set; gap: how far the proven bound lies below the size, as a share "
    "of it. Seconds: until the first minimal set, and in all (medians; a time limit reached counts "
    "with the time it took). Published: sets that VeriX's authors found for another network (Wu, "
    "Wu and Barrett 2023, runs of July 2023), without a bound."
)


@dataclass(frozen=True)
class Published:
    """Sizes of the sets that others published, for a network of their own."""

    network: str
    window: int
    epsilon: float
    digits: int
    published_mean_size: float
    published_median_size: float


#: Wu, Wu & Barrett 2023, the authors' runs of July 2023: the first 60 MNIST test digits.
VERIX = Published("VeriX's 784-10-10-10 (another network)", 1, 0.05, 60, 208.55, 187.5)


def robust_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Summarise the result rows of ``robust_explain`` per network, window and epsilon.

    Parameters
    ----------
    scores : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
        One row per setting: digits, how many have no set, and over those that have one mean and
        median size, median and largest gap, share proven smallest, share subset-minimal, medians
        of the seconds. The last row, of another network, holds the published sizes alone.
    """
    keys = ["network", "window", "epsilon"]
    index = [*keys, "image", "status", "gap", "solve_seconds"]
    wide = scores.pivot(index=index, columns="metric", values="value").reset_index()
    wide["proven"] = wide["status"].eq(Status.OPTIMAL)
    found = wide[wide["mask_size"].lt(np.inf)].groupby(keys)
    digits = wide.groupby(keys).size()
    table = pd.DataFrame(
        {
            "digits": digits,
            "no_set": digits - found.size().reindex(digits.index, fill_value=0),
            "mean_size": found["mask_size"].mean(),
            "median_size": found["mask_size"].median(),
            "median_gap": found["gap"].median(),
            "largest_gap": found["gap"].max(),
            "proven": found["proven"].mean(),
            "minimal": found["minimal"].mean(),
            "first_seconds": found["first_seconds"].median(),
            "solve_seconds": found["solve_seconds"].median(),
        }
    ).reset_index()
    both = pd.concat([table, pd.DataFrame([asdict(VERIX)])], ignore_index=True)
    return both.astype({"no_set": "Int64"})


def printed(table: pd.DataFrame) -> pd.DataFrame:
    """The table as text, narrow enough for a page."""
    return pd.DataFrame(
        {
            "network": table["network"],
            "window": table["window"],
            "epsilon": table["epsilon"],
            "n": table["digits"],
            "size: mean": _texts(table["mean_size"], ".1f"),
            "median": _texts(table["median_size"], ".1f"),
            "gap%: median": _texts(100 * table["median_gap"], ".1f"),
            "largest": _texts(100 * table["largest_gap"], ".1f"),
            "proven%": _texts(100 * table["proven"], ".0f"),
            "minimal%": _texts(100 * table["minimal"], ".0f"),
            "seconds": _texts(table["solve_seconds"], ".2g"),
            "published: mean": _texts(table["published_mean_size"], ".1f"),
            "published: median": _texts(table["published_median_size"], ".1f"),
        }
    )


def _texts(values: pd.Series, form: str) -> list[str]:
    """Numbers as text, a dash where there is none."""
    return ["--" if pd.isna(value) else f"{value:{form}}" for value in values]


class DrawnSet(NamedTuple):
    """The robust set of a digit at one epsilon; ``gap`` is what its bound leaves open."""

    epsilon: float
    mask: np.ndarray
    gap: float


@dataclass(frozen=True)
class RobustDigit:
    """One digit, its masks, and one counterexample that its robust set stands against.

    Parameters
    ----------
    image : numpy.ndarray of uint8, shape (28, 28)
    target : int
        The predicted class, ``confidence`` its probability.
    network_mask, smug_mask : numpy.ndarray of bool, shape (28, 28)
        Smallest masks of the whole network and of SMUG.
    sets : tuple of DrawnSet
        Of every digit the same epsilons.
    released : numpy.ndarray of bool, shape (28, 28)
        The part of the set that moves in the counterexample; all False without one.
    counterexample : numpy.ndarray of float64, shape (28, 28)
        Pixels from 0 to 1.
    counterexample_class : int
        What the network calls it.
    """

    image: np.ndarray
    target: int
    confidence: float
    network_mask: np.ndarray
    smug_mask: np.ndarray
    sets: tuple[DrawnSet, ...]
    released: np.ndarray
    counterexample: np.ndarray
    counterexample_class: int


def robust_figure(digits: Sequence[RobustDigit], epsilon: float) -> Figure:
    """Draw one row per digit; ``epsilon`` is that of the counterexamples."""
    epsilons = [one.epsilon for one in digits[0].sets] if digits else []
    titles = [
        "digit",
        "smallest mask,\nwhole network",
        "smallest mask,\nSMUG",
        *(f"robust set,\n{_others(one)}" for one in epsilons),
        f"counterexample,\n{_others(epsilon)}",
    ]
    figure, axes = image_grid(len(digits), titles, width=1.3 * len(titles), lines=2)
    for row, digit in zip(axes, digits, strict=True):
        show_image(row[0], digit.image)
        row[0].set_xlabel(f"“{digit.target}” {digit.confidence:.2f}")
        masks = (digit.network_mask, digit.smug_mask, *(one.mask for one in digit.sets))
        for axis, mask in zip(row[1:-1], masks, strict=True):
            show_mask(axis, mask)
            axis.set_xlabel(f"{mask.sum()} px")
        for axis, one in zip(row[3:], digit.sets, strict=False):
            axis.set_xlabel(f"{axis.get_xlabel()}\n{_proof(one.gap)}")
        shown = next(one.mask for one in digit.sets if one.epsilon == epsilon)
        _show_counterexample(row[-1], digit, shown)
    return figure


def _others(epsilon: float) -> str:
    """The values that all pixels outside of a set may take."""
    return "any values" if epsilon >= 1 else f"±{epsilon:g}"


def _proof(gap: float) -> str:
    if gap == 0:
        return "proven smallest"
    return "no bound yet" if gap == 1 else f"gap {gap:.1%}"


def _show_counterexample(axis: Axes, digit: RobustDigit, shown: np.ndarray) -> None:
    if not digit.released.any():
        axis.set_xlabel("none found in time" if shown.any() else "nothing to move")
        return
    show_image(axis, np.rint(255 * digit.counterexample))
    rows, columns = (np.flatnonzero(digit.released.any(axis=side)) for side in (1, 0))
    # The frame leaves a single pixel to be seen.
    room = 0.5 if digit.released.sum() == 1 else 0.0
    edges = (columns[0] - room, rows[0] - room, columns[-1] + 1 + room, rows[-1] + 1 + room)
    show_box(axis, np.array(edges))
    axis.set_xlabel(f"“{digit.counterexample_class}”, not “{digit.target}”\nframe moves, too")
