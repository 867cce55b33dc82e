"""Checks that the schemas share: names the key, the value and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable

from smug.errors import SmugError, unknown_name


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
    """Refuse a value below ``low``."""
    value = getattr(values, key)
    if not value >= low:
        raise SmugError(f"{section}.{key}={value} is below {low}; raise {section}.{key}")
