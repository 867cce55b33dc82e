"""Explained images of one dataset as plain data for the gallery page."""

from dataclasses import dataclass

from smug.jobs.run import Summary, run
from smug.stages.families.gallery import GalleryFiles
from smug.stages.families.pictures import Sections, write_pictures


@dataclass(frozen=True)
class Files(GalleryFiles):
    """Inputs and outputs by their names in the rule."""


def main(config: Sections, files: Files) -> Summary:
    """Write the first images with their maps, measures and files."""
    return write_pictures(config, files)


if __name__ == "__main__":
    run(main)
