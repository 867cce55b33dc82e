"""Models of several inputs or outputs as a function of one input that answers class scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from smug import provenance
from smug.errors import SmugError, reason, shown
from smug.limits import check_name
from smug.models import rewire
from smug.models.axes import channels_first
from smug.models.several import Given, place_of

#: A reduction of an output to class scores: from ``(batch, ...)`` to ``(batch, classes)``.
Reduce = str | Callable[[Any], Any]

_REDUCE: dict[str, Callable[..., Any]] = {"mean": ops.mean, "sum": ops.sum, "max": ops.max}


class SingleModel(keras.Model):
    """A model as a function of one of its inputs, that answers the scores of one of its outputs.

    Parameters
    ----------
    whole : keras.Model
    spec : KerasTensor or None
        The explained input as the model has it written down; None where it leaves it open.
    pack : callable
        From the values of all inputs, in order, to what the model is called with.
    place : int
        Place of the explained input among them.
    held : list of (shape, type)
        The other inputs, in order: shape of one, and its type.
    pick, reduce : callable
        From what the model answers to the output, and from that to class scores.

    Attributes
    ----------
    holds : list of keras.Variable
        Values of the other inputs, of one input each; weights, so that traced functions read them.
    """

    def __init__(
        self,
        whole: keras.Model,
        spec: Any,
        pack: Callable[[list[Any]], Any],
        place: int,
        held: list[tuple[tuple[int, ...], str]],
        pick: Callable[[Any], Any],
        reduce: Callable[[Any], Any],
    ) -> None:
        super().__init__(name=whole.name, autocast=False)
        self.whole, self.pack, self.place = whole, pack, place
        self.channels_first = channels_first(whole)
        self.pick, self.reduce = pick, reduce
        self.inputs = None if spec is None else [spec]
        self.holds = [
            self.add_weight(shape=shape, dtype=kind, trainable=False, initializer="zeros")
            for shape, kind in held
        ]
        self.built = True

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Class scores, ``(batch, classes)``, of a batch of the explained input."""
        return self.reduce(self.output_of(x, training))

    def output_of(self, x: Any, training: bool | None = None) -> Any:
        """The chosen output, before its reduction, on a batch of the explained input."""
        count = ops.shape(x)[0]
        values = [ops.repeat(ops.expand_dims(held, 0), count, axis=0) for held in self.holds]
        values.insert(self.place, x)
        return self.pick(self.whole(self.pack(values), training=training))


@dataclass(frozen=True)
class Single:
    """A model of one input and class scores, with the inputs to explain.

    Parameters
    ----------
    model : SingleModel
    x : numpy.ndarray, shape (batch, ...)
        The explained input.
    held : dict of str to numpy.ndarray, shape (batch, ...)
        The other inputs by name.
    record : dict
        What was chosen, as JSON holds it: ``explain`` and ``held`` (shape and hash of each),
        ``output``, ``reduce``; each where there was a choice.
    """

    model: SingleModel
    x: np.ndarray
    held: dict[str, np.ndarray]
    record: dict[str, Any]

    def hold(self, i: int) -> None:
        """Hold the other inputs as they are for input ``i``."""
        for variable, values in zip(self.model.holds, self.held.values(), strict=True):
            variable.assign(values[i])

    def parts(self) -> Iterator[tuple[SingleModel, np.ndarray]]:
        """Model and inputs, to be explained one after the other.

        Each input by itself, with the others that belong to it, or all at once where none is held.
        """
        if not self.held:
            yield self.model, self.x
            return
        for i in range(len(self.x)):
            self.hold(i)
            yield self.model, self.x[i : i + 1]


def single(
    model: keras.Model,
    x: Any,
    *,
    explain: str | int | None = None,
    output: str | int | None = None,
    reduce: Reduce | None = None,
) -> Single | None:
    """Make a model of one input and class scores of any other; None where nothing is to choose.

    Parameters
    ----------
    model : keras.Model
    x : array-like, or a list or dict of arrays
        For a model of several inputs all of them, by order or by name; one row of another input
        is held for every row of the explained one.
    explain : str or int, optional
        Name or number of the input that is explained; the others are held as given.
    output : str or int, optional
        Name or number of the output that is explained.
    reduce : {"mean", "sum", "max"} or callable, optional
        How an output of shape ``(batch, ..., classes)`` becomes class scores, ``(batch,
        classes)``: over all axes between the first and the last, or by a function of it, made of
        ``keras.ops``.

    Raises
    ------
    SmugError
        A name that the model does not have, a choice that has to be made, inputs that do not fit,
        or a reduction that gives no class scores.
    """
    given = Given.of(model, x, explain)
    outputs = tree.flatten(getattr(model, "outputs", None) or [])
    if given.alone and len(outputs) < 2 and output is None and reduce is None:
        return None
    arrays = given.arrays(model)
    own = arrays.pop(given.place)
    names = [name for k, name in enumerate(given.names) if k != given.place]
    held = [(array.shape[1:], array.dtype.name) for array in arrays]
    scores = _reduction(reduce, channels_first(model))
    whole, pick, chosen = _with_output(model, given, output)
    key = ("single", given.names, given.place, str(held), chosen, _name(reduce), id(reduce))

    def build() -> SingleModel:
        spec = given.specs[given.place]
        return SingleModel(whole, spec, given.pack, given.place, held, pick, scores)

    made = rewire.compiled(model, (*key, own.shape[1:]), build)
    others = dict(zip(names, arrays, strict=True))
    record: dict[str, Any] = {} if given.alone else {"explain": given.names[given.place]}
    if others:
        record["held"] = {
            name: {"shape": list(array.shape), "sha256": provenance.sha256_of_arrays([array])}
            for name, array in others.items()
        }
    record |= {} if chosen is None else {"output": chosen}
    record |= {} if reduce is None else {"reduce": _name(reduce)}
    found = Single(made, own, others, record)
    found.hold(0)
    _check_scores(found, reduce)
    return found


