"""Explanations: maps with everything said about them, to plot, save and load."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smug.errors import SmugError
from smug.io import load_arrays, load_json, save_arrays, save_json

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Explanation:
    """Explanations of a batch of inputs by one method; raw values, nothing normalised.

    Parameters
    ----------
    method : str
        Name of the method.
    values : numpy.ndarray, shape (batch, ...)
        Signed attributions shaped like the inputs (gradients), or scores per pixel or word.
    inputs : numpy.ndarray, shape (batch, ...)
        The inputs explained, as the model gets them.
    target : numpy.ndarray of int64, shape (batch,)
        The class explained of each.
    score : numpy.ndarray of float32, shape (batch,)
        The model's output for that class.
    mask : numpy.ndarray of bool, shape (batch, *spatial), optional
        Kept pixels or words, for methods that have a mask; all False where none was found.
    solver : dict of str to numpy.ndarray, optional
        ``status``, ``objective`` (mask windows), ``bound`` and ``seconds``, shape (batch,).
    settings : dict
        The settings the method was called with.
    """

    method: str
    values: np.ndarray
    inputs: np.ndarray
    target: np.ndarray
    score: np.ndarray
    mask: np.ndarray | None = None
    solver: dict[str, np.ndarray] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.values)

    def saliency(self) -> np.ndarray:
        """Scores per pixel or word, magnitudes summed over channels; shape (batch, *spatial)."""
        spatial = min(self.inputs.ndim - 1, 2)
        extra = tuple(range(1 + spatial, self.values.ndim))
        return np.abs(self.values).sum(axis=extra) if extra else np.abs(self.values)

    def plot(self, *, max_rows: int = 8) -> Figure:
        """Draw input, mask (if any) and saliency, one row per input, as a figure.

        Raises
        ------
        SmugError
            The inputs are not images.
        """
        return _figure(self, max_rows)

    def save(self, path: str | Path) -> tuple[Path, Path]:
        """Write the arrays to ``path`` (``.npz``) and the rest beside it (``.json``)."""
        arrays = {"values": self.values, "inputs": self.inputs}
        arrays |= {"target": self.target, "score": self.score}
        arrays |= {f"solver.{name}": value for name, value in self.solver.items()}
        if self.mask is not None:
            arrays["mask"] = self.mask
        path = Path(path).with_suffix(".npz")
        save_arrays(path, arrays)
        save_json(path.with_suffix(".json"), {"method": self.method, "settings": self.settings})
        return path, path.with_suffix(".json")

    @classmethod
    def load(cls, path: str | Path) -> Explanation:
        """Read what :meth:`save` wrote.

        Raises
        ------
        SmugError
            Missing, damaged or foreign file.
        """
        path = Path(path).with_suffix(".npz")
        arrays, about = load_arrays(path), load_json(path.with_suffix(".json"))
        missing = [n for n in ("values", "inputs", "target", "score") if n not in arrays]
        if missing or not {"method", "settings"} <= about.keys():
            raise SmugError(f"{path} and its .json hold no saved explanation")
        solver = {
            name.removeprefix("solver."): value
            for name, value in arrays.items()
            if name.startswith("solver.")
        }
        return cls(
            about["method"],
            arrays["values"],
            arrays["inputs"],
            arrays["target"],
            arrays["score"],
            arrays.get("mask"),
            solver,
            about["settings"],
        )


def _figure(explanation: Explanation, max_rows: int) -> Figure:
    """Draw input, mask (if any) and saliency, one row per input."""
    # Drawing loads matplotlib, which whoever only computes does without.
    from smug.drawing import image_grid, show_mask

    inputs = explanation.inputs
    if not (inputs.ndim == 3 or (inputs.ndim == 4 and inputs.shape[-1] in (1, 3))):
        raise SmugError(
            f"inputs of shape {inputs.shape[1:]} are no images (height, width[, 1 or 3]); "
            "plot .values yourself"
        )
    mask = explanation.mask
    rows = min(len(explanation), max_rows)
    titles = ["input", *(["mask"] if mask is not None else []), explanation.method]
    figure, axes = image_grid(rows, titles, width=2.2 * len(titles))
    for i, row in enumerate(axes):
        _show_input(row[0], inputs[i])
        row[0].set_xlabel(f"class {explanation.target[i]}: {explanation.score[i]:.2f}")
        if mask is not None:
            show_mask(row[1], mask[i])
            row[1].set_xlabel(f"{mask[i].mean():.1%} kept")
        _show_values(row[-1], explanation.values[i], explanation.saliency()[i])
    return figure


def _show_input(axis: Axes, image: np.ndarray) -> None:
    """Show an input in the model's own values, stretched to its own range for display."""
    image = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    low, high = float(image.min()), float(image.max())
    shown = (image - low) / ((high - low) or 1)
    axis.imshow(shown, cmap="gray" if shown.ndim == 2 else None, vmin=0, vmax=1)


def _show_values(axis: Axes, values: np.ndarray, saliency: np.ndarray) -> None:
    """Signed maps per pixel on a diverging scale, all others by magnitude."""
    from smug.drawing import SIGNED_COLOURS, show_scores

    if values.ndim == 2 and (values < 0).any():
        limit = np.abs(values).max()
        axis.imshow(values, cmap=SIGNED_COLOURS, vmin=-limit, vmax=limit)
    else:
        show_scores(axis, saliency)
