"""Pictures of explanations that show where: images, volumes, time series, tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter

from smug.drawing import LINE, ONE_COLUMN, TWO_COLUMNS, short, show_box, use_style
from smug.errors import SmugError
from smug.masks.saliency import smallest_box

#: Colours of a heat map, of kept spans and features, of values against the class.
_HEAT, _KEPT, _AGAINST = "plasma", "#0173b2", "#de8f05"
#: Dots per inch: a panel of one column then shows every pixel of a photograph.
_DPI = 300
#: Panels side by side at most, slices of a volume, features of a table, and channels of a series
#: with a legend.
_PANELS, _SLICES, _FEATURES, _CHANNELS = 5, 3, 20, 4
#: Length of a mask's outline, as a share of its pixels, up to which it is drawn: that of speckle
#: would hide what it is around.
_OUTLINE = 0.08
#: Share of a map's sum that the box drawn on it holds.
BOX_SHARE = 0.5


@dataclass(frozen=True)
class Shown:
    """One method's explanation of one input.

    Parameters
    ----------
    inputs : numpy.ndarray
        Shape (height, width[, channels]), (depth, height, width[, channels]), (steps, channels) or
        (features,).
    title : str
        Class and score.
    method : str
    scores : numpy.ndarray
        Of every position, without channels; signed where the sign says for or against.
    mask : numpy.ndarray of bool, same shape, optional
        Kept positions.
    """

    inputs: np.ndarray
    title: str
    method: str
    scores: np.ndarray
    mask: np.ndarray | None = None


def draw(rows: Sequence[Sequence[Shown]], *, smooth: float | None, dark: bool) -> Figure:
    """Draw explanations, one row an input, the methods of a row side by side.

    Parameters
    ----------
    rows : sequence of sequences of Shown
        At least one of each; all inputs of one kind.
    smooth : float, optional
        Standard deviation in pixels by which scores of images are smoothed, so that scattered
        pixels read as regions; by default a fiftieth of the longer side.
    dark : bool
        Whether the figure is for a dark page.

    Raises
    ------
    SmugError
        The inputs are of a kind that cannot be drawn.
    """
    first = rows[0][0]
    kind = (first.scores.ndim, first.inputs.ndim)
    use_style(dark=dark)
    plt.rcParams.update({"savefig.dpi": _DPI})
    if kind in ((2, 2), (2, 3)):
        return _images(rows, smooth)
    if kind in ((3, 3), (3, 4)):
        return _images([part for row in rows for part in _slices(row)], smooth)
    if kind in ((1, 1), (1, 2)):
        return _lines(rows, _series if kind == (1, 2) else _features)
    raise SmugError(
        f"inputs of shape {first.inputs.shape} with scores of shape {first.scores.shape} are no "
        "image, volume, time series or table; plot .values yourself"
    )


def as_picture(image: np.ndarray) -> np.ndarray:
    """Image in the model's own values as RGB from 0 to 1, stretched to its range.

    Parameters
    ----------
    image : numpy.ndarray, shape (height, width[, channels])
        Three channels are red, green and blue; of another number, their mean is shown in grey.
    """
    image = np.asarray(image, float)
    if image.ndim == 2 or image.shape[-1] != 3:
        grey = image if image.ndim == 2 else image.mean(axis=-1)
        image = np.repeat(grey[..., np.newaxis], 3, axis=-1)
    low, high = image.min(), image.max()
    return (image - low) / ((high - low) or 1)


def kept_pixels(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Picture whose removed pixels are pale grey, shape (height, width, 3)."""
    pale = 0.7 + 0.25 * picture.mean(axis=-1, keepdims=True)
    return np.where(mask[..., np.newaxis], picture, np.repeat(pale, 3, axis=-1))


