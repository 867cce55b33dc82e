"""Files that jobs hand to each other: a shard of attributed inputs, of masks, maps or sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from smug.errors import SmugError
from smug.io import load_arrays, reading, save_arrays
from smug.limits import check_name
from smug.masks.linear import LinearMap, random_values
from smug.masks.origin import Origin
from smug.masks.problem import relative_gap

#: Status of an input whose mask problem could not be set up; its message says why.
FAILED = "failed"
_ORIGIN = "layer.origin."


@dataclass(frozen=True)
class AttributedShard:
    """Inputs of one shard with everything a mask problem needs; row i is one input.

    Parameters
    ----------
    ids : numpy.ndarray of str, shape (n,)
    images : numpy.ndarray of uint8, shape (n, ...)
        The inputs as a person sees them.
    labels, target : numpy.ndarray of int64, shape (n,)
        True class (-1: unknown), and the class explained: the predicted one.
    probability : numpy.ndarray of float32, shape (n, classes)
    inputs : numpy.ndarray of float32, shape (n, ...)
        What enters the first layer.
    attribution : numpy.ndarray of float32, shape (n, *layer.output_shape)
        Integrated Gradients of the first layer's activations; NaN where they failed.
    gradient, activation : numpy.ndarray of float32, shape (n, *layer.output_shape)
        Gradient of the class probability with respect to the first layer's activations, and
        those activations: other rankings of the nodes than Integrated Gradients.
    completeness_error : numpy.ndarray of float64, shape (n,)
        See :class:`smug.attribution.integrated_gradients.IGDetails`.
    seconds : numpy.ndarray of float64, shape (n,)
        Time that the attribution took.
    padding : numpy.ndarray of bool, shape (n, *layer.spatial)
        Positions that are never masked or counted.
    layer : LinearMap
    dense : tuple of (kernel, bias)
        All layers of a network of dense ReLU layers, for the encoding of whole networks; empty
        for any other network.
    generated : bool
        Whether a program made the inputs up; tables and figures have to say so.
    """

    ids: np.ndarray
    images: np.ndarray
    labels: np.ndarray
    target: np.ndarray
    probability: np.ndarray
    inputs: np.ndarray
    attribution: np.ndarray
    gradient: np.ndarray
    activation: np.ndarray
    completeness_error: np.ndarray
    seconds: np.ndarray
    padding: np.ndarray
    layer: LinearMap
    dense: tuple[tuple[np.ndarray, np.ndarray], ...] = ()
    generated: bool = False

    def node_values(self, i: int, ranking: str, seed: int) -> np.ndarray:
        """Value of every node of one input, by which the top ones are chosen and scored.

        Parameters
        ----------
        i : int
            Row of the input.
        ranking : {"integrated_gradients", "gradients", "activations", "random"}
            The paper's choice, and what it is compared with.
        seed : int
            Of the random values.
        """
        check_name("ranking", ranking, key="method.ranking")
        if ranking == "random":
            return random_values(self.layer, seed, i)
        of_ranking = {
            "integrated_gradients": self.attribution,
            "gradients": self.gradient,
            "activations": self.activation,
        }
        return of_ranking[ranking][i]

    def first(self, count: int) -> AttributedShard:
        """The first inputs, all if there are fewer."""
        return replace(self, **{name: getattr(self, name)[:count] for name in _ROWS})

    def save(self, path: str | Path) -> None:
        """Write as ``.npz``."""
        arrays = {name: getattr(self, name) for name in _ROWS}
        arrays["generated"] = np.bool_(self.generated)
        arrays |= {
            f"layer.{field.name}": getattr(self.layer, field.name)
            for field in fields(LinearMap)
            if field.name != "origin" and getattr(self.layer, field.name) is not None
        }
        if self.layer.origin is not None:
            parts = self.layer.origin.arrays()
            arrays |= {f"{_ORIGIN}{name}": value for name, value in parts.items()}
        for i, (kernel, bias) in enumerate(self.dense):
            arrays |= {f"dense.{i}.kernel": kernel, f"dense.{i}.bias": bias}
        save_arrays(path, arrays)

    @classmethod
    def load(cls, path: str | Path) -> AttributedShard:
        """Read what :meth:`save` wrote."""
        arrays = load_arrays(path)
        missing = [name for name in (*_ROWS, "generated") if name not in arrays]
        if missing:
            raise SmugError(f"{path} lacks the array {missing[0]!r}; run the stage attribute")
        with reading(path):
            layer = {
                name.removeprefix("layer."): _plain(value)
                for name, value in arrays.items()
                if name.startswith("layer.") and not name.startswith(_ORIGIN)
            }
            origin = {
                name.removeprefix(_ORIGIN): value
                for name, value in arrays.items()
                if name.startswith(_ORIGIN)
            }
            count = sum(name.startswith("dense.") for name in arrays) // 2
            return cls(
                **{name: arrays[name] for name in _ROWS},
                layer=LinearMap(**layer, origin=Origin.of_arrays(origin) if origin else None),
                dense=tuple(
                    (arrays[f"dense.{i}.kernel"], arrays[f"dense.{i}.bias"]) for i in range(count)
                ),
                generated=bool(arrays["generated"]),
            )


_ROWS = [f.name for f in fields(AttributedShard) if f.name not in ("layer", "dense", "generated")]


def _plain(value: np.ndarray) -> Any:
    """Give all of a LinearMap that is no array of floats back as the type that it is."""
    if value.dtype.kind in "Ub":
        return value.item()
    return tuple(value.tolist()) if value.dtype.kind == "i" else value


class ArraysShard:
    """A shard that holds arrays only, row i of each for one input: saved by their names."""

    def save(self, path: str | Path) -> None:
        """Write as ``.npz``."""
        save_arrays(path, vars(self))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what :meth:`save` wrote."""
        with reading(path):
            return cls(**load_arrays(path))


