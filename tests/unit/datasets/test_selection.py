import numpy as np
import pytest
from PIL import Image

from smug.datasets.images import Annotation, ImageRecord
from smug.datasets.selection import select_images
from smug.errors import SmugError

NAMES = ["dark", "bright"]


@pytest.fixture
def records(tmp_path):
    """Ten flat images: even ones dark (class 0), odd ones bright; 8 and 9 without a box."""
    made = []
    for i in range(10):
        path = tmp_path / f"{i}.png"
        Image.fromarray(np.full((8, 8, 3), 250 * (i % 2), np.uint8)).save(path)
        box = None if i >= 8 else lambda: Annotation((1.0, 1.0, 5.0, 6.0))
        # The label of image 3 is wrong: the classifier below cannot agree.
        made.append(ImageRecord(id=str(i), path=path, label=0 if i == 3 else i % 2, annotation=box))
    return made


def by_brightness(pixels):
    return (pixels.mean(axis=(1, 2, 3)) > 127).astype(int)


def choose(records, **settings):
    defaults = {"selection": "correct_with_box", "wanted": 100, "seed": None}
    return select_images(records, NAMES, (4, 4), predict=by_brightness, **(defaults | settings))


def test_only_correct_images_with_a_box_are_chosen(records):
    images, counts = choose(records)
    assert images.ids.tolist() == ["0", "1", "2", "4", "5", "6", "7"]
    assert counts["misclassified"] == 1
    assert counts["without_box"] == 2
    assert counts["tried"] == 10


def test_other_selections_keep_more(records):
    assert len(choose(records, selection="correct")[0]) == 9
    assert len(choose(records, selection="all")[0]) == 10


def test_the_search_ends_when_enough_are_found(records):
    images, _ = choose(records, wanted=3)
    assert images.ids.tolist() == ["0", "1", "2"]


def test_a_seed_decides_the_order_and_nothing_else(records):
    first, second, other = (choose(records, seed=seed)[0].ids.tolist() for seed in (1, 1, 2))
    assert first == second != other
    assert sorted(first) == sorted(other)


def test_an_unreadable_image_is_counted_and_named(records, capsys):
    records[0].path.write_bytes(b"no image")
    images, counts = choose(records)
    assert "0" not in images.ids
    assert counts["unreadable"] == 1
    assert "0: unreadable" in capsys.readouterr().out


def test_nothing_to_choose_from_is_said():
    with pytest.raises(SmugError, match="no image to choose from"):
        select_images([], ["a"], (4, 4), predict=len, selection="all", wanted=1, seed=0)
