"""Type, range and allowed names of every setting, one home for library and workflow.

A setting has one name everywhere (``gamma`` is ``method.gamma`` in the configuration and
``gamma=`` in Python), so one table by name serves the schemas of the configuration, the functions
of the library, the command line and the documentation. Types come from the annotations of the
functions' signatures. Names that stand for code have registries: :data:`smug.methods.METHODS` and
:data:`smug.masks.solvers.SOLVERS`.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from types import NoneType
from typing import Any

import numpy as np

from smug.errors import SmugError, shown, unknown_name

#: Types of a setting's value by the names that signatures give them; a value of another type (a
#: layer) can only be passed in Python.
_KINDS: dict[str, type] = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
    "None": NoneType,
    "tuple": list,
    "list": list,
    "np.ndarray": list,
}
_KIND_NAMES: dict[type, str] = {
    int: "a whole number",
    float: "a finite number",
    bool: "True or False",
    str: "a text",
    list: "an array of finite numbers",
    NoneType: "None",
}


@dataclass(frozen=True)
class Setting:
    """Default of a setting, and the types that its value may have.

    Parameters
    ----------
    default : object
        As the function's signature has it.
    kinds : tuple of type
        Some of int, float, bool, str, list (of numbers) and NoneType, in the signature's order.
        A schema makes one kind a field of that type, one kind and NoneType an optional field,
        and a field of any type of the rest.
    parts : int, optional
        How many values a list has, where the signature says it.
    objects : tuple of str
        Other types that the annotation names, such as ``keras.Layer``; such a value is held
        against the model (:func:`smug.attribution.inputs.check_layer`).
    """

    default: Any
    kinds: tuple[type, ...]
    parts: int | None = None
    objects: tuple[str, ...] = ()

    @classmethod
    def read(cls, default: Any, annotation: ast.expr | None) -> Setting:
        """Setting of a parameter with this default and this annotation."""
        kinds, objects, parts = [], [], None
        for one in _alternatives(annotation):
            base = one.value if isinstance(one, ast.Subscript) else one
            name = ast.unparse(base)
            if name in _KINDS:
                kinds.append(_KINDS[name])
            else:
                objects.append(name)
            if isinstance(one, ast.Subscript) and isinstance(one.slice, ast.Tuple):
                elements = [ast.unparse(element) for element in one.slice.elts]
                parts = None if "..." in elements else len(elements)
        return cls(default, tuple(dict.fromkeys(kinds)), parts, tuple(objects))

    def __str__(self) -> str:
        wanted = [
            f"{self.parts} finite numbers" if kind is list and self.parts else _KIND_NAMES[kind]
            for kind in self.kinds
        ]
        return " or ".join([*wanted, *(f"a {name}" for name in self.objects)])


def _alternatives(annotation: ast.expr | None) -> list[ast.expr]:
    """Types that an annotation such as ``int | None`` allows, in its order."""
    if annotation is None:
        return []
    if isinstance(annotation, ast.BinOp):
        return _alternatives(annotation.left) + _alternatives(annotation.right)
    return [annotation]


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``; an end that is open does not belong to it."""

    low: float
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, value: float) -> bool:
        # NaN compares false with everything, and so lies outside.
        above = self.low < value if self.low_open else self.low <= value
        below = value < self.high if self.high_open or self.high == math.inf else value <= self.high
        return bool(above and below)

    def __str__(self) -> str:
        opening = "(" if self.low_open else "["
        closing = ")" if self.high_open or self.high == math.inf else "]"
        # 10 digits show the largest seed in full.
        return f"{opening}{self.low:.10g}, {self.high:.10g}{closing}"


#: Largest whole number of the libraries that settings are handed to.
_LARGEST = 2**63 - 1

#: Ranges that many settings share.
COUNT = Range(1, 10**9)
NOT_NEGATIVE = Range(0)
POSITIVE = Range(0, low_open=True)
SHARE = Range(0, 1, low_open=True)