def outline(axis: Axes, mask: np.ndarray) -> None:
    """Draw a line around the kept pixels: pale ones look like those that are greyed."""
    edges = [np.argwhere(np.diff(mask, axis=a)) for a in (0, 1)]
    if sum(map(len, edges)) > _OUTLINE * mask.size:
        return
    (row, column), (row_2, column_2) = (edge.T for edge in edges)
    across = np.stack([column - 0.5, row + 0.5, column + 0.5, row + 0.5], axis=1)
    down = np.stack([column_2 + 0.5, row_2 - 0.5, column_2 + 0.5, row_2 + 0.5], axis=1)
    lines = np.concatenate([across, down]).reshape(-1, 2, 2)
    axis.add_collection(LineCollection(list(lines), colors=_KEPT, linewidths=0.7))


def smoothed(scores: np.ndarray, smooth: float | None) -> np.ndarray:
    """Magnitudes of scores, smoothed as :func:`draw` says."""
    width = max(scores.shape) / 50 if smooth is None else smooth
    return gaussian_filter(np.abs(np.asarray(scores, float)), width)


def heat_on(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Heat map laid on the picture in grey; where there is no heat, the picture alone is seen."""
    level = heat / (heat.max() or 1)
    grey = np.repeat(0.25 + 0.6 * picture.mean(axis=-1, keepdims=True), 3, axis=-1)
    share = 0.85 * np.sqrt(level)[..., np.newaxis]
    return (1 - share) * grey + share * plt.get_cmap(_HEAT)(level)[..., :3]


def _images(rows: Sequence[Sequence[Shown]], smooth: float | None) -> Figure:
    panels = [_panels(row, smooth) for row in rows]
    across = min(max(map(len, panels)), _PANELS)
    lines = [row[k : k + across] for row in panels for k in range(0, len(row), across)]
    width = ONE_COLUMN if across <= 3 else TWO_COLUMNS
    height, breadth = rows[0][0].inputs.shape[:2]
    cell = width / across * height / breadth + 4 * LINE
    figure, axes = plt.subplots(
        len(lines), across, figsize=(width, cell * len(lines)), squeeze=False, layout="constrained"
    )
    for axis in axes.flat:
        axis.set_axis_off()
    for line, row in zip(lines, axes, strict=True):
        for show, axis in zip(line, row, strict=False):
            axis.set_axis_on()
            axis.set(xticks=[], yticks=[])
            axis.grid(visible=False)
            show(axis)
    return figure


def _slices(row: Sequence[Shown]) -> list[list[Shown]]:
    """Slices of a volume across its first axis that the methods keep most of, as images.

    A method without a mask counts by its scores.
    """
    depth = len(row[0].inputs)
    weight = np.zeros(depth)
    for one in row:
        counted = np.abs(one.scores) if one.mask is None else one.mask
        weight += counted.reshape(depth, -1).sum(axis=1) / (counted.sum() or 1)
    # The first of equals, so that the choice does not hang on rounding's order.
    chosen = sorted(np.argsort(-weight, kind="stable")[:_SLICES].tolist())
    return [
        [
            replace(
                one,
                inputs=one.inputs[k],
                title=f"{one.title}\nslice {k + 1} of {depth}",
                scores=one.scores[k],
                mask=None if one.mask is None else one.mask[k],
            )
            for one in row
        ]
        for k in chosen
    ]


def _panels(row: Sequence[Shown], smooth: float | None) -> list[Callable[[Axes], None]]:
    """Functions that draw the panels of one input."""
    picture = as_picture(row[0].inputs)

    def show_input(axis: Axes) -> None:
        axis.imshow(picture)
        axis.set_title("input")
        axis.set_xlabel(row[0].title.replace(": ", "\n"))

    def show_kept(axis: Axes, one: Shown, mask: np.ndarray) -> None:
        axis.imshow(kept_pixels(picture, mask))
        outline(axis, mask)
        axis.set_title("kept" if len(row) == 1 else f"{_name(one.method)}: kept")
        axis.set_xlabel(f"{mask.mean():.1%}\nof the pixels" if mask.any() else "nothing")

    def show_heat(axis: Axes, one: Shown) -> None:
        heat = smoothed(one.scores, smooth)
        axis.imshow(heat_on(picture, heat))
        axis.set_title(_name(one.method))
        if heat.any():
            show_box(axis, np.asarray(smallest_box(heat, BOX_SHARE), float))
            axis.set_xlabel(f"box: {BOX_SHARE:.0%}\nof the scores")
        else:
            axis.set_xlabel("no scores")

    panels: list[Callable[[Axes], None]] = [show_input]
    for one in row:
        if one.mask is not None:
            panels.append(partial(show_kept, one=one, mask=one.mask))
        panels.append(partial(show_heat, one=one))
    return panels


def _name(method: str) -> str:
    """Method as a panel's title, long names on two lines."""
    words = method.split("_")
    return " ".join(words) if len(method) <= 14 else "\n".join((words[0], " ".join(words[1:])))


def _in_line(method: str) -> str:
    return method.replace("_", " ")


def _lines(
    rows: Sequence[Sequence[Shown]], show: Callable[[Figure, Shown, int, int], None]
) -> Figure:
    shown = [one for row in rows for one in row]
    tall = 1.9 if show is _series else 0.9 + 0.19 * min(len(shown[0].scores), _FEATURES)
    figure = plt.figure(figsize=(ONE_COLUMN, tall * len(shown)), layout="constrained")
    for k, one in enumerate(shown):
        show(figure, one, len(shown), k)
    return figure


def _series(figure: Figure, one: Shown, count: int, k: int) -> None:
    """Curves of the channels with the kept spans shaded, and a bar for the score of each step."""
    grid = figure.add_gridspec(2 * count, 1, height_ratios=[3, 1] * count)
    above = figure.add_subplot(grid[2 * k])
    below = figure.add_subplot(grid[2 * k + 1], sharex=above)
    above.tick_params(labelbottom=False)
    steps = np.arange(len(one.inputs))
    channels = one.inputs.shape[1]
    labels = [f"channel {c}" for c in range(channels)] if 1 < channels <= _CHANNELS else None
    above.plot(steps, one.inputs, linewidth=1, label=labels)
    if labels:
        above.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, handlelength=1)
    for start, stop in spans(one.mask) if one.mask is not None else []:
        above.axvspan(start - 0.5, stop - 0.5, color=_KEPT, alpha=0.3, linewidth=0)
    above.set_title(f"{one.title} ({_in_line(one.method)})")
    kept = "" if one.mask is None else f", shaded: {one.mask.sum()} of {len(steps)} kept"
    below.bar(steps, one.scores, width=1, color=_signs(one.scores), linewidth=0)
    below.set(xlabel=f"step{kept}", ylabel="score", xlim=(-0.5, len(steps) - 0.5))


