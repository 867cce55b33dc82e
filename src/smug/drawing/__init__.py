"""Look and colour scales that all figures share; figures and tables written whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from smug.errors import SmugError
from smug.io import atomic

if TYPE_CHECKING:
    import pandas as pd

_STYLE = Path(__file__).with_name("smug.mplstyle")
#: Width in inches of one and of two printed columns.
ONE_COLUMN, TWO_COLUMNS = 3.5, 7.2
#: Height in inches of a line of text below an image.
LINE = 0.17

#: Letters, page and lines of figures for a dark page.
_LIGHT, _DARK, _DIM = "#e8e8e8", "#141414", "#3a3a3a"

#: Entry of a file that would hold the time at which it was written; PNG names the program.
_DATED = {"pdf": "CreationDate", "svg": "Date"}

#: Marks of lines and points, told apart where colours are alike.
MARKERS = "osD^vP*Xp<"

#: Colour scales: kept pixels, scores from zero up, signed attributions.
MASK_COLOURS, SCORE_COLOURS, SIGNED_COLOURS = "gray", "viridis", "PuOr"


def use_style(*, dark: bool = False) -> None:
    """Set the look of every figure: colour-blind safe, readable at one column.

    Parameters
    ----------
    dark : bool
        Whether the figure is for a dark page.
    """
    plt.style.use(_STYLE)
    if dark:
        plt.rcParams.update({"text.color": _LIGHT, "axes.labelcolor": _LIGHT})
        plt.rcParams.update({"xtick.color": _LIGHT, "ytick.color": _LIGHT})
        plt.rcParams.update({"figure.facecolor": _DARK, "axes.facecolor": _DARK})
        plt.rcParams.update({"grid.color": _DIM, "axes.edgecolor": _DIM})
    plt.rcParams.update({"figure.dpi": 150, "savefig.dpi": 200, "pdf.fonttype": 42})


def image_grid(
    rows: int, titles: Sequence[str], *, width: float = TWO_COLUMNS, lines: int = 1
) -> tuple[Figure, np.ndarray]:
    """Make a grid of square axes without ticks, one title a column, room for lines below each.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : numpy.ndarray of Axes, shape (rows, len(titles))

    Raises
    ------
    SmugError
        Without a row there is nothing to draw.
    """
    if rows < 1:
        raise SmugError(
            "nothing to draw: no input has what the figure shows; the statuses in the records "
            "of the figure's inputs say why"
        )
    use_style()
    cell = width / len(titles)
    figure, axes = plt.subplots(
        rows,
        len(titles),
        figsize=(width, (cell * 1.12 + LINE * (lines - 1)) * rows + 0.25),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.grid(visible=False)
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title)
    return figure, axes


def show_image(axis: Axes, image: np.ndarray) -> None:
    """Show a photograph or a grey digit (uint8), ink dark on white."""
    grey = image.ndim == 2
    axis.imshow(image, cmap="gray_r" if grey else None, vmin=0, vmax=255, interpolation="nearest")


def show_mask(axis: Axes, mask: np.ndarray) -> None:
    """Show a boolean mask; kept pixels are dark."""
    axis.imshow(~mask, cmap=MASK_COLOURS, vmin=0, vmax=1, interpolation="nearest")


def show_scores(axis: Axes, scores: np.ndarray) -> None:
    """Show non-negative scores, each map on its own scale from zero to its largest value."""
    axis.imshow(scores, cmap=SCORE_COLOURS, vmin=0, vmax=scores.max() or 1, interpolation="nearest")


def show_box(axis: Axes, box: np.ndarray) -> None:
    """Draw a box ``x1, y1, x2, y2`` in pixels; NaN draws nothing."""
    if not np.isfinite(box).all():
        return
    x1, y1, x2, y2 = np.asarray(box, float) - 0.5
    for width, colour in ((2.2, "black"), (1.1, "yellow")):
        axis.add_patch(
            Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, linewidth=width, edgecolor=colour)
        )


def short(name: str, most: int = 18) -> str:
    """Shorten a class name to its first word group, at most so many letters, as it is drawn."""
    name = name.split(",")[0]
    name = name if len(name) <= most else f"{name[: most - 1]}…"
    # No font has half a character or a control, and a dollar would begin mathematics.
    return "".join(sign if sign.isprintable() else "?" for sign in name).replace("$", r"\$")


def save_figure(figure: Figure, *paths: Path) -> None:
    """Write a figure to each path in the format its ending names, without dates inside."""
    for path in paths:
        kind = Path(path).suffix.removeprefix(".").lower()
        metadata = {_DATED.get(kind, "Software"): None}
        with atomic(path) as temporary:
            figure.savefig(temporary, format=kind, metadata=metadata)
    plt.close(figure)


def save_table(
    table: pd.DataFrame,
    csv: Path,
    tex: Path,
    *,
    caption: str,
    digits: int = 3,
    printed: pd.DataFrame | None = None,
) -> None:
    """Write a table as CSV, every digit, and as LaTeX, rounded and captioned.

    LaTeX gets ``printed`` where the table is too wide for a page.
    """
    with atomic(csv) as temporary:
        table.to_csv(temporary, index=False)
    styled = (
        (table if printed is None else printed)
        .rename(columns=lambda name: name.replace("_", " ").replace("%", r"\%"))
        .style.format(precision=digits, escape="latex", na_rep="--")
        .hide(axis="index")
    )
    with atomic(tex) as temporary:
        temporary.write_text(
            styled.to_latex(hrules=True, caption=caption.replace("%", r"\%"), position="htbp"),
            "utf-8",
        )
