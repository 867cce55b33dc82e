"""Stages that make a table or a figure of result tables and read no configuration."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Sections:
    """The stages read no section of the configuration."""


@dataclass(frozen=True)
class TableFiles:
    """Inputs and outputs of a table, by their names in the rule."""

    scores: list[Path]
    csv: Path
    tex: Path
    record: Path


@dataclass(frozen=True)
class FigureFiles:
    """Inputs and outputs of a figure, by their names in the rule."""

    scores: list[Path]
    png: Path
    pdf: Path
    record: Path
