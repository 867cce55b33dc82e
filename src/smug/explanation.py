"""What an explanation is: maps with everything said about them; to plot, save and load."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smug.errors import SmugError
from smug.io import load_arrays, load_json, save_arrays, save_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Attribution:
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
        from smug.figures.explanation import explanation_figure

        return explanation_figure(self, max_rows)

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
    def load(cls, path: str | Path) -> Attribution:
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
