"""Reviews, the network that reads them, and how their explanations are compared."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from smug.errors import SmugError
from smug.jobs.settings.checks import at_least, one_of

SOURCES = ("generated", "files", "download")
EXPLAINED = ("annotated", "heldout")
ASPECTS = (0, 1, 2)
THRESHOLD_RULES = ("fraction", "fixed")


@dataclass
class SufficientWordsSettings:
    """The prediction that words alone have to keep, and the time for the proof of the least."""

    name: str = MISSING
    rule: str = MISSING
    fraction: float = MISSING
    high: float = MISSING
    low: float = MISSING
    ties: float = MISSING
    timeout: float = MISSING

    def __post_init__(self) -> None:
        one_of("sufficient_words", self, "rule", THRESHOLD_RULES)
        if not 0 < self.low <= self.high < 1:
            raise SmugError(
                f"sufficient_words.low={self.low}, sufficient_words.high={self.high}: "
                "0 < low <= high < 1 is needed"
            )
        if not 0 <= self.fraction <= 1:
            raise SmugError(f"sufficient_words.fraction={self.fraction} is outside [0, 1]")
        at_least("sufficient_words", self, "ties", 0)
        if not self.timeout > 0:
            raise SmugError(f"sufficient_words.timeout={self.timeout} must be above 0 (seconds)")
