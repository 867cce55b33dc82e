"""Which methods are compared on a dataset, and how finely."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from smug.errors import SmugError
from smug.jobs.settings.checks import at_least


@dataclass
class ComparisonSettings:
    """Which methods are compared on a dataset beside SMUG."""

    name: str = MISSING
    explainers: list[str] = field(default_factory=list)
    thresholds: int = MISSING
    shown: int = MISSING

    def __post_init__(self) -> None:
        at_least("comparison", self, "thresholds", 2)
        at_least("comparison", self, "shown", 1)


@dataclass
class ImageComparisonSettings(ComparisonSettings):
    """Which methods are compared on a dataset, and how finely."""

    cells: int = MISSING
    curve_steps: int = MISSING

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("comparison", self, "cells", 2)
        at_least("comparison", self, "curve_steps", 1)


@dataclass
class TextComparisonSettings(ComparisonSettings):
    """Which methods are compared on reviews beside SMUG and SIS, and how finely."""

    gamma: float = MISSING
    share: float = MISSING

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.gamma < 1:
            raise SmugError(f"comparison.gamma={self.gamma} is outside [0, 1)")
        if not 0 < self.share <= 1:
            raise SmugError(f"comparison.share={self.share} is outside (0, 1]")
