"""Checks that the schemas share: names the key, the value and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Iterable

from smug.errors import SmugError, unknown_name

#: Seeds below this are taken by every library and solver.
SEEDS = 2**31


def one_of(section: str, values: object, key: str, known: Iterable[str]) -> None:
    """Refuse a value that is not known."""
    value = getattr(values, key)
    if value not in known:
        raise unknown_name(f"{section}.{key}", value, known)


def all_of(section: str, values: object, key: str, known: Iterable[str]) -> None:
    """Refuse a list with a value that is not known."""
    for value in getattr(values, key):
        if value not in known:
            raise unknown_name(f"{section}.{key}", value, known)


def at_least(section: str, values: object, key: str, low: float) -> None:
    """Refuse a value below ``low``, and infinity."""
    value = getattr(values, key)
    if not value >= low:
        raise SmugError(f"{section}.{key}={value} is below {low}; raise {section}.{key}")
    if math.isinf(value):
        raise SmugError(f"{section}.{key}={value} is not finite; lower {section}.{key}")


def each_at_least(section: str, values: object, key: str, low: float) -> None:
    """Refuse a list with a value below ``low``."""
    found = getattr(values, key)
    if not all(value >= low for value in found):
        raise SmugError(f"{section}.{key}={found} holds a value below {low}; raise it")


def above_zero(section: str, values: object, key: str) -> None:
    """Refuse zero, negative and infinite values."""
    value = getattr(values, key)
    if not 0 < value < math.inf:
        raise SmugError(f"{section}.{key}={value} must be above 0 and finite")


def not_empty(section: str, values: object, *keys: str) -> None:
    """Refuse empty lists."""
    for key in keys:
        if not getattr(values, key):
            raise SmugError(f"{section}.{key}=[] is empty; give one value at least")


def seeds_in_range(section: str, values: object, key: str = "seed") -> None:
    """Refuse a seed, or a list with one, that some library would not take."""
    found = getattr(values, key)
    if not all(0 <= seed < SEEDS for seed in (found if isinstance(found, list) else [found])):
        raise SmugError(f"{section}.{key}={found} is outside 0..{SEEDS - 1}")