#: Time limits in seconds, up to four months.
SECONDS = Range(0, 10**7, low_open=True)

#: Nodes of a layer that fit into memory.
NODES = Range(1, 2**16)

#: Seeds that every library and solver takes.
SEEDS = Range(0, 2**31 - 1)

#: Range of every number, by the name of its setting.
RANGES: dict[str, Range] = {
    # the mask problem
    "top_k": COUNT,
    "gamma": Range(0, 1, high_open=True),
    "margin": Range(0, 1, low_open=True),
    "window": COUNT,
    "delta": NOT_NEGATIVE,
    "epsilon": NOT_NEGATIVE,
    # solvers
    "time_limit": SECONDS,
    "timeout": SECONDS,
    "threads": Range(1, 1024),
    "solutions": COUNT,
    "seed": SEEDS,
    # attribution
    "steps": COUNT,
    "batch_size": COUNT,
    "tolerance": SHARE,
    "settled_top_k": COUNT,
    "points": COUNT,
    "ascent_steps": Range(0, 10**9),
    "step_size": NOT_NEGATIVE,
    "members": COUNT,
    "noise": NOT_NEGATIVE,
    "keep": SHARE,
    "sufficient": SHARE,
    "share": Range(0, 1, low_open=True, high_open=True),
    "ties": NOT_NEGATIVE,
    "limit": COUNT,
}

#: Allowed names, by the name of their setting.
NAMES: dict[str, tuple[str, ...]] = {
    "detail": ("fine", "coarse"),
    "encoding": ("first_layer", "network"),
    "response": ("auto", "paper", "bias_free"),
    "ranking": ("integrated_gradients", "gradients", "activations", "random"),
    "scoring": ("sum", "max"),
    "replacement": ("zero", "mean", "blur"),
    "reduce": ("mean", "sum", "max"),
    "rule": ("riemann", "gauss_legendre"),
    "threshold_rule": ("fixed", "fraction"),
    "baseline": ("zero", "black", "white", "both"),
    "order": ("cascading", "independent", "bottom_up"),
    "batch_size": ("auto",),
    "balance": ("none", "weights", "subset"),
    "monitor": ("loss", "correlation"),
}


def check_number(name: str, value: float, *, key: str | None = None) -> None:
    """Refuse a number outside the range of its setting.

    Parameters
    ----------
    name : str
        Name of the setting in :data:`RANGES`.
    value : float
    key : str, optional
        How the user wrote the setting, such as ``method.gamma``; the name by default.

    Raises
    ------
    SmugError
        Names the key, the value and the range.
    """
    check_range(value, RANGES[name], key or name)


def check_range(value: float, allowed: Range, key: str) -> None:
    """Refuse a number outside a range that has no name of its own, as :func:`check_number` does."""
    if value not in allowed:
        # NaN, too, is told to rise: any number is above it.
        way = "lower" if value > allowed.low else "raise"
        raise SmugError(f"{key}={value} is outside {allowed}; {way} {key}")


def check_name(name: str, value: str, *, key: str | None = None) -> None:
    """Refuse a name that a setting does not know; arguments as for :func:`check_number`."""
    if value not in NAMES[name]:
        raise unknown_name(key or name, value, NAMES[name])


def check(name: str, value: object, *, key: str | None = None) -> None:
    """Refuse a value that a setting does not allow; a setting without limits allows all."""
    if isinstance(value, str):
        if name in NAMES:
            check_name(name, value, key=key)
    elif name in RANGES and isinstance(value, int | float) and not isinstance(value, bool):
        check_number(name, value, key=key)


def check_demand(gamma: float, margin: float, *, section: str = "") -> None:
    """Refuse a share of the response to keep, ``gamma + margin``, that no mask can keep."""
    prefix = f"{section}." if section else ""
    check_number("gamma", gamma, key=f"{prefix}gamma")
    check_number("margin", margin, key=f"{prefix}margin")
    if margin > 1 - gamma:
        raise SmugError(
            f"{prefix}margin={margin} is above 1 - gamma = {1 - gamma:g}; lower {prefix}margin or "
            f"{prefix}gamma"
        )


