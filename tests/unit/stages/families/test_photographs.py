import importlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from smug.jobs.signatures import signature
from smug.stages.families.photographs import first_images
from tests.unit.pipeline.test_explained_images import IDS, files, shard  # noqa: F401

STAGES = ("image_saliency", "optbox", "smug_steps", "ig_baselines")


def of_stage(stage, files, folder):  # noqa: F811
    """Inputs of a stage by the names that its signature shows, and outputs in a folder."""
    asked = {file.name: file.several for file in signature(stage).files}
    outputs = {name: folder / name for name in asked if name not in files}
    inputs = {
        name: value if several or isinstance(value, Path) else value[0]
        for name, several in asked.items()
        if (value := files.get(name)) is not None
    }
    return importlib.import_module(f"smug.stages.{stage}").Files(**inputs, **outputs)


@pytest.fixture
def config():
    return SimpleNamespace(
        dataset=SimpleNamespace(shard_size=3), comparison=SimpleNamespace(shown=2)
    )


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_reads_what_its_files_hold_of_the_first_images(stage, files, tmp_path, config):  # noqa: F811
    given = of_stage(stage, files, tmp_path)
    images = first_images(config, given)
    assert [image.id for image in images] == IDS.tolist()[:2]
    solved = images[0]
    assert ("smug" in solved.maps) == hasattr(given, "masks")
    assert bool(solved.scores) == hasattr(given, "scores")
    others = set(solved.maps) - {"smug", "smug_base"}
    assert bool(others) == hasattr(given, "maps")
