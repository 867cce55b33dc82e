"""Reviews, the network that reads them, and how their explanations are compared."""

from __future__ import annotations

from dataclasses import dataclass

from smug.errors import SmugError
from smug.jobs.settings.checks import at_least, one_of
from smug.jobs.settings.meanings import Section, described

SOURCES = ("generated", "files", "download")
EXPLAINED = ("annotated", "heldout")
ASPECTS = (0, 1, 2)
THRESHOLD_RULES = ("fraction", "fixed")


@dataclass
class SufficientWordsSettings(Section):
    """The prediction that words alone have to keep, and the time for the proof of the least."""

    rule: str = described(
        "What a set of words has to keep: a `fraction` of the prediction's distance to 0.5, "
        "or the `fixed` thresholds `high` and `low`."
    )
    fraction: float = described(
        "Share of the prediction's distance to 0.5 that the words alone must keep, for "
        "`rule=fraction`."
    )
    high: float = described(
        "Predictions from here on must stay at or above it, for `rule=fixed` (probability)."
    )
    low: float = described(
        "Predictions up to here must stay at or below it, for `rule=fixed` (probability)."
    )
    ties: float = described(
        "Difference up to which two logits count as equal, and the first word goes first."
    )
    timeout: float = described(
        "Time limit for the proof of the smallest set of words of each review (seconds)."
    )

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