def _with_output(
    model: keras.Model, given: Given, output: str | int | None
) -> tuple[keras.Model, Callable[[Any], Any], str | None]:
    """Model that answers the output, what picks it from its answer, and its name among several."""
    symbolic = getattr(model, "outputs", None)
    made = getattr(model, "output", symbolic) if symbolic else _pass(model, given)
    flat = tree.flatten(made)
    if isinstance(made, dict) and len(made) == len(flat):
        names, flat = list(made), list(made.values())
    else:
        named = list(getattr(model, "output_names", []))
        names = named if len(named) == len(flat) else [str(k) for k in range(len(flat))]
    if len(flat) == 1 and output is None:
        return model, lambda answer: tree.flatten(answer)[0], None
    if output is None:
        told = ", ".join(
            f"{name!r} {(None, *one.shape[1:])}" for name, one in zip(names, flat, strict=True)
        )
        raise SmugError(
            f"model {model.name!r} has {len(flat)} outputs ({told}); name the one to explain: "
            f"output={names[0]!r}"
        )
    place = place_of("output", output, names)
    if symbolic and len(flat) > 1:
        # Without the layers that only other outputs need.
        whole = keras.Model(model.input, flat[place], name=model.name)
        return whole, lambda answer: answer, names[place]
    if isinstance(made, dict) and len(made) == len(flat):
        return model, lambda answer: answer[names[place]], names[place]
    return model, lambda answer: tree.flatten(answer)[place], names[place]


def _pass(model: keras.Model, given: Given) -> Any:
    one = [array[:1] for array in given.arrays(model)]
    try:
        return model(given.pack(one), training=False)
    except Exception as error:  # whatever the layers of a user's model raise
        shapes = ", ".join(str(array.shape) for array in one)
        raise SmugError(
            f"model {model.name!r} does not run on inputs of shapes {shapes}: {reason(error)}"
        ) from error


def _reduction(reduce: Reduce | None, first: bool) -> Callable[[Any], Any]:
    if reduce is None:
        return lambda answer: answer
    if isinstance(reduce, str):
        check_name("reduce", reduce)
        over = _REDUCE[reduce]

        def reduced(answer: Any) -> Any:
            rank = len(answer.shape)
            # Maps of a model with channels first have their classes there.
            classes = 1 if first and rank > 3 else rank - 1
            return over(answer, axis=tuple(axis for axis in range(1, rank) if axis != classes))

        return reduced
    if not callable(reduce):
        raise SmugError(
            f"reduce={shown(reduce)} is no reduction; allowed: {', '.join(_REDUCE)}, or a function "
            "of the output made of keras.ops"
        )
    # One score for each input is a model of one output.
    return lambda answer: _columns(reduce(answer))


def _columns(scores: Any) -> Any:
    return ops.expand_dims(scores, -1) if len(getattr(scores, "shape", ())) == 1 else scores


def _name(reduce: Reduce | None) -> str | None:
    if reduce is None or isinstance(reduce, str):
        return reduce
    return str(getattr(reduce, "__name__", type(reduce).__name__))


def _check_scores(found: Single, reduce: Reduce | None) -> None:
    """Refuse what answers no class scores, on two inputs that are the same."""
    model, name = found.model, _name(reduce)
    two = np.repeat(found.x[:1], 2, axis=0)
    try:
        answer = model.output_of(ops.convert_to_tensor(two), training=False)
    except Exception as error:  # whatever the layers of a user's model raise
        raise SmugError(
            f"model {model.name!r} does not run on inputs of shape {two.shape}: {reason(error)}"
        ) from error
    shape = (None, *answer.shape[1:])
    if len(shape) == 2 and isinstance(reduce, str):
        raise SmugError(
            f"the output of model {model.name!r} has shape {shape}, class scores already; leave "
            f"reduce={name!r} out"
        )
    try:
        scores = model.reduce(answer)
    except Exception as error:  # whatever a user's function raises
        raise SmugError(
            f"reduce={name} does not run on an output of shape {shape}: {reason(error)}"
        ) from error
    made = tuple(getattr(scores, "shape", ()))
    if len(made) == 2 and made[0] == 2:
        return
    if reduce is None:
        raise SmugError(
            f"the output of model {model.name!r} has shape {shape}; smug explains class scores, "
            "(batch, classes): say how the output becomes them, reduce='mean' (or 'sum', 'max') "
            "over its positions, or a function"
        )
    raise SmugError(
        f"reduce={name} makes shape {made} of two outputs of shape {shape}; expected "
        "(2, classes), or (2,)"
    )