class BoundedShard(ArraysShard):
    """A shard of masks or sets, each with a proven bound on its size."""

    objective: np.ndarray
    bound: np.ndarray

    def gap(self) -> np.ndarray:
        """See :func:`~smug.masks.problem.relative_gap`, shape (n,)."""
        return relative_gap(self.objective, self.bound)

    def has_mask(self) -> np.ndarray:
        """True for rows that have a mask, bool, shape (n,)."""
        return np.isfinite(self.objective)


@dataclass(frozen=True)
class SolvedShard(BoundedShard):
    """Minimal masks of one shard; row i is one input.

    Parameters
    ----------
    ids : numpy.ndarray of str, shape (n,)
    masks : numpy.ndarray of bool, shape (n, *spatial)
        Kept pixels or words; all False without a mask (read the status first).
    nodes : numpy.ndarray of int64, shape (n, top_k)
        ``D^k``, -1 where fewer nodes have a positive attribution; no columns for whole networks.
    status : numpy.ndarray of str, shape (n,)
        See :class:`smug.masks.problem.Status`, or ``failed``.
    objective, bound : numpy.ndarray of float64, shape (n,)
        Windows in the mask, and the proven least number.
    rows, variables : numpy.ndarray of int64, shape (n,)
        Size of the mask problem.
    encode_seconds, solve_seconds : numpy.ndarray of float64, shape (n,)
    message : numpy.ndarray of str, shape (n,)
        Why an input failed, else empty.
    """

    ids: np.ndarray
    masks: np.ndarray
    nodes: np.ndarray
    status: np.ndarray
    objective: np.ndarray
    bound: np.ndarray
    rows: np.ndarray
    variables: np.ndarray
    encode_seconds: np.ndarray
    solve_seconds: np.ndarray
    message: np.ndarray

    def first(self, count: int) -> SolvedShard:
        """The first inputs, all if there are fewer."""
        return replace(self, **{name: value[:count] for name, value in vars(self).items()})

    def solver_columns(self, i: int) -> dict[str, str | float]:
        """Columns of the result table on the solver's work on one input."""
        return {
            "status": str(self.status[i]),
            "bound": self.bound[i],
            "gap": self.gap()[i],
            "encode_seconds": self.encode_seconds[i],
            "solve_seconds": self.solve_seconds[i],
        }

    def has_nodes(self) -> np.ndarray:
        """True for inputs with chosen nodes, and so a map of SMUG_base, bool, shape (n,)."""
        return self.nodes.max(axis=1, initial=-1) >= 0


