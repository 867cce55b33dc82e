"""Networks and their training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from smug.errors import SmugError
from smug.jobs.settings.meanings import Section, described
from smug.limits import COUNT, NODES, POSITIVE, Range

BASES = ("efficientnet_lite0", "googlenet", "inception_v1", "inception_v3", "resnet50")


@dataclass
class ModelSettings(Section):
    """A network."""

    section = "model"

    datasets: list[str] = described("Datasets whose inputs the network takes.", [])


@dataclass
class DigitNetworkSettings(ModelSettings):
    """A network for digits and its training."""

    learning_rate: float = described("Learning rate of Adam.", allowed=POSITIVE)
    batch_size: int = described("Number of digits per update of the weights.")
    epochs: int = described("Number of passes over the digits.", allowed=COUNT)
    seed: int = described("Seed of the first weights and of the order of the digits.")

    def training(self) -> dict[str, Any]:
        """Keyword arguments of :func:`smug.models.training.train_digits`."""
        return {key: value for key, value in vars(self).items() if key != "datasets"}


@dataclass
class MnistMlpSettings(DigitNetworkSettings):
    """A dense ReLU network for digits and its training."""

    hidden: list[int] = described(
        "Number of nodes of each hidden layer, the first one first.",
        [],
        allowed=NODES,
        repeats=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.not_empty("hidden")


@dataclass
class MnistCnnSettings(DigitNetworkSettings):
    """A small convolutional network for digits and its training."""

    filters: list[int] = described(
        "Number of filters of each of the two convolutions.", [], allowed=NODES, repeats=True
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.filters) != 2:
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
        "Network that gets a new last layer; null: convolutions from scratch.", None, allowed=BASES
    )
    weights: str | None = described(
        "Weights of the base, as for the base alone; `random`: train it from scratch.", None
    )
    freeze: bool = described("Whether only the last layer is trained.")
    filters: list[int] = described(
        "Number of filters of each convolution, for `base=null`.",
        [],
        allowed=NODES,
        repeats=True,
    )
    augment: float = described(
        "Largest share by which images are shifted and zoomed, half of them mirrored; 0: never.",
        allowed=Range(0, 1, high_open=True),
    )
    learning_rate: float = described(
        "Learning rate of stochastic gradient descent with momentum.", allowed=POSITIVE
    )
    batch_size: int = described("Number of images per update of the weights, over all GPUs.")
    epochs: int = described("Number of passes over the images.", allowed=COUNT)
    seed: int = described(
        "Seed of the first weights and of the order and the changes of the images."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.base is None and not self.filters:
            raise SmugError(f"model.filters={self.filters} needs at least one convolution")
        if self.base is None and self.weights is not None:
            raise SmugError(f"model.weights={self.weights!r} but model.base=null; name the base")
        if self.weights == "random" and self.freeze:
            raise SmugError("model.weights=random cannot stay as they are; set model.freeze=false")


@dataclass
class TextCnnSettings(ModelSettings):
    """Embedding, one convolution, max-pool, sigmoid; and its training."""

    embedding: int = described("Numbers that stand for a word.", allowed=NODES)
    filters: int = described("Number of filters of the convolution.", allowed=NODES)
    width: int = described("Number of neighbouring words that a filter sees.", allowed=NODES)
    learning_rate: float = described("Learning rate of Adam.", allowed=POSITIVE)
    batch_size: int = described("Number of reviews per update of the weights.")
    epochs: int = described("Number of passes over the reviews, at most.", allowed=COUNT)
    patience: int = described(
        "Number of epochs without a better one before training stops.", allowed=Range(0)
    )
    balance: str = described(
        "What is done where high scores are far more than low ones: nothing (`none`), the rarer "
        "half weighs more (`weights`), or reviews of the larger half are left out (`subset`)."
    )
    monitor: str = described(
        "What the best epoch has on the validation reviews: the lowest `loss`, or the highest "
        "`correlation` with their scores."
    )
    seed: int = described(
        "Seed of the first weights, of the order of the reviews and of a balanced subset."
    )
