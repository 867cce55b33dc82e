"""Words of a text that alone keep what its network predicts."""

from __future__ import annotations

from dataclasses import dataclass

from smug.errors import SmugError
from smug.jobs.settings.meanings import Section, described
from smug.limits import NAMES, Range

#: Probabilities that a prediction can have, its ends left out.
PROBABILITY = Range(0, 1, low_open=True, high_open=True)


@dataclass
class SufficientWordsSettings(Section):
    """The prediction that words alone have to keep, and the time for the proof of the least."""

    section = "sufficient_words"
    heard = ("beer", "texts")

    rule: str = described(
        "What a set of words has to keep: a `fraction` of the prediction's distance to 0.5, "
        "or the `fixed` thresholds `high` and `low`.",
        allowed=NAMES["threshold_rule"],
    )
    fraction: float = described(
        "Share of the prediction's distance to 0.5 that the words alone must keep, for "
        "`rule=fraction`.",
        allowed=Range(0, 1),
    )
    high: float = described(
        "Predictions from here on must stay at or above it, for `rule=fixed` (probability).",
        allowed=PROBABILITY,
    )
    low: float = described(
        "Predictions up to here must stay at or below it, for `rule=fixed` (probability).",
        allowed=PROBABILITY,
    )
    ties: float = described(
        "Difference up to which two logits count as equal, and the first word goes first."
    )
    limit: int | None = described(
        "Number of disjoint sufficient subsets of a text after which the search stops; null: "
        "it finds all."
    )
    timeout: float = described(
        "Time limit for the proof of the smallest set of words of each text (seconds)."
    )

    @property
    def kept(self) -> str:
        """Demand on a sufficient set, as captions say it."""
        if self.rule == "fraction":
            return f"{self.fraction:g} of the prediction's distance to 0.5"
        return f"a prediction of at least {self.high:g}, or at most {self.low:g}"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.low <= self.high:
            raise SmugError(
                f"sufficient_words.low={self.low}, sufficient_words.high={self.high}: "
                "low <= high is needed"
            )