def _features(figure: Figure, one: Shown, count: int, k: int) -> None:
    """Bar of each feature's score, the largest first; what the mask leaves out is pale."""
    axis = figure.add_subplot(count, 1, k + 1)
    order = np.argsort(-np.abs(one.scores), kind="stable")[:_FEATURES]
    kept = np.ones(len(one.scores), bool) if one.mask is None else one.mask
    places = np.arange(len(order))
    bars = axis.barh(places, one.scores[order], color=_signs(one.scores[order]), linewidth=0)
    axis.set_yticks(places, [f"{j} = {one.inputs[j]:.3g}" for j in order])
    for bar, label, feature in zip(bars, axis.get_yticklabels(), order, strict=True):
        for part in (bar, label):
            part.set_alpha(1.0 if kept[feature] else 0.35)
    axis.invert_yaxis()
    left = "" if one.mask is None else f", {one.mask.sum()} of {len(kept)} kept (pale: left out)"
    axis.set(title=f"{one.title} ({_in_line(one.method)})", xlabel=f"score{left}", ylabel="feature")
    axis.grid(visible=False, axis="y")


def _signs(scores: np.ndarray) -> list[str]:
    return [_KEPT if score >= 0 else _AGAINST for score in scores]


def spans(mask: np.ndarray) -> list[tuple[int, int]]:
    """First step of each run of kept steps, and the step behind it."""
    edges = np.flatnonzero(np.diff(np.r_[False, mask, False].astype(int)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def title(name: str, score: float) -> str:
    """Class and score below an input."""
    return f"{short(name, 16)}: {score:.2f}"