@dataclass(frozen=True)
class SaliencyShard(ArraysShard):
    """Maps of one method for one shard; row i is one input.

    Parameters
    ----------
    ids : numpy.ndarray of str, shape (n,)
    target : numpy.ndarray of int64, shape (n,)
        The class explained.
    maps : numpy.ndarray of float32, shape (n, *spatial)
        Magnitudes, summed over channels (of words: see :func:`smug.methods.word_scores`); all
        zero where the method failed.
    masks : numpy.ndarray of bool, shape (n, *spatial)
        Kept positions; all False for a method that has no mask.
    seconds : numpy.ndarray of float64, shape (n,)
    message : numpy.ndarray of str, shape (n,)
        Why the method failed on an input, else empty.
    """

    ids: np.ndarray
    target: np.ndarray
    maps: np.ndarray
    masks: np.ndarray
    seconds: np.ndarray
    message: np.ndarray


@dataclass(frozen=True)
class RobustShard(BoundedShard):
    """Robust sets of one shard; row i is one input at one epsilon.

    Parameters
    ----------
    ids : numpy.ndarray of str, shape (n,)
    epsilon : numpy.ndarray of float64, shape (n,)
        How far pixels outside the set may move.
    window : numpy.ndarray of int64, shape (n,)
        Side in pixels of the windows that the set is made of.
    target : numpy.ndarray of int64, shape (n,)
        The class kept: the predicted one.
    masks : numpy.ndarray of bool, shape (n, *spatial)
        The sets; all False without one (read the status first).
    status : numpy.ndarray of str, shape (n,)
        See :class:`smug.masks.robust.search.RobustSet`, or ``failed``.
    objective, bound : numpy.ndarray of float64, shape (n,)
        Windows in the set, infinite without one, and the proven least number.
    minimal : numpy.ndarray of bool, shape (n,)
        Whether a counterexample stands against each window of the set.
    first_seconds, seconds : numpy.ndarray of float64, shape (n,)
        Wall time until the first such set, NaN if the time was over before, and in all.
    released : numpy.ndarray of bool, shape (n, *spatial)
        The window that moves, too, in the counterexample shown; all False without one.
    counterexample : numpy.ndarray of float64, shape (n, ...)
        Of the set's counterexamples the one that another class wins most clearly, on the input as
        the network gets it; NaN without one.
    counterexample_class : numpy.ndarray of int64, shape (n,)
        That class, -1 without one.
    message : numpy.ndarray of str, shape (n,)
        Why an input failed, else empty.
    """

    ids: np.ndarray
    epsilon: np.ndarray
    window: np.ndarray
    target: np.ndarray
    masks: np.ndarray
    status: np.ndarray
    objective: np.ndarray
    bound: np.ndarray
    minimal: np.ndarray
    first_seconds: np.ndarray
    seconds: np.ndarray
    released: np.ndarray
    counterexample: np.ndarray
    counterexample_class: np.ndarray
    message: np.ndarray

    def result_rows(self) -> Iterator[dict[str, Any]]:
        """Rows of the result table, one per set and metric, without what all have in common."""
        gap, found = self.gap(), self.has_mask()
        for i, name in enumerate(self.ids.tolist()):
            values = {
                "mask_size": self.objective[i],
                "sparsity": self.masks[i].mean() if found[i] else np.nan,
                "minimal": float(self.minimal[i]),
                "first_seconds": self.first_seconds[i],
            }
            about = {
                "image": name,
                "epsilon": self.epsilon[i],
                "window": self.window[i],
                "status": str(self.status[i]),
                "bound": self.bound[i],
                "gap": gap[i],
                "solve_seconds": self.seconds[i],
            }
            yield from ({**about, "metric": key, "value": value} for key, value in values.items())
