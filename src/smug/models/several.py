"""Inputs of a model of several, by name or by order, and which of them is explained."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from smug.errors import SmugError, shown, unknown_name
from smug.models.inputs import as_array, as_batch, input_rank


@dataclass(frozen=True)
class Given:
    """Values that the user gave for each input of a model.

    Parameters
    ----------
    names : tuple of str
        Of the inputs, in the model's order; their numbers where they have none.
    values : list
        As they were given.
    specs : list
        Each input as the model has it written down; None where it leaves it open.
    place : int
        Place of the explained one.
    pack : callable
        From values in this order to what the model is called with.
    """

    names: tuple[str, ...]
    values: list[Any]
    specs: list[Any]
    place: int
    pack: Callable[[list[Any]], Any]

    @property
    def alone(self) -> bool:
        """True for a model of one input."""
        return len(self.names) == 1

    @classmethod
    def of(cls, model: keras.Model, x: Any, explain: str | int | None) -> Given:
        """Sort what was given by the model's inputs.

        A model that does not say its inputs takes those of a dict, or of a list where `explain`
        says that there are several.

        Raises
        ------
        SmugError
            Other names or another number than the model has, or an input to explain that it does
            not have, or that is not named.
        """
        specs = tree.flatten(getattr(model, "inputs", None) or [])
        if len(specs) > 1:
            return cls._of_known(model, specs, x, explain)
        unknown = not specs and (
            (isinstance(x, dict) and len(x) > 1)
            or (isinstance(x, list | tuple) and explain is not None)
        )
        if unknown and isinstance(x, dict):
            names = tuple(str(name) for name in x)
            place = _explained(model, explain, names)
            return cls(names, list(x.values()), [None] * len(x), place, _dict_of(list(x)))
        if unknown:
            names = tuple(str(number) for number in range(len(x)))
            place = _explained(model, explain, names)
            return cls(names, list(x), [None] * len(x), place, list)
        name = specs[0].name if specs else "0"
        if explain is not None:
            place_of("input", explain, [name])
        return cls((name,), [x], specs or [None], 0, lambda values: values[0])

    @classmethod
    def _of_known(
        cls, model: keras.Model, specs: list[Any], x: Any, explain: str | int | None
    ) -> Given:
        struct = model.input if hasattr(model, "input") else model.inputs
        pack: Callable[[list[Any]], Any]
        if isinstance(struct, dict) and len(struct) == len(specs):
            names, specs = tuple(map(str, struct)), list(struct.values())
            pack = _dict_of(list(struct))
        else:
            names = tuple(spec.name for spec in specs)
            pack = functools.partial(tree.pack_sequence_as, struct)
        told = ", ".join(map(repr, names))
        if isinstance(x, dict):
            if set(map(str, x)) != set(names):
                raise SmugError(
                    f"x holds the inputs {', '.join(repr(str(name)) for name in x)}; model "
                    f"{model.name!r} takes {told}: give an array for each"
                )
            values = [x[name] for name in names]
        elif isinstance(x, list | tuple) and len(x) == len(specs):
            values = list(x)
        else:
            raise SmugError(
                f"model {model.name!r} has {len(specs)} inputs ({told}), and x={shown(x)} is no "
                "list or dict of as many arrays: give one for each, and explain= for the one that "
                "is explained"
            )
        return cls(names, values, specs, _explained(model, explain, names), pack)

    def arrays(self, model: keras.Model) -> list[np.ndarray]:
        """Batches of the model's input types, as many rows of each as of the explained one."""
        made = []
        for name, value, spec in zip(self.names, self.values, self.specs, strict=True):
            # What one input of the model is held against.
            known = model.name if self.alone else f"{model.name}, input {name}"
            one: Any = SimpleNamespace(
                name=known, inputs=None if spec is None else [spec], layers=model.layers
            )
            array = as_array(one, value)
            if array.ndim + 1 == input_rank(one):
                array = array[np.newaxis]
            made.append(np.asarray(ops.convert_to_numpy(as_batch(one, array))))
        count = len(made[self.place])
        if not count:
            raise SmugError("x holds no input; give one at least")
        for k, (name, array) in enumerate(zip(self.names, made, strict=True)):
            if len(array) == 1:
                made[k] = np.repeat(array, count, axis=0)
            elif len(array) != count:
                raise SmugError(
                    f"input {name!r} has {len(array)} rows, and {self.names[self.place]!r}, which "
                    f"is explained, has {count}; give as many, or one for all"
                )
        return made


def _dict_of(keys: list[Any]) -> Callable[[list[Any]], Any]:
    """Packing of values into a dict of these keys."""
    return lambda values: dict(zip(keys, values, strict=True))


def _explained(model: keras.Model, explain: str | int | None, names: Sequence[str]) -> int:
    if explain is None:
        raise SmugError(
            f"model {model.name!r} has {len(names)} inputs ({', '.join(map(repr, names))}); say "
            f"which one is explained, the others are held: explain={names[0]!r}"
        )
    return place_of("input", explain, names)


def place_of(kind: str, chosen: object, names: Sequence[str]) -> int:
    """Place of an input or output that is given by its name or its number.

    Raises
    ------
    SmugError
        There is no such one; the message names those that there are.
    """
    if isinstance(chosen, int | np.integer) and not isinstance(chosen, bool):
        if 0 <= chosen < len(names):
            return int(chosen)
        raise SmugError(
            f"{kind} {chosen} is outside [0, {len(names)}), the {kind}s "
            f"{', '.join(map(repr, names))}; give one of their names or numbers"
        )
    if not isinstance(chosen, str) or chosen not in names:
        raise unknown_name(kind, chosen, names)
    return list(names).index(chosen)
