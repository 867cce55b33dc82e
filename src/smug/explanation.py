"""Explanations: maps with everything said about them, to plot, save and load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smug.errors import SmugError
from smug.io import check_new, load_arrays, load_json, plain, save_arrays, save_json, sha256

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: First word of a record, by which a file is known.
_FORMAT = "smug explanation"
#: Arrays that every explanation has.
_ARRAYS = ("values", "inputs", "target", "score")


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
        All settings of the method, those left at their defaults too, as JSON holds them.
    class_names : tuple of str, optional
        Name of each class, in the order of the model's outputs.
    record : dict
        Where the explanation comes from, as JSON holds it: ``model`` (name, class, parameters,
        hash of the weights), ``first_layer`` (where the method has one), ``attributed_to`` (layer
        whose output the values belong to, else ``input``), ``input`` (hash, and what the caller
        knows of its file), ``versions``, ``python``, ``commit``, ``made``.
    """

    method: str
    values: np.ndarray
    inputs: np.ndarray
    target: np.ndarray
    score: np.ndarray
    mask: np.ndarray | None = None
    solver: dict[str, np.ndarray] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    class_names: tuple[str, ...] | None = None
    record: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.values)

    def saliency(self) -> np.ndarray:
        """Scores per pixel or word, magnitudes summed over channels, ``(batch, *spatial)``."""
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

    def class_name(self, i: int) -> str:
        """Name of the class explained of input ``i``; ``class 7`` where no name is known."""
        target = int(self.target[i])
        if self.class_names is None or target >= len(self.class_names):
            return f"class {target}"
        return self.class_names[target]

    def save(self, path: str | Path, *, overwrite: bool = False) -> tuple[Path, Path]:
        """Write the arrays to ``path`` (``.npz``) and all the rest beside it (``.json``).

        The ``.json`` names, too, what a reader wants to see without opening arrays: class, score,
        kept share and what the solver says of each input.

        Parameters
        ----------
        path : str or path
            With or without one of the two endings; another ending is part of the name, so
            ``gamma_0.1`` becomes ``gamma_0.1.npz``.
        overwrite : bool
            Whether existing files may be replaced.

        Returns
        -------
        tuple of pathlib.Path
            The two files.

        Raises
        ------
        SmugError
            A file exists, or cannot be written.
        """
        arrays, about = explanation_files(path)
        check_new([arrays, about], overwrite=overwrite, how="overwrite=True replaces it")
        save_arrays(arrays, self._arrays())
        content = {
            "format": _FORMAT,
            "method": self.method,
            "settings": self.settings,
            "explained": [self._said_of(i) for i in range(len(self))],
            **self.record,
            "arrays_sha256": sha256(arrays),
        }
        save_json(about, content)
        return arrays, about

    def _arrays(self) -> dict[str, np.ndarray]:
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        arrays |= {f"solver.{name}": value for name, value in self.solver.items()}
        if self.mask is not None:
            arrays["mask"] = self.mask
        if self.class_names is not None:
            arrays["class_names"] = np.array(self.class_names, np.str_)
        return arrays

    def _said_of(self, i: int) -> dict[str, Any]:
        said = {
            "target": int(self.target[i]),
            "class": self.class_name(i),
            "score": float(self.score[i]),
        }
        if self.mask is not None:
            said["kept"] = float(self.mask[i].mean())
        return plain(said | {name: value[i] for name, value in self.solver.items()})

    @classmethod
    def load(cls, path: str | Path) -> Explanation:
        """Read what :meth:`save` wrote.

        Raises
        ------
        SmugError
            Missing, damaged or foreign file, or two files that were not written together.
        """
        npz, about = explanation_files(path)
        for file in (npz, about):
            if not file.is_file():
                raise SmugError(
                    f"no file {file}; Explanation.save writes {npz.name} and {about.name}"
                )
        content = load_json(about)
        if not isinstance(content, dict) or content.get("format") != _FORMAT:
            raise SmugError(
                f"{about} is no record of a saved explanation; name one of its two files"
            )
        arrays = load_arrays(npz)
        solver = {name: value for name, value in arrays.items() if name.startswith("solver.")}
        sizes = {len(arrays[n]) for n in (*_ARRAYS, *solver) if n in arrays and arrays[n].ndim}
        if not arrays.keys() >= set(_ARRAYS) or len(sizes) != 1:
            raise SmugError(f"{npz} holds no saved explanation; name one of its two files")
        if content.pop("arrays_sha256", None) != sha256(npz):
            raise SmugError(
                f"{npz} and {about} were not written together; save the explanation again"
            )
        names = arrays.get("class_names")
        return cls(
            method=content.pop("method"),
            **{name: arrays[name] for name in _ARRAYS},
            mask=arrays.get("mask"),
            solver={name.removeprefix("solver."): value for name, value in solver.items()},
            settings=content.pop("settings"),
            class_names=None if names is None else tuple(names.tolist()),
            record={k: v for k, v in content.items() if k not in ("format", "explained")},
        )


