"""What every setting may be: its range or its allowed names, one home for library and workflow.

A setting has one name everywhere (``gamma`` is ``method.gamma`` in the configuration and
``gamma=`` in Python), so one table by name serves the schemas of the configuration, the functions
of the library, the command line and the documentation. Names that stand for code have registries:
:data:`smug.methods.METHODS` and :data:`smug.masks.solvers.SOLVERS`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from smug.errors import SmugError, unknown_name


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


#: Ranges that many settings share.
COUNT = Range(1)
NOT_NEGATIVE = Range(0)
POSITIVE = Range(0, low_open=True)
SHARE = Range(0, 1, low_open=True)

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
    "time_limit": POSITIVE,
    "timeout": POSITIVE,
    "threads": COUNT,
    "solutions": COUNT,
    "seed": SEEDS,
    # attribution
    "steps": COUNT,
    "batch_size": COUNT,
    "tolerance": SHARE,
    "settled_top_k": COUNT,
    "points": COUNT,
    "ascent_steps": NOT_NEGATIVE,
    "step_size": NOT_NEGATIVE,
    "members": COUNT,
    "noise": NOT_NEGATIVE,
    "keep": SHARE,
    "share": Range(0, 1, low_open=True, high_open=True),
    "ties": NOT_NEGATIVE,
}

#: Allowed names, by the name of their setting.
NAMES: dict[str, tuple[str, ...]] = {
    "encoding": ("first_layer", "network"),
    "response": ("auto", "paper", "bias_free"),
    "ranking": ("integrated_gradients", "gradients", "activations", "random"),
    "scoring": ("sum", "max"),
    "rule": ("riemann", "gauss_legendre"),
    "threshold_rule": ("fixed", "fraction"),
    "baseline": ("zero", "black", "white", "both"),
    "order": ("cascading", "independent"),
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
