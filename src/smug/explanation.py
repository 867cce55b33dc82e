"""Explanations: maps with everything said about them, to plot, save and load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smug.errors import SmugError
from smug.io import check_new, load_arrays, load_json, plain, save_arrays, save_json, sha256
from smug.masks.robust.counterexamples import Counterexamples

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from smug.drawing.explained import Shown

#: First word of a record, by which a file is known.
_FORMAT = "smug explanation"
#: Arrays that every explanation has.
_ARRAYS = ("values", "inputs", "target", "score")
#: First words of the arrays of its parts.
_SOLVER, _COUNTEREXAMPLES = "solver.", "counterexamples."


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
        whose output the values belong to, else ``input``), ``position_axes``, ``input`` (hash,
        and what the caller knows of its file), ``versions``, ``python``, ``commit``, ``made``;
        where there was a choice, ``explain``, ``held`` (shape and hash of each other input),
        ``output`` and ``reduce``.
    counterexamples : Counterexamples, optional
        Of ``method="robust"``: for each feature of a set, an input that loses the class once this
        feature moves too (:class:`~smug.masks.robust.counterexamples.Counterexamples`).
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
    counterexamples: Counterexamples | None = None

    def __len__(self) -> int:
        return len(self.values)

    def saliency(self) -> np.ndarray:
        """Scores per pixel or word, magnitudes summed over channels, ``(batch, *positions)``."""
        summed = self._summed()
        return np.abs(self.values).sum(axis=summed) if summed else np.abs(self.values)

    def _summed(self) -> tuple[int, ...]:
        """Axes of the values that are no positions: channels, or the numbers of an embedding."""
        if self.values.shape == self.inputs.shape:
            return tuple(a for a in range(1, self.values.ndim) if a not in self.position_axes)
        return tuple(range(1 + len(self.position_axes), self.values.ndim))

    @property
    def position_axes(self) -> tuple[int, ...]:
        """Axes of the inputs that hold positions (rows, columns, steps, words), not channels."""
        told = self.record.get("position_axes")
        return tuple(range(1, 1 + self._guessed_positions()) if told is None else told)

    def plot(self, *, max_rows: int = 8, smooth: float | None = None, dark: bool = False) -> Figure:
        """Draw where the evidence lies, one row per input.

        Images: the input with its class, the kept pixels with all others greyed (methods with a
        mask), and the smoothed scores as heat on the input, with the smallest box that holds half
        of them. Volumes: the same of the three slices across the first axis with most kept voxels
        (or scores). Time series: the curves with kept spans, and the score of each step. Tables:
        a bar for the score of each feature. The arrays themselves are not changed.

        Parameters
        ----------
        max_rows : int
            Inputs shown at most.
        smooth : float, optional
            Standard deviation in pixels by which the scores of images are smoothed; by default a
            fiftieth of the longer side, 0 for none.
        dark : bool
            Whether the figure is for a dark page.

        Raises
        ------
        SmugError
            The inputs are no images, volumes, time series or tables.
        """
        return side_by_side([self], max_rows=max_rows, smooth=smooth, dark=dark)

    def shown(self, i: int) -> Shown:
        """Input ``i`` as :func:`smug.drawing.explained.draw` takes it."""
        from smug.drawing.explained import Shown, title

        # A sign says for or against as long as nothing is summed over it.
        scores = self.saliency()[i] if self._summed() else self.values[i]
        mask = None if self.mask is None else self.mask[i]
        channels = [a - 1 for a in range(1, self.inputs.ndim) if a not in self.position_axes]
        inputs = np.moveaxis(self.inputs[i], channels, range(-len(channels), 0))
        return Shown(
            inputs, title(self.class_name(i), float(self.score[i])), self.method, scores, mask
        )

    def _guessed_positions(self) -> int:
        """Axes of positions of an input, for explanations that do not say (of version 0.1)."""
        if self.mask is not None:
            return self.mask.ndim - 1
        axes = self.inputs.ndim - 1
        if axes != 2:
            return 1 if axes == 1 else min(axes, 2)
        # Few channels beside many steps are a series; an image has two long sides.
        steps, channels = self.inputs.shape[1:]
        return 1 if self.values.ndim == 2 or channels < min(steps, 8) else 2

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
        arrays |= {f"{_SOLVER}{name}": value for name, value in self.solver.items()}
        if self.counterexamples is not None:
            found = vars(self.counterexamples)
            arrays |= {f"{_COUNTEREXAMPLES}{name}": value for name, value in found.items()}
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
        solver = _part(arrays, _SOLVER)
        batched = [arrays[name] for name in _ARRAYS if name in arrays] + list(solver.values())
        sizes = {len(array) for array in batched if array.ndim}
        if not arrays.keys() >= set(_ARRAYS) or len(sizes) != 1:
            raise SmugError(f"{npz} holds no saved explanation; name one of its two files")
        if content.pop("arrays_sha256", None) != sha256(npz):
            raise SmugError(
                f"{npz} and {about} were not written together; save the explanation again"
            )
        names, found = arrays.get("class_names"), _part(arrays, _COUNTEREXAMPLES)
        return cls(
            method=content.pop("method"),
            **{name: arrays[name] for name in _ARRAYS},
            mask=arrays.get("mask"),
            solver=solver,
            settings=content.pop("settings"),
            class_names=None if names is None else tuple(names.tolist()),
            record={k: v for k, v in content.items() if k not in ("format", "explained")},
            counterexamples=Counterexamples(**found) if found else None,
        )


def joined(parts: Sequence[Explanation]) -> Explanation:
    """Explanation of all inputs, in order, from one or more explanations by the same method."""
    first = parts[0]
    rows: dict[str, Any] = {
        name: np.concatenate([getattr(one, name) for one in parts]) for name in _ARRAYS
    }
    starts = np.cumsum([0, *(len(one) for one in parts)])
    found = [
        vars(one.counterexamples) | {"explained": one.counterexamples.explained + start}
        for one, start in zip(parts, starts, strict=False)
        if one.counterexamples is not None
    ]
    return replace(
        first,
        **rows,
        mask=None if first.mask is None else np.concatenate([one.mask for one in parts]),
        solver={name: np.concatenate([one.solver[name] for one in parts]) for name in first.solver},
        counterexamples=Counterexamples(
            **{name: np.concatenate([one[name] for one in found]) for name in found[0]}
        )
        if found
        else None,
    )


def _part(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The arrays of one part by their own names."""
    return {
        name.removeprefix(prefix): value
        for name, value in arrays.items()
        if name.startswith(prefix)
    }


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


def side_by_side(
    explanations: Sequence[Explanation],
    *,
    max_rows: int = 8,
    smooth: float | None = None,
    dark: bool = False,
) -> Figure:
    """Draw explanations of the same inputs by several methods in one figure.

    Parameters
    ----------
    explanations : sequence of Explanation
        At least one, all of the same inputs.
    max_rows, smooth, dark
        As for :meth:`Explanation.plot`.

    Raises
    ------
    SmugError
        None, or of different inputs, or inputs that cannot be drawn.
    """
    from smug.drawing.explained import draw

    if not explanations:
        raise SmugError("no explanation to draw; give at least one")
    first = explanations[0]
    if any(not np.array_equal(one.inputs, first.inputs) for one in explanations):
        raise SmugError("the explanations have different inputs; give those of the same inputs")
    count = min(len(first), max_rows)
    rows = [[one.shown(i) for one in explanations] for i in range(count)]
    return draw(rows, smooth=smooth, dark=dark)
