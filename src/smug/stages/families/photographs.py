"""Stages that draw the first photographs with everything that was found out about them."""

from dataclasses import dataclass
from pathlib import Path

from smug.jobs.settings.comparisons import ComparisonSettings
from smug.jobs.settings.datasets import DatasetSettings
from smug.pipeline.explained_images import ExplainedImage, collect_images


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that each of the stages reads."""

    dataset: DatasetSettings
    comparison: ComparisonSettings


@dataclass(frozen=True)
class FigureFiles:
    """Inputs and outputs that the stages share; each adds the inputs that only it reads."""

    data: Path
    attribution: list[Path]
    png: Path
    pdf: Path
    record: Path


def first_images(config: Sections, files: FigureFiles) -> list[ExplainedImage]:
    """Read what all inputs of a stage say about the first images, ``comparison.shown`` at most.

    Raises as :func:`smug.pipeline.explained_images.collect_images`, which takes the inputs by the
    names that the stage gives them.
    """
    inputs = {name: paths for name, paths in vars(files).items() if name not in _OUTPUTS}
    return collect_images(
        **inputs, shard_size=config.dataset.shard_size, shown=config.comparison.shown
    )


_OUTPUTS = ("png", "pdf", "record")
