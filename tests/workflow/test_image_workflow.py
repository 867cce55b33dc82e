"""The half of the workflow that reads photographs, at its smallest."""

import json

import numpy as np
import pandas as pd
import pytest

from .conftest import Project

TINY = "experiment=quick workflow.datasets=[imagenet,imagenet_squeezenet]"
FIGURES = (
    "image_saliency",
    "smug_steps",
    "ig_baselines",
    "optbox",
    "two_cats",
    "ggig",
    "image_metrics",
)
TABLES = (
    *("image_lsc", "attribution_curves", "two_cats", "ablations", "sanity", "completeness"),
    "image_metrics",
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project in which the tiny run on photographs is done."""
    project = Project(tmp_path_factory.mktemp("image"))
    result = project.run(override=TINY)
    assert result.returncode == 0, result.stdout + result.stderr
    return project


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_of_photographs_is_drawn(finished, name):
    path = finished.folder / "results/quick/figures" / name
    assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert path.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    assert json.loads(path.with_suffix(".json").read_text())["stage"] == name


@pytest.mark.parametrize("name", TABLES)
def test_every_table_of_photographs_has_rows(finished, name):
    path = finished.folder / "results/quick/tables" / f"{name}.csv"
    assert len(pd.read_csv(path))
    assert "\\toprule" in path.with_suffix(".tex").read_text()


def test_the_table_of_boxes_compares_every_method(finished):
    table = pd.read_csv(finished.folder / "results/quick/tables/image_lsc.csv")
    for network in ("efficientnet_lite0", "squeezenet"):
        methods = table.loc[table["network"].eq(network), "method"]
        assert {"SMUG", "SMUG_base", "gradients"} <= set(methods), network


def test_the_masks_are_proven_and_their_windows_have_8_pixels(finished):
    with np.load(finished.folder / "results/quick/solve_masks/imagenet/main/0.npz") as solved:
        assert solved["status"].tolist() == ["optimal"]
        (mask,) = solved["masks"]
    side = mask.shape[0] // 8
    windows = mask[: side * 8, : side * 8].reshape(side, 8, side, 8).mean(axis=(1, 3))
    assert set(np.unique(windows)) == {0.0, 1.0}


def test_the_second_network_is_explained_on_the_same_photographs_and_swept_nowhere(finished):
    results = finished.folder / "results/quick"
    first, second = (
        np.load(results / f"prepare_{name}" / "data.npz")
        for name in ("imagenet", "imagenet_squeezenet")
    )
    assert first["ids"].tolist() == second["ids"].tolist()
    assert (first["images"].shape[1], second["images"].shape[1]) == (224, 227)
    assert not (results / "score_grid/imagenet_squeezenet").exists()
    assert not (results / "score_sanity/imagenet_squeezenet").exists()


def test_a_second_run_has_nothing_to_do(finished):
    assert finished.planned(TINY) == set()


def test_images_in_the_original_layout_are_prepared(finished, shared):
    result = finished.job(
        "prepare_imagenet",
        "dataset=imagenet",
        "dataset.source=files",
        f"dataset.root={shared / 'data' / 'imagenet'}",
        "dataset.explained=2",
        "io.model=results/quick/import_model/efficientnet_lite0.keras",
        "io.data=real.npz",
        "io.record=real.json",
    )
    assert result.returncode == 0, result.stderr
    with np.load(finished.folder / "real.npz") as data:
        assert len(data["ids"]) == 2
        assert all(name.startswith("ILSVRC2012_val_") for name in data["ids"])
        assert np.isfinite(data["boxes"]).all()
