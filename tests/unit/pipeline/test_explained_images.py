"""Data that figures of photographs read: a method that failed on an image has no map of it."""

from dataclasses import replace

import numpy as np
import pytest

from smug.datasets.prepared import PreparedImages
from smug.figures.ig_baselines import ig_baselines
from smug.figures.image_saliency import image_saliency
from smug.figures.optbox import optbox
from smug.figures.smug_steps import DROPPED, smug_steps
from smug.io import save_arrays, save_json
from smug.masks.linear import LinearMap
from smug.pipeline.explained_images import collect_images
from smug.pipeline.results import as_table, save_results
from smug.pipeline.saliency import shard_maps
from smug.pipeline.shards import AttributedShard, SaliencyShard
from smug.pipeline.solve_masks import solve_shard
from tests.unit.pipeline.test_solve_masks import METHOD, SOLVER

IDS = np.array(["solved", "timeout", "failed"])


@pytest.fixture(scope="module")
def shard():
    """Three colour images of 6 x 6 pixels before a convolution; the last is not attributed."""
    rng = np.random.default_rng(0)
    layer = LinearMap(
        name="conv",
        kind="conv2d",
        kernel=rng.random((2, 2, 3, 2)),
        bias=np.zeros(2),
        spatial=(6, 6),
        output_shape=(5, 5, 2),
        strides=(1, 1),
        dilation=(1, 1),
        pads=(0, 0),
    )
    attribution = rng.random((3, 5, 5, 2)).astype(np.float32)
    attribution[2] = np.nan
    return AttributedShard(
        ids=IDS,
        images=rng.integers(0, 256, (3, 6, 6, 3), dtype=np.uint8),
        labels=np.array([0, 1, -1]),
        target=np.array([0, 1, 1]),
        probability=np.array([[0.7, 0.3], [0.2, 0.8], [0.4, 0.6]]),
        inputs=rng.random((3, 6, 6, 3)).astype(np.float32),
        attribution=attribution,
        gradient=attribution,
        activation=attribution,
        completeness_error=np.zeros(3),
        seconds=np.zeros(3),
        padding=np.zeros((3, 6, 6), bool),
        layer=layer,
    )


@pytest.fixture(scope="module")
def files(shard, tmp_path_factory):
    """Paths by name, as a job gets them: no mask was found in time for the second image."""
    folder = tmp_path_factory.mktemp("files")
    names = np.array(["cat", "dog"])
    boxes = np.full((3, 4), np.nan)
    PreparedImages(shard.images, shard.labels, IDS, boxes, names).save(folder / "data.npz")
    shard.save(folder / "attribution.npz")
    solved = solve_shard(shard, METHOD, SOLVER)
    objective, masks, status = solved.objective.copy(), solved.masks.copy(), solved.status.copy()
    objective[1], masks[1], status[1] = np.inf, False, "timeout"
    solved = replace(solved, objective=objective, masks=masks, status=status)
    solved.save(folder / "masks.npz")
    maps = shard_maps(
        shard, solved, window=2, scoring="sum", ranking="integrated_gradients", seed=0
    )
    save_arrays(folder / "smug_maps.npz", {"ids": IDS, **vars(maps)})
    message = np.array(["", "no memory", ""])
    none = np.zeros((3, 6, 6), bool)
    SaliencyShard(IDS, shard.target, np.ones((3, 6, 6)), none, np.zeros(3), message).save(
        folder / "maps.npz"
    )
    save_json(folder / "settings.json", {"config": {"explainer": {"name": "ig_black"}}})
    row = {"image": "solved", "method": "smug", "metric": "lsc", "value": -1.5}
    save_results(folder / "scores.parquet", as_table([row]))
    found = {path.stem: [path] for path in folder.iterdir()}
    return found | {"data": folder / "data.npz"}


def test_a_method_that_failed_has_no_map(files):
    images = collect_images(**files, shard_size=3)
    assert [image.id for image in images] == IDS.tolist()
    assert [set(image.maps) for image in images] == [
        {"smug", "smug_base", "ig_black"},
        {"smug_base"},
        {"ig_black"},
    ]
    assert [set(image.masks) for image in images] == [{"smug", "smug_base"}, {"smug_base"}, set()]
    assert [image.status for image in images] == ["optimal", "timeout", "failed"]
    assert [image.label for image in images] == ["cat", "dog", ""]
    assert images[0].scores == {("smug", "lsc"): -1.5}
    assert [image.nodes.any() for image in images] == [True, True, False]


def test_only_what_is_given_is_read(files):
    some = {name: files[name] for name in ("data", "attribution", "maps", "settings")}
    images = collect_images(**some, shard_size=3, shown=2)
    assert [list(image.maps) for image in images] == [["ig_black"], []]
    assert images[0].confidence == pytest.approx(0.7)
    assert images[0].masks == images[0].scores == {}


def test_figures_say_where_there_is_no_map_and_no_box(files):
    images = collect_images(**files, shard_size=3)

    def labels(figure, columns):
        return [axis.get_xlabel() for axis in figure.axes[columns - 1 :: columns]]

    assert labels(image_saliency(images, ["smug"]), 2) == ["-1.50", "no map", "no map"]
    assert labels(smug_steps(images), 6)[1:] == ["no map", "no map"]
    assert labels(ig_baselines(images), 2)[1] == "no map"
    assert optbox(images).axes[4].get_xlabel() == "no map"
    assert labels(optbox(images), 2)[0] == "no box"


def test_dropped_pixels_are_grey_and_kept_ones_as_they_are(files):
    image = collect_images(**files, shard_size=3)[0]
    figure = smug_steps([image])
    shown, mask = figure.axes[4].images[0].get_array(), image.masks["smug"]
    assert (shown[~mask] == DROPPED).all()
    np.testing.assert_array_equal(shown[mask], image.pixels[mask])
    assert figure.axes[3].get_xlabel() == f"{mask.mean():.1%} kept,\noptimal"
