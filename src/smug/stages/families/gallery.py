"""Stages that put explained inputs of one dataset together as plain data for the gallery page."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smug.figures.gallery.inputs import files_by_shard


@dataclass(frozen=True)
class GalleryFiles:
    """Inputs and outputs that the stages share."""

    data: Path
    attribution: list[Path]
    masks: list[Path]
    smug_maps: list[Path]
    maps: list[Path]
    settings: list[Path]
    scores: list[Path]
    records: list[Path]
    inputs: Path
    record: Path

    def by_shard(self, **others: list[Path]) -> list[dict[str, Any]]:
        """Files of each shard, ``others`` with them; see :func:`files_by_shard`."""
        return files_by_shard(
            attribution=self.attribution,
            masks=self.masks,
            smug_maps=self.smug_maps,
            maps=self.maps,
            settings=self.settings,
            **others,
        )
