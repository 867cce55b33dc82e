"""Meaning and limits of settings: each field of a schema carries them, one check reads them all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from omegaconf import MISSING

from smug.errors import SmugError, unknown_name
from smug.jobs.groups import KINDS
from smug.limits import NAMES, RANGES, Range, check_range


def described(
    meaning: str,
    default: Any = MISSING,
    *,
    allowed: Range | Collection[Any] | None = None,
    repeats: bool = False,
    heard: tuple[str, ...] | None = None,
) -> Any:
    """Field of a schema that carries its meaning, ``metadata["help"]``, and what it allows.

    Parameters
    ----------
    meaning : str
        One sentence, with the unit.
    default : object
        Value where no file in ``conf/`` gives one; by default, a file has to.
    allowed : Range or collection, optional
        Range or known values, for a list those of each value; by default what :mod:`smug.limits`
        allows a setting of the field's name, or everything.
    repeats : bool
        Whether a list may hold a value twice, such as the sizes of layers. What a list tries or
        compares is tried once: twice the same would count twice in tables.
    heard : tuple of str, optional
        As :attr:`Section.heard`, where it differs from the section's.
    """
    metadata = {"help": meaning, "allowed": allowed, "repeats": repeats, "heard": heard}
    if isinstance(default, list | dict):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass
class Section:
    """A section of the configuration, filled by a file of its group in ``conf/``."""

    #: Name of the section, for errors.
    section: ClassVar[str]

    #: Kinds or formats of inputs of which a job reads a value of their own; none where the section
    #: is one for the whole run.
    heard: ClassVar[tuple[str, ...]] = KINDS

    name: str = described("Name of the file that fills the section.")

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            for item in value if isinstance(value, list) else [value]:
                if item is not None:
                    _check(item, self.allowed(one.name), f"{self.section}.{one.name}")
            if isinstance(value, list) and not one.metadata["repeats"]:
                _check_distinct(value, f"{self.section}.{one.name}")

    @classmethod
    def allowed(cls, name: str) -> Range | Collection[Any] | None:
        """Range or known values of a field, for a list those of each value; None: everything."""
        (found,) = (one for one in fields(cls) if one.name == name)
        own = found.metadata["allowed"]
        return own if own is not None else RANGES.get(name, NAMES.get(name))

    def not_empty(self, *names: str) -> None:
        """Refuse empty lists."""
        for name in names:
            if not getattr(self, name):
                key = f"{self.section}.{name}"
                raise SmugError(f"{key}=[] is empty; give one value at least")


def _check(value: Any, allowed: Range | Collection[Any] | None, key: str) -> None:
    if isinstance(allowed, Range):
        check_range(value, allowed, key)
    elif allowed is not None and value not in allowed:
        raise unknown_name(key, value, map(str, allowed))


def _check_distinct(values: list[Any], key: str) -> None:
    twice = [value for place, value in enumerate(values) if value in values[:place]]
    if twice:
        raise SmugError(f"{key}={values} names {twice[0]!r} more than once; give each value once")