def explanation_files(path: str | Path) -> tuple[Path, Path]:
    """Files of a saved explanation by the name of either, or by the name that they share.

    Raises
    ------
    SmugError
        The path names no file.
    """
    path = Path(path)
    if not path.name:
        raise SmugError(f"{str(path)!r} names no file; for example explanation.npz")
    name = path.stem if path.suffix.lower() in (".npz", ".json") else path.name
    return path.with_name(f"{name}.npz"), path.with_name(f"{name}.json")


def _figure(explanation: Explanation, max_rows: int) -> Figure:
    """Draw input, mask (if any) and saliency, one row per input."""
    # Drawing loads matplotlib, which whoever only computes does without.
    from smug.drawing import image_grid, short, show_mask

    inputs = explanation.inputs
    _check_images(inputs)
    mask = explanation.mask
    rows = min(len(explanation), max_rows)
    titles = ["input", *(["mask"] if mask is not None else []), explanation.method]
    figure, axes = image_grid(rows, titles, width=2.2 * len(titles))
    for i, row in enumerate(axes):
        _show_input(row[0], inputs[i])
        row[0].set_xlabel(f"{short(explanation.class_name(i))}: {explanation.score[i]:.2f}")
        if mask is not None:
            show_mask(row[1], mask[i])
            row[1].set_xlabel(f"{mask[i].mean():.1%} kept")
        _show_values(row[-1], explanation.values[i], explanation.saliency()[i])
    return figure


def side_by_side(explanations: Sequence[Explanation], *, max_rows: int = 8) -> Figure:
    """Draw explanations of the same inputs by several methods: input, then a map for each.

    Parameters
    ----------
    explanations : sequence of Explanation
        At least one, all of the same inputs.
    max_rows : int
        Inputs shown at most.

    Raises
    ------
    SmugError
        The inputs are not images, or differ.
    """
    from smug.drawing import image_grid, short

    first = explanations[0]
    if any(not np.array_equal(one.inputs, first.inputs) for one in explanations):
        raise SmugError("the explanations have different inputs; give those of the same inputs")
    _check_images(first.inputs)
    rows = min(len(first), max_rows)
    titles = ["input", *(one.method for one in explanations)]
    figure, axes = image_grid(rows, titles, width=2.2 * len(titles))
    for i, row in enumerate(axes):
        _show_input(row[0], first.inputs[i])
        row[0].set_xlabel(f"{short(first.class_name(i))}: {first.score[i]:.2f}")
        for axis, one in zip(row[1:], explanations, strict=True):
            _show_values(axis, one.values[i], one.saliency()[i])
    return figure


def _check_images(inputs: np.ndarray) -> None:
    if not (inputs.ndim == 3 or (inputs.ndim == 4 and inputs.shape[-1] in (1, 3))):
        raise SmugError(
            f"inputs of shape {inputs.shape[1:]} are no images (height, width[, 1 or 3]); "
            "plot .values yourself"
        )


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
