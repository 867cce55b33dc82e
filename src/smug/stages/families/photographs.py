"""Stages that draw the first photographs with everything that was found out about them."""

from dataclasses import dataclass, replace
from pathlib import Path

from smug.io import load_json
from smug.jobs.settings.comparisons import ComparisonSettings
from smug.pipeline.explained_images import ExplainedImage, collect_images
from smug.pipeline.results import network_labels


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that each of the stages reads."""

    comparison: ComparisonSettings


@dataclass(frozen=True)
class FigureFiles:
    """Inputs and outputs that the stages share; each adds the inputs that only it reads.

    ``data`` and their records, ``prepared``, are one of each network; ``attributed`` are the
    records of ``attribution``.
    """

    data: list[Path]
    prepared: list[Path]
    attribution: list[Path]
    attributed: list[Path]
    png: Path
    pdf: Path
    record: Path


def first_images(config: Sections, files: FigureFiles) -> list[ExplainedImage]:
    """Read what all inputs of a stage say about the first images, ``comparison.shown`` at most.

    An image that several networks explain comes once for each, one after the other.

    Raises as :func:`smug.pipeline.explained_images.collect_images`, which takes the inputs by the
    names that the stage gives them.
    """
    given = {name: paths for name, paths in vars(files).items() if name not in _NOT_OF_SHARDS}
    # The records of the other methods say which files are whose, those of the attribution all else.
    explained = [_dataset(path) for path in given.get("settings", ())]
    attributed = [_dataset(path) for path in files.attributed]
    found: dict[str, list[ExplainedImage]] = {}
    configs = [load_json(record)["config"] for record in files.prepared]
    networks = network_labels(configs)
    for data, settings, network in zip(files.data, configs, networks, strict=True):
        name = settings["dataset"]["name"]
        images = collect_images(
            data=data,
            shard_size=settings["dataset"]["shard_size"],
            shown=config.comparison.shown,
            **{
                kind: _of(name, paths, explained if kind in _OF_METHODS else attributed)
                for kind, paths in given.items()
            },
        )
        for image in images:
            named = replace(image, network=network)
            found.setdefault(image.id, []).append(named)
    return [image for same in found.values() for image in same]


_NOT_OF_SHARDS = ("data", "prepared", "attributed", "png", "pdf", "record")
_OF_METHODS = ("maps", "settings")


def _dataset(record: Path) -> str:
    return str(load_json(record)["config"]["dataset"]["name"])


def _of(dataset: str, paths: list[Path], datasets: list[str]) -> list[Path]:
    """Those of some paths that are of one dataset."""
    return [path for path, other in zip(paths, datasets, strict=True) if other == dataset]
