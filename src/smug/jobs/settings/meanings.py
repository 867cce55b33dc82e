"""Meanings of settings: each field of a schema carries one, and the documentation lists them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING


def described(meaning: str, default: Any = MISSING) -> Any:
    """Field of a schema that carries its meaning as ``metadata["help"]``.

    Parameters
    ----------
    meaning : str
        One sentence, with the unit.
    default : object
        Value where no file in ``conf/`` gives one; by default, a file has to.
    """
    if isinstance(default, list | dict):
        return field(default_factory=default.copy, metadata={"help": meaning})
    return field(default=default, metadata={"help": meaning})


@dataclass
class Section:
    """A section of the configuration, filled by a file of its group in ``conf/``."""

    name: str = described("Name of the file that fills the section.")
