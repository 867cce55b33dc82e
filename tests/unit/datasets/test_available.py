import gzip
import json

import numpy as np
import pytest
from PIL import Image

from smug.datasets.available import available
from smug.datasets.photographs import photograph_records
from smug.errors import SmugError
from smug.jobs import config, variants
from smug.jobs.selection import Run

from .test_imagenet import root  # noqa: F401


def section(dataset, **changes):
    given = config.parse_overrides("")
    return {**config.compose(dataset, given)["dataset"], **changes}


def test_packaged_inputs_are_counted():
    assert available(section("imagenet"), "imagenet") == len(photograph_records()[0]) == 8
    assert available(section("mnist", test_size=70), "mnist") == 70
    assert available(section("beer", explained=7), "beer") == 7
    assert available(section("beer", explain="heldout", generated_heldout=50), "beer") == 50


def test_files_of_a_user_are_counted(root, tmp_path):  # noqa: F811
    assert available(section("imagenet", source="files", root=str(root)), "imagenet") == 4
    for name in ("a.png", "b.jpg"):
        Image.new("RGB", (2, 2)).save(tmp_path / name)
    assert available(section("imagenet", source="folder", root=str(tmp_path)), "imagenet") == 2
    with gzip.open(tmp_path / "reviews.aspect1.heldout.txt.gz", "wt") as file:
        file.write("1 1 1 1 1\tx\n" * 9)
    (tmp_path / "annotations.json").write_text((json.dumps({}) + "\n") * 5)
    beer = section("beer", source="files", root=str(tmp_path))
    assert available(beer, "beer") == 5
    assert available({**beer, "explain": "heldout"}, "beer") == 9


def test_what_is_not_there_yet_is_not_counted(tmp_path):
    for dataset in ("imagenet", "beer"):
        nowhere = section(dataset, source="files", root=str(tmp_path / "none"))
        assert available(nowhere, dataset) is None
    assert available(section("mnist", source="file", path=str(tmp_path)), "mnist") is None
    assert available({"name": "toy", "source": "own"}, None) is None


@pytest.mark.parametrize("wished", [1000, 100_000_000])
def test_shards_come_from_the_data_and_not_from_the_wish(wished):
    given = config.parse_overrides(f"imagenet:dataset.explained={wished}")
    chosen = config.compose("imagenet", given)
    assert list(variants.shards(chosen)) == [0, 1]  # 8 photographs, 5 a shard
    assert len(variants.sanity_shards(chosen)) <= 8
    assert variants.solving_minutes(chosen) < 60


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("beer:dataset.explained=100000000", "jobs of each step, more than 1000; raise dataset.sh"),
        ("mnist:dataset.source=file mnist:dataset.path=x mnist:dataset.explained=9999", "2000 j"),
        (
            "beer:dataset.explained=9000 beer:dataset.shard_size=90 beer:sanity.inputs=9000 "
            "beer:sanity.shard_size=1",
            "raise sanity.shard_size or lower sanity.inputs",
        ),
    ],
)
def test_more_jobs_than_can_be_planned_are_refused(text, said):
    with pytest.raises(SmugError, match=said):
        Run(config.parse_overrides(text)).check()


def test_the_demo_and_the_paper_can_be_planned():
    Run(config.parse_overrides("")).check()
    paper = config.parse_overrides("scale=paper imagenet:dataset.root=x beer:dataset.root=x")
    Run(paper).check()
    assert np.ceil(3304 / 40) == len(variants.shards(config.compose("imagenet", paper)))
