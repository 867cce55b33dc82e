"""Which methods are compared on a dataset, and how finely."""

from __future__ import annotations

from dataclasses import dataclass

from smug.errors import SmugError
from smug.jobs.settings.checks import at_least
from smug.jobs.settings.meanings import Section, described


@dataclass
class ComparisonSettings(Section):
    """Which methods are compared on a dataset beside SMUG."""

    explainers: list[str] = described(
        "Methods that are compared beside SMUG: files of `conf/explainer/`.", []
    )
    thresholds: int = described("Number of thresholds of a map that are tried, at most.")
    shown: int = described("Number of inputs in the figures.")

    def __post_init__(self) -> None:
        at_least("comparison", self, "thresholds", 2)
        at_least("comparison", self, "shown", 1)


@dataclass
class ImageComparisonSettings(ComparisonSettings):
    """Which methods are compared on a dataset, and how finely."""

    cells: int = described(
        "Number of cells along each side of the grid that OptBox chooses boxes from."
    )
    curve_steps: int = described("Number of points of the insertion and deletion curves.")

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("comparison", self, "cells", 2)
        at_least("comparison", self, "curve_steps", 1)


@dataclass
class TextComparisonSettings(ComparisonSettings):
    """Which methods are compared on reviews beside SMUG and SIS, and how finely."""

    gamma: float = described("Share of the response to keep of a second SMUG that is compared.")
    share: float = described("Share of the words that a map keeps where no human marked any.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.gamma < 1:
            raise SmugError(f"comparison.gamma={self.gamma} is outside [0, 1)")
        if not 0 < self.share <= 1:
            raise SmugError(f"comparison.share={self.share} is outside (0, 1]")
