"""Reviews, the network that reads them, and how their explanations are compared."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from smug.errors import SmugError
from smug.jobs.settings.checks import at_least, one_of

SOURCES = ("generated", "files", "download")
EXPLAINED = ("annotated", "heldout")
ASPECTS = (0, 1, 2)
THRESHOLD_RULES = ("fraction", "fixed")


@dataclass
class BeerData:
    """Where the reviews come from and which of them are explained."""

    name: str = MISSING
    source: str = MISSING
    root: str | None = None
    address: str = MISSING
    sha256: list[str] = field(default_factory=list)
    aspect: int = MISSING
    rationale_aspect: int | None = None
    explain: str = MISSING
    explained: int = MISSING
    shard_size: int = MISSING
    validation: int = MISSING
    generated_train: int = MISSING
    generated_heldout: int = MISSING
    num_words: int = MISSING
    max_words: int = MISSING
    seed: int = MISSING

    def __post_init__(self) -> None:
        one_of("dataset", self, "source", SOURCES)
        one_of("dataset", self, "explain", EXPLAINED)
        for key in ("aspect", "rationale_aspect"):
            value = getattr(self, key)
            if value not in (*ASPECTS, None):
                raise SmugError(
                    f"dataset.{key}={value} is none of 0, 1, 2 (appearance, aroma, palate)"
                )
        if self.source != "generated" and self.root is None:
            raise SmugError(
                f"dataset.source={self.source} needs dataset.root=<folder>; see DATA.md"
            )
        for key in ("explained", "shard_size", "validation"):
            at_least("dataset", self, key, 1)
        for key in ("generated_train", "generated_heldout", "num_words"):
            at_least("dataset", self, key, 2)
        at_least("dataset", self, "max_words", 3)
        if self.source == "generated" and self.validation >= self.generated_heldout:
            raise SmugError(
                f"dataset.validation={self.validation} leaves no test review of "
                f"dataset.generated_heldout={self.generated_heldout}; lower dataset.validation"
            )


@dataclass
class TextCnn:
    """Embedding, one convolution, max-pool, sigmoid; and its training."""

    name: str = MISSING
    embedding: int = MISSING
    filters: int = MISSING
    width: int = MISSING
    learning_rate: float = MISSING
    batch_size: int = MISSING
    epochs: int = MISSING
    patience: int = MISSING
    seed: int = MISSING

    def __post_init__(self) -> None:
        for key in ("embedding", "filters", "width", "batch_size", "epochs"):
            at_least("model", self, key, 1)
        at_least("model", self, "patience", 0)
        if not self.learning_rate > 0:
            raise SmugError(f"model.learning_rate={self.learning_rate} must be above 0")


@dataclass
class TextComparison:
    """Which methods are compared on reviews beside SMUG and SIS, and how finely."""

    name: str = MISSING
    explainers: list[str] = field(default_factory=list)
    gamma: float = MISSING
    share: float = MISSING
    thresholds: int = MISSING
    shown: int = MISSING

    def __post_init__(self) -> None:
        if not 0 <= self.gamma < 1:
            raise SmugError(f"comparison.gamma={self.gamma} is outside [0, 1)")
        if not 0 < self.share <= 1:
            raise SmugError(f"comparison.share={self.share} is outside (0, 1]")
        at_least("comparison", self, "thresholds", 2)
        at_least("comparison", self, "shown", 1)


@dataclass
class SufficientWords:
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
