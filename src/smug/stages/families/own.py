"""Stages that read the user's own inputs and choose those that are explained."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    root: Path
    model: Path
    data: Path
    record: Path
