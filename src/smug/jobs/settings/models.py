"""Networks and their training."""

from __future__ import annotations

from dataclasses import dataclass

from smug.errors import SmugError
from smug.jobs.settings.checks import above_zero, at_least, one_of, seeds_in_range
from smug.jobs.settings.meanings import Section, described

BASES = ("efficientnet_lite0", "googlenet", "inception_v1", "inception_v3", "resnet50")


@dataclass
class ModelSettings(Section):
    """A network."""


@dataclass
class DigitNetworkSettings(ModelSettings):
    """A network for digits and its training."""

    learning_rate: float = described("Learning rate of Adam.")
    batch_size: int = described("Number of digits per update of the weights.")
    epochs: int = described("Number of passes over the digits.")
    seed: int = described("Seed of the first weights and of the order of the digits.")

    def __post_init__(self) -> None:
        for key in ("batch_size", "epochs"):
            at_least("model", self, key, 1)
        above_zero("model", self, "learning_rate")
        seeds_in_range("model", self)


@dataclass
class MnistMlpSettings(DigitNetworkSettings):
    """A dense ReLU network for digits and its training."""

    hidden: list[int] = described("Number of nodes of each hidden layer, the first one first.", [])

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.hidden or min(self.hidden) < 1:
            raise SmugError(
                f"model.hidden={self.hidden} needs at least one layer of at least 1 node"
            )


@dataclass
class MnistCnnSettings(DigitNetworkSettings):
    """A small convolutional network for digits and its training."""

    filters: list[int] = described("Number of filters of each of the two convolutions.", [])

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.filters) != 2 or min(self.filters) < 1:
            raise SmugError(
                f"model.filters={self.filters} needs two numbers, one for each convolution"
            )


@dataclass
class ImportedModelSettings(ModelSettings):
    """A network that comes with trained weights: a file, or null for those a package ships."""

    weights: str | None = described(
        "Where the trained weights come from: a file, `imagenet` (downloaded by Keras), or "
        "null for those that a package ships.",
        None,
    )


@dataclass
class ApplicationsSettings(ImportedModelSettings):
    """Any network of ``keras.applications``."""

    architecture: str = described("Name of the network in `keras.applications`.")


@dataclass
class ImagenetCnnSettings(ModelSettings):
    """A CNN trained here on an ImageNet folder."""

    root: str | None = described("ILSVRC folder to train on; its classes become the outputs.", None)
    base: str | None = described(
        "Network that gets a new last layer; null: convolutions from scratch.", None
    )
    weights: str | None = described(
        "Weights of the base, as for the base alone; `random`: train it from scratch.", None
    )
    freeze: bool = described("Whether only the last layer is trained.")
    filters: list[int] = described("Number of filters of each convolution, for `base=null`.", [])
    augment: float = described(
        "Largest share by which images are shifted and zoomed, half of them mirrored; 0: never."
    )
    learning_rate: float = described("Learning rate of stochastic gradient descent with momentum.")
    batch_size: int = described("Number of images per update of the weights, over all GPUs.")
    epochs: int = described("Number of passes over the images.")
    seed: int = described(
        "Seed of the first weights and of the order and the changes of the images."
    )

    def __post_init__(self) -> None:
        if self.base is not None:
            one_of("model", self, "base", BASES)
        elif not self.filters or min(self.filters) < 1:
            raise SmugError(f"model.filters={self.filters} needs at least one convolution")
        elif self.weights is not None:
            raise SmugError(f"model.weights={self.weights!r} but model.base=null; name the base")
        if self.weights == "random" and self.freeze:
            raise SmugError("model.weights=random cannot stay as they are; set model.freeze=false")
        for key in ("batch_size", "epochs"):
            at_least("model", self, key, 1)
        above_zero("model", self, "learning_rate")
        seeds_in_range("model", self)
        if not 0 <= self.augment < 1:
            raise SmugError(f"model.augment={self.augment} is outside [0, 1)")


@dataclass
class TextCnnSettings(ModelSettings):
    """Embedding, one convolution, max-pool, sigmoid; and its training."""

    embedding: int = described("Numbers that stand for a word.")
    filters: int = described("Number of filters of the convolution.")
    width: int = described("Number of neighbouring words that a filter sees.")
    learning_rate: float = described("Learning rate of Adam.")
    batch_size: int = described("Number of reviews per update of the weights.")
    epochs: int = described("Number of passes over the reviews, at most.")
    patience: int = described(
        "Number of epochs without a lower validation loss before training stops."
    )
    seed: int = described("Seed of the first weights and of the order of the reviews.")

    def __post_init__(self) -> None:
        for key in ("embedding", "filters", "width", "batch_size", "epochs"):
            at_least("model", self, key, 1)
        at_least("model", self, "patience", 0)
        if not self.learning_rate > 0:
            raise SmugError(f"model.learning_rate={self.learning_rate} must be above 0")
