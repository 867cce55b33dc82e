from pathlib import Path

import pytest

from smug.datasets.root import folder
from smug.errors import SmugError
from smug.jobs.config import compose
from smug.jobs.overrides import parse_overrides


def test_the_folder_is_the_one_given():
    assert folder("files", "some/where") == Path("some/where")


def test_a_missing_folder_names_the_source_and_the_key():
    with pytest.raises(SmugError, match=r"^dataset\.source=files needs dataset\.root=<folder>"):
        folder("files", None)


@pytest.mark.parametrize(
    "words",
    [
        "imagenet:dataset.source=files",
        "imagenet:dataset.source=folder",
        "beer:dataset.source=files",
    ],
)
def test_the_configuration_asks_for_the_folder_too(words):
    dataset, word = words.split(":")
    with pytest.raises(SmugError, match=rf"{word} needs dataset\.root=<folder>; see DATA\.md"):
        compose(dataset, parse_overrides(words))
