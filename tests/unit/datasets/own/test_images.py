import numpy as np
import pytest
from PIL import Image

from smug.datasets.images import prepare_images
from smug.datasets.own.images import in_grey, list_images
from smug.errors import SmugError


def draw(path, colour=(10, 20, 30), size=(8, 6)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def test_a_folder_a_class_gives_the_labels(tmp_path):
    for name in ("cat/b.png", "cat/a.png", "dog/deep/c.png"):
        draw(tmp_path / name)
    (tmp_path / "dog/notes.txt").write_text("no image")
    listed = list_images(tmp_path, None)
    assert listed.ids == ["cat/a.png", "cat/b.png", "dog/deep/c.png"]
    assert listed.labels == ["cat", "cat", "dog"]
    records = listed.records(np.array([0, 0, 1]))
    assert [record.label for record in records] == [0, 0, 1]


def test_loose_images_have_no_label(tmp_path):
    draw(tmp_path / "a.png")
    listed = list_images(tmp_path, None)
    assert listed.labels is None
    assert [record.label for record in listed.records(np.zeros(0, int))] == [-1]


def test_a_table_names_paths_labels_and_boxes(tmp_path):
    draw(tmp_path / "in/a.png")
    draw(tmp_path / "in/b.png")
    table = tmp_path / "images.csv"
    table.write_text("path,kind,x1,y1,x2,y2\nin/a.png,cat,1,2,5,6\nin/b.png,dog,,,,\n")
    listed = list_images(table, "kind")
    assert listed.labels == ["cat", "dog"]
    # Twice as wide and three times as high as the files: the box grows with them.
    prepared, problems = prepare_images(listed.records(np.array([0, 1])), ["cat", "dog"], (18, 16))
    assert prepared.boxes[0].tolist() == [2, 6, 10, 18]
    assert np.isnan(prepared.boxes[1]).all()
    assert [problem.kind for problem in problems] == ["no_box"]


def test_what_is_no_folder_of_images_is_named(tmp_path):
    with pytest.raises(SmugError, match=r"no folder or table .*nowhere"):
        list_images(tmp_path / "nowhere", None)
    with pytest.raises(SmugError, match=r"no image in .*known endings: .bmp"):
        list_images(tmp_path, None)
    draw(tmp_path / "a.png")
    draw(tmp_path / "cat/b.png")
    with pytest.raises(SmugError, match=r"holds images \(a.png\) beside folders"):
        list_images(tmp_path, None)
    (tmp_path / "t.csv").write_text("file\na.png\n")
    with pytest.raises(SmugError, match=r"unknown column of images 'path'; known: file"):
        list_images(tmp_path / "t.csv", None)
    (tmp_path / "t.csv").write_text("path\na.png\na.png\n")
    with pytest.raises(SmugError, match=r"names the image a.png in several rows"):
        list_images(tmp_path / "t.csv", None)
    (tmp_path / "t.csv").write_text("path,x1\na.png,3\n")
    with pytest.raises(SmugError, match=r"unknown column of boxes 'y1'"):
        list_images(tmp_path / "t.csv", None)


def test_grey_pixels_stay_what_they_are_and_colours_become_their_luma():
    images = np.array([[[[200, 200, 200], [255, 0, 0]]]], np.uint8)
    assert in_grey(images).tolist() == [[[200, 76]]]
