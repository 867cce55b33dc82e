"""Networks and their training."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from smug.errors import SmugError
from smug.jobs.settings.checks import above_zero, at_least, one_of, seeds_in_range

BASES = ("efficientnet_lite0", "googlenet", "inception_v1", "inception_v3", "resnet50")


@dataclass
class ModelSettings:
    """A network."""

    name: str = MISSING


@dataclass
class DigitNetworkSettings(ModelSettings):
    """A network for digits and its training."""

    learning_rate: float = MISSING
    batch_size: int = MISSING
    epochs: int = MISSING
    seed: int = MISSING

    def __post_init__(self) -> None:
        for key in ("batch_size", "epochs"):
            at_least("model", self, key, 1)
        above_zero("model", self, "learning_rate")
        seeds_in_range("model", self)


@dataclass
class MnistMlpSettings(DigitNetworkSettings):
    """A dense ReLU network for digits and its training."""

    hidden: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.hidden or min(self.hidden) < 1:
            raise SmugError(
                f"model.hidden={self.hidden} needs at least one layer of at least 1 node"
            )


@dataclass
class MnistCnnSettings(DigitNetworkSettings):
    """A small convolutional network for digits and its training."""

    filters: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.filters) != 2 or min(self.filters) < 1:
            raise SmugError(
                f"model.filters={self.filters} needs two numbers, one for each convolution"
            )


@dataclass
class ImportedModelSettings(ModelSettings):
    """A network that comes with trained weights: a file, or null for those a package ships."""

    weights: str | None = None


@dataclass
class ApplicationsSettings(ImportedModelSettings):
    """Any network of ``keras.applications``."""

    architecture: str = MISSING


@dataclass
class ImagenetCnnSettings(ModelSettings):
    """A CNN trained here on an ImageNet folder."""

    root: str | None = None
    base: str | None = None
    weights: str | None = None
    freeze: bool = MISSING
    filters: list[int] = field(default_factory=list)
    augment: float = MISSING
    learning_rate: float = MISSING
    batch_size: int = MISSING
    epochs: int = MISSING
    seed: int = MISSING

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