def check_all(name: str, values: Iterable[object], *, key: str) -> None:
    """Refuse a list with a value that the setting does not allow."""
    for value in values:
        check(name, value, key=key)


def check_settings(
    method: str, known: Mapping[str, Setting], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Settings of a method as plain Python values of their types.

    Whole floats count as whole numbers; NumPy's scalars, and arrays and tensors without axes, as
    the number they hold. Lists, arrays and tensors of numbers come back as arrays.

    Parameters
    ----------
    method : str
        Name of the method, for messages.
    known : mapping of str to Setting
        Every setting of the method.
    given : mapping of str to object
        The settings that were given.

    Raises
    ------
    SmugError
        An unknown name, a value of another type, not finite, or outside its range.
    """
    settled = {}
    for name, value in given.items():
        if name not in known:
            raise unknown_name(f"setting of method {method!r}", name, known)
        settled[name] = _of_its_type(name, value, known[name])
        check(name, scalar(value))  # as it was given, for the message
    if {"gamma", "margin"} <= known.keys():
        demand = {name: settled.get(name, known[name].default) for name in ("gamma", "margin")}
        check_demand(**demand)
    return settled


def _of_its_type(name: str, value: Any, setting: Setting) -> Any:
    plain = scalar(value)
    if plain is None or isinstance(plain, bool | str):
        if type(plain) in setting.kinds:
            return plain
    elif isinstance(plain, Real):
        number = _number(plain, setting.kinds)
        if isinstance(number, int) and abs(number) > _LARGEST:
            raise SmugError(f"{name}={shown(number)} is beyond {_LARGEST}; lower {name}")
        if number is not None:
            return number
    elif setting.objects:
        return value
    elif list in setting.kinds:
        made = _parts(plain, setting.parts) if setting.parts else _array(plain)
        if made is not None:
            return made
    raise SmugError(
        f"{name}={shown(value)} is not {setting}; leave {name} out for its default, "
        f"{setting.default!r}"
    )


def scalar(value: Any) -> Any:
    """Python's own number, truth value or text of a NumPy scalar or of what has no axes.

    Anything else comes back as it is.
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, type) or not hasattr(value, "__array__"):
        return value
    try:
        if tuple(value.shape) != ():
            return value
        # NumPy reads no bfloat16 tensor by itself.
        item = np.asarray(value.numpy() if hasattr(value, "numpy") else value).item()
    except Exception:  # whatever a foreign type raises
        return value
    # The item of a bfloat16 is one still.
    return float(item) if isinstance(item, np.generic) else item


def _number(value: Any, kinds: tuple[type, ...]) -> int | float | None:
    """Number as the type that is allowed, or None; whole floats count as whole numbers."""
    if int in kinds and isinstance(value, int):
        return value
    try:
        number = float(value)
    except OverflowError:
        return None
    if int in kinds and number.is_integer():
        return int(number)
    return number if float in kinds and math.isfinite(number) else None


def _array(value: Any) -> np.ndarray | None:
    """Finite numbers as an array of at least one axis, or None."""
    try:
        array = np.asarray(value)
        if array.ndim and array.dtype.kind in "iufV" and np.isfinite(array).all():
            return array.astype(np.float64)
    except Exception:  # ragged, no numbers, or whatever a foreign type's __array__ raises
        return None
    return None


def _parts(value: Any, count: int) -> tuple[Any, ...] | None:
    """So many numbers or arrays of numbers as a tuple, or None."""
    # A class, too, has a __len__, which is its instances'.
    if isinstance(value, dict | set | type) or not hasattr(value, "__len__") or len(value) != count:
        return None
    parts = []
    for one in (scalar(part) for part in value):
        numeric = isinstance(one, Real) and not isinstance(one, bool)
        made = _number(one, (float,)) if numeric else _array(one)
        if made is None:
            return None
        parts.append(made)
    return tuple(parts)
