import importlib
from types import SimpleNamespace

import pytest

from smug.figures.ig_baselines import ig_baselines
from smug.figures.image_saliency import image_saliency
from smug.io import save_json
from smug.jobs.signatures import signature
from smug.stages.families.photographs import first_images
from tests.unit.pipeline.test_explained_images import IDS, files, shard  # noqa: F401

STAGES = ("image_saliency", "optbox", "smug_steps", "ig_baselines")
CONFIG = SimpleNamespace(comparison=SimpleNamespace(shown=2))


@pytest.fixture
def recorded(files, tmp_path):  # noqa: F811
    """Files of the same images twice, as two networks explain them, with their records.

    The second network was asked for another method.
    """
    found = {name: [] for name in [*files, "prepared", "attributed"]}
    for dataset, model, method in (("photos", "one", "ig_black"), ("same", "two", "gradcam")):
        sections = {
            "dataset": {"name": dataset, "source": "files", "shard_size": 3},
            "model": {"name": model},
        }
        own = {name: paths if isinstance(paths, list) else [paths] for name, paths in files.items()}
        for name, more in (
            ("prepared", {}),
            ("attributed", {}),
            ("settings", {"explainer": {"name": method}}),
        ):
            own[name] = [tmp_path / f"{dataset}-{name}.json"]
            save_json(own[name][0], {"config": sections | more})
        for name, paths in own.items():
            found[name] += paths
    return found


def of_stage(stage, files, folder, networks):  # noqa: F811
    """Inputs of a stage by the names that its signature shows, and outputs in a folder."""
    asked = [file.name for file in signature(stage).files]
    inputs = {name: files[name][:networks] for name in asked if name in files}
    outputs = {name: folder / name for name in asked if name not in files}
    return importlib.import_module(f"smug.stages.{stage}").Files(**inputs, **outputs)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_reads_what_its_files_hold_of_the_first_images(stage, recorded, tmp_path):
    given = of_stage(stage, recorded, tmp_path, networks=1)
    images = first_images(CONFIG, given)
    assert [image.id for image in images] == IDS.tolist()[:2]
    solved = images[0]
    assert ("smug" in solved.maps) == hasattr(given, "masks")
    assert bool(solved.scores) == hasattr(given, "scores")
    others = set(solved.maps) - {"smug", "smug_base"}
    assert bool(others) == hasattr(given, "maps")


@pytest.mark.parametrize("stage", STAGES)
def test_an_image_comes_once_for_each_network_with_its_own_files(stage, recorded, tmp_path):
    given = of_stage(stage, recorded, tmp_path, networks=2)
    images = first_images(CONFIG, given)
    assert [image.id for image in images] == ["solved", "solved", "timeout", "timeout"]
    assert [image.network for image in images] == ["one", "two"] * 2
    if hasattr(given, "maps"):
        assert ["ig_black" in image.maps for image in images[:2]] == [True, False]
        assert ["gradcam" in image.maps for image in images[:2]] == [False, True]


def test_rows_name_their_network_where_there_are_several(recorded, tmp_path):
    for networks, names in ((1, ["", ""]), (2, ["one", "two", "one", "two"])):
        given = of_stage("image_saliency", recorded, tmp_path, networks)
        figure = image_saliency(first_images(CONFIG, given), ["smug", "ig_black"])
        axes = figure.axes
        assert [axis.get_ylabel() for axis in axes[:: len(axes) // len(names)]] == names
    # The second network was not asked for the second method: nothing stands there.
    assert [axis.axison for axis in axes[:6]] == [True, True, True, True, True, False]
    given = of_stage("ig_baselines", recorded, tmp_path, 2)
    axes = ig_baselines(first_images(CONFIG, given)).figure.axes
    assert [axis.axison for axis in axes] == [True, True, True, False] * 2
