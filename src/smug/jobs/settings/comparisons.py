"""Comparison of methods on a dataset, and how fine its steps are."""

from __future__ import annotations

from dataclasses import dataclass

from smug.errors import SmugError
from smug.jobs.settings.meanings import Section, described
from smug.limits import COUNT, Range


@dataclass
class ComparisonSettings(Section):
    """Methods that are compared on a dataset beside SMUG."""

    section = "comparison"

    explainers: list[str] = described(
        "Methods that are compared beside SMUG: files of `conf/explainer/`.", []
    )
    thresholds: int = described(
        "Number of thresholds of a map that are tried, at most.", allowed=Range(2)
    )
    shown: int = described(
        "Number of inputs in the figures.", allowed=COUNT, heard=("photographs", "texts")
    )


@dataclass
class RowsComparisonSettings(ComparisonSettings):
    """Comparison of methods on a dataset of a table or series, and how fine its steps are."""

    curve_steps: int = described(
        "Number of points of the insertion and deletion curves.", allowed=COUNT
    )


@dataclass
class ImageComparisonSettings(ComparisonSettings):
    """Comparison of methods on a dataset, and how fine its steps are."""

    cells: int = described(
        "Number of cells along each side of the grid that OptBox chooses boxes from.",
        allowed=Range(2),
    )
    curve_steps: int = described(
        "Number of points of the insertion and deletion curves.", allowed=COUNT
    )
    measured: int = described(
        "Number of inputs whose pixels the measures of faithfulness remove, the first of each job.",
        allowed=COUNT,
    )
    subsets: int = described(
        "Number of random sets of pixels of the faithfulness correlation.", allowed=Range(3)
    )
    subset: float = described(
        "Share of the pixels in each of these sets.", allowed=Range(0, 1, True, True)
    )
    patch: int = described("Side of the patches of the infidelity, in pixels.", allowed=COUNT)
    road_shares: list[float] = described(
        "Shares of the pixels that ROAD fills in, rising.", [], allowed=Range(0, 1, True, True)
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.not_empty("road_shares")
        if self.road_shares != sorted(self.road_shares):
            raise SmugError(
                f"comparison.road_shares={self.road_shares} do not rise; give them in order"
            )


@dataclass
class TextComparisonSettings(ComparisonSettings):
    """Methods that are compared on texts beside SMUG, and the steps of the comparison."""

    gamma: float = described("Share of the response to keep of a second SMUG that is compared.")
    share: float = described(
        "Share of the words that a map keeps where no human marked any.",
        allowed=Range(0, 1, low_open=True),
    )
    subsets: int = described(
        "Number of random sets of words of the faithfulness correlation.", allowed=Range(3)
    )
    subset: float = described(
        "Share of the words in each of these sets.", allowed=Range(0, 1, True, True)
    )
