import math

import numpy as np
import pytest
from PIL import Image

from smug.datasets.imagenet import (
    class_names,
    folder_records,
    read_xml_boxes,
    training_records,
    validation_records,
)
from smug.datasets.images import prepare_images, read_image, resize
from smug.datasets.prepared import UNKNOWN, PreparedImages, count_problems
from smug.errors import SmugError

SIZE = (8, 10)
OBJECT = (
    "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin>"
    "<xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"
)


def xml(*objects, size=(20, 16)):
    sides = f"<size><width>{size[0]}</width><height>{size[1]}</height></size>" if size else ""
    body = "".join(OBJECT.format(*values) for values in objects)
    return f"<annotation>{sides}{body}</annotation>"


@pytest.fixture
def root(tmp_path):
    """A CLS-LOC tree with two synsets and four 20 x 16 images."""
    (tmp_path / "LOC_synset_mapping.txt").write_text("n1 tench, Tinca\nn2 goldfish\n")
    (tmp_path / "LOC_val_solution.csv").write_text(
        "ImageId,PredictionString\na,n2 0 0 3 3 \nb,n1 4 2 9 5 n1 10 6 13 7 \nc,n1\nd,n2 0 0 1 1\n"
    )
    images = tmp_path / "ILSVRC/Data/CLS-LOC/val"
    boxes = tmp_path / "ILSVRC/Annotations/CLS-LOC/val"
    images.mkdir(parents=True)
    boxes.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in "abcd":
        pixels = rng.integers(0, 256, (16, 20, 3), np.uint8)
        Image.fromarray(pixels).save(images / f"{name}.JPEG", quality=95)
    (boxes / "a.xml").write_text(xml(("n2", 2, 4, 11, 7), ("n1", 0, 0, 19, 15)))
    return tmp_path


def write(folder, name, text, encoding="utf-8"):
    (folder / name).write_bytes(text.encode(encoding))


def prepare(root, size=SIZE):
    records, names = validation_records(root)
    return prepare_images(records, names, size)


def test_labels_ids_and_boxes_in_resized_pixels(root):
    prepared, problems = prepare(root)
    assert prepared.images.shape == (4, 8, 10, 3)
    assert prepared.ids.tolist() == list("abcd")
    assert prepared.labels.tolist() == [1, 0, 0, 1]
    assert prepared.class_names.tolist() == ["tench", "goldfish"]
    # XML wins over the solution file, other classes do not count, the last pixel is inside.
    np.testing.assert_allclose(prepared.boxes[0], [1, 2, 6, 4])
    np.testing.assert_allclose(prepared.boxes[1], [2, 1, 7, 4])  # union of two, from the csv
    assert prepared.has_box.tolist() == [True, True, False, True]
    assert count_problems(problems) == {"no_box": 1}
    assert problems[0].image == "c"


def test_the_annotated_size_counts_where_images_were_squashed(root):
    path = root / "ILSVRC/Annotations/CLS-LOC/val/a.xml"
    path.write_text(xml(("n2", 0, 0, 199, 79), size=(400, 160)))
    np.testing.assert_allclose(prepare(root)[0].boxes[0], [0, 0, 5, 4])
    path.write_text(xml(("n2", 0, 0, 9, 7), size=None))
    np.testing.assert_allclose(prepare(root)[0].boxes[0], [0, 0, 5, 4])


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (xml(("n2", 30, 4, 40, 8)), "bad_box"),
        (xml(("n2", -40, 4, -30, 8)), "bad_box"),
        (xml(("n2", 9, 4, 5, 8)), "bad_box"),
        (xml(("n2", "x", 4, 5, 8)), "bad_box"),
        (xml(("n2", "nan", 4, 5, 8)), "bad_box"),
        (xml(("n2", 4, 4, 60, 8)), "clipped_box"),
        (xml(), "no_box"),
        ("<annotation><object>", "bad_box"),
        ("", "bad_box"),
        ("<annotation><object><name>n2</name></object></annotation>", "bad_box"),
        (xml(("n2", 1, 1, 2, 2), size=("wide", 3)), "bad_box"),
    ],
)
def test_bad_boxes_are_counted_and_do_not_stop_the_run(root, content, kind):
    (root / "ILSVRC/Annotations/CLS-LOC/val/a.xml").write_text(content)
    prepared, problems = prepare(root)
    assert len(prepared) == 4
    assert ("a", kind) in [(problem.image, problem.kind) for problem in problems]
    assert prepared.has_box[0] == (kind == "clipped_box")
    if kind == "clipped_box":
        np.testing.assert_allclose(prepared.boxes[0], [2, 2, 10, 4.5])


def test_xml_entities_are_refused(tmp_path):
    bomb = tmp_path / "bomb.xml"
    for encoding in ("utf-8", "utf-16"):
        text = '<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>'
        bomb.write_bytes(f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding))
        with pytest.raises(SmugError, match="document type"):
            read_xml_boxes(bomb, "n1")


def test_unreadable_images_are_left_out_and_named(root):
    images = root / "ILSVRC/Data/CLS-LOC/val"
    (images / "a.JPEG").write_bytes((images / "a.JPEG").read_bytes()[:300])
    (images / "b.JPEG").write_text("not an image")
    (images / "c.JPEG").unlink()
    prepared, problems = prepare(root)
    assert prepared.ids.tolist() == ["d"]
    assert count_problems(problems) == {"unreadable": 3}
    assert all(problem.image + ".JPEG" in problem.message for problem in problems)
    (images / "d.JPEG").unlink()
    prepared, problems = prepare(root)
    assert prepared.images.shape == (0, *SIZE, 3)
    assert count_problems(problems) == {"unreadable": 4}


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"])
def test_every_kind_of_image_becomes_rgb(tmp_path, mode):
    grey = np.linspace(0, 255, 48).astype(np.uint8).reshape(6, 8)
    if mode == "I;16":
        image = Image.fromarray(grey.astype(np.uint16) * 257)
    else:
        image = Image.fromarray(grey).convert(mode)
    path = tmp_path / ("x.jpg" if mode in ("CMYK", "YCbCr") else "x.png")
    image.save(path, **({"quality": 100} if path.suffix == ".jpg" else {}))
    pixels = np.asarray(read_image(path)).astype(int)
    assert pixels.shape == (6, 8, 3)
    expected = np.asarray(image.convert("L")) if mode == "1" else grey
    assert np.abs(pixels - expected[..., None]).max() <= (4 if path.suffix == ".jpg" else 0)


def test_transparency_is_laid_on_white(tmp_path):
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0] = (255, 0, 0, 255)
    Image.fromarray(pixels).save(tmp_path / "x.png")
    read = np.asarray(read_image(tmp_path / "x.png"))
    assert read[0, 0].tolist() == [255, 0, 0]
    assert read[1, 1].tolist() == [255, 255, 255]


def test_floating_point_and_huge_images_are_refused(tmp_path, monkeypatch):
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "x.tif")
    with pytest.raises(SmugError, match="floating-point"):
        read_image(tmp_path / "x.tif")
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "x.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(SmugError, match="too large"):
        read_image(tmp_path / "x.png")


def test_resize_averages_when_it_shrinks():
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:, ::2] = 200
    assert abs(resize(Image.fromarray(pixels), (2, 2)).astype(int) - 100).max() <= 20
    assert resize(Image.fromarray(pixels), (3, 5)).shape == (3, 5, 3)


def test_plain_folder(tmp_path):
    for name, size in (("b.png", (3, 4)), ("a.jpg", (40, 30)), ("notes.txt", None)):
        if size:
            Image.new("RGB", size, "red").save(tmp_path / name)
        else:
            (tmp_path / name).write_text("no image")
    records, names = folder_records(tmp_path)
    prepared, _ = prepare_images(records, names, SIZE)
    assert prepared.ids.tolist() == ["a.jpg", "b.png"]
    assert (prepared.labels == UNKNOWN).all()
    assert not prepared.has_box.any()
    assert len(names) == 1000


def test_folder_images_are_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees
    Image.new("RGB", (20, 10)).save(tmp_path / "a.jpg", exif=exif)
    assert read_image(tmp_path / "a.jpg", upright=True).size == (10, 20)
    assert read_image(tmp_path / "a.jpg").size == (20, 10)


def test_training_layout(root):
    for synset in ("n2", "n1"):
        folder = root / "ILSVRC/Data/CLS-LOC/train" / synset
        folder.mkdir(parents=True)
        Image.new("RGB", (20, 16)).save(folder / f"{synset}_7.JPEG")
    boxes = root / "ILSVRC/Annotations/CLS-LOC/train/n1"
    boxes.mkdir(parents=True)
    (boxes / "n1_7.xml").write_text(xml(("n1", 0, 0, 9, 7)))
    records, names = training_records(root)
    prepared, _ = prepare_images(records, names, SIZE)
    assert prepared.ids.tolist() == ["n1_7", "n2_7"]
    assert prepared.labels.tolist() == [0, 1]
    np.testing.assert_allclose(prepared.boxes[0], [0, 0, 5, 4])


def test_wrong_layouts_name_the_file(root, tmp_path):
    with pytest.raises(SmugError, match=r"LOC_synset_mapping\.txt"):
        validation_records(tmp_path / "nowhere")
    with pytest.raises(SmugError, match="train"):
        training_records(root)
    with pytest.raises(SmugError, match="no folder"):
        folder_records(tmp_path / "nowhere")
    with pytest.raises(SmugError, match="no image in"):
        folder_records(root / "ILSVRC")
    (root / "LOC_val_solution.csv").write_text("ImageId,PredictionString\na,n9 1 2 3 4\n")
    with pytest.raises(SmugError, match=r"line 2.*n9"):
        validation_records(root)
    (root / "LOC_synset_mapping.txt").write_text("n1\n")
    with pytest.raises(SmugError, match="synset name"):
        validation_records(root)


def test_a_broken_solution_row_is_counted(root):
    (root / "LOC_val_solution.csv").write_text("ImageId,PredictionString\nb,n1 1 2 3\n")
    prepared, problems = prepare(root)
    assert len(prepared) == 1
    assert problems[0].kind == "bad_box"


def test_class_names_are_distinct():
    assert len(set(class_names())) == len(class_names()) == 1000
    assert class_names()[285] == "Egyptian cat"


@pytest.mark.shared
def test_real_layout(shared):
    records, names = validation_records(shared / "data" / "imagenet")
    prepared, problems = prepare_images(records[::10], names, (224, 224))
    assert len(prepared) == 20
    counts = count_problems(problems)
    assert set(counts) <= {"no_box"}
    assert prepared.has_box.sum() == 20 - counts["no_box"] > 0
    boxes = prepared.boxes[prepared.has_box]
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert boxes.min() >= 0
    assert boxes.max() <= 224
    own = [name.split(" (")[0] for name in class_names()]
    assert own[:134] == names[:134]


def test_prepared_round_trip_and_take(root, tmp_path):
    prepared, _ = prepare(root)
    prepared.save(tmp_path / "p.npz")
    again = PreparedImages.load(tmp_path / "p.npz")
    for name in ("images", "labels", "ids", "boxes", "class_names"):
        np.testing.assert_array_equal(getattr(again, name), getattr(prepared, name))
    assert prepared.take(prepared.has_box).ids.tolist() == ["a", "b", "d"]
    assert prepared.take(np.array([3, 0])).labels.tolist() == [1, 1]
    assert len(prepared.take([])) == 0
    for number, ids in enumerate((["a", "b", "c"], ["d"], [])):
        shard = PreparedImages.load_shard(tmp_path / "p.npz", number, 3)
        assert shard.ids.tolist() == ids
        np.testing.assert_array_equal(shard.images, prepared.shard(number, 3).images)
        np.testing.assert_array_equal(shard.class_names, prepared.class_names)
    np.savez(tmp_path / "other.npz", images=np.zeros(3))
    with pytest.raises(SmugError, match=r"other\.npz"):
        PreparedImages.load(tmp_path / "other.npz")
    with pytest.raises(SmugError, match=r"other\.npz"):
        PreparedImages.load_shard(tmp_path / "other.npz", 0, 3)


def test_prepared_refuses_what_does_not_fit(root):
    prepared, _ = prepare(root)
    parts = (prepared.images, prepared.labels, prepared.ids, prepared.boxes, prepared.class_names)
    for row, value, text in (
        (0, prepared.images[:2], "4 ids"),
        (0, prepared.images[..., :2], "expected"),
        (0, prepared.images[:2, ..., 0], "4 ids"),
        (1, [0, 1, 2, 0], "class names"),
        (2, ["a", "a", "c", "d"], "distinct"),
    ):
        changed = list(parts)
        changed[row] = value
        with pytest.raises(SmugError, match=text):
            PreparedImages(*changed)


@pytest.mark.parametrize("name", ["..", "../../secret", "/etc/passwd", "a\\b", "a\0b", "x" * 300])
def test_no_id_or_synset_leads_out_of_the_folder(root, name):
    write(root, "LOC_val_solution.csv", f"ImageId,PredictionString\n{name},n1\n")
    with pytest.raises(SmugError, match="ImageId is"):
        validation_records(root)
    write(root, "LOC_synset_mapping.txt", f"{name} tench\n")
    with pytest.raises(SmugError, match="synset in"):
        training_records(root)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "does not begin with the line"),
        ("ImageId,PredictionString\n", "names no image"),
        ("a,n1\n", "does not begin with the line"),
        (f"ImageId,PredictionString\na,n1{' 1' * 70_000}\n", "line 2 has more than"),
        ("ImageId,PredictionString\na,n1\na,n2\n", "line 3: a stands on line 2 already"),
    ],
)
def test_a_solution_file_without_use_is_said(root, text, said):
    write(root, "LOC_val_solution.csv", text)
    with pytest.raises(SmugError, match=said):
        validation_records(root)


def test_a_byte_order_mark_is_passed_over(root):
    plain = validation_records(root)
    for name in ("LOC_val_solution.csv", "LOC_synset_mapping.txt"):
        write(root, name, (root / name).read_text(), "utf-8-sig")
    again = validation_records(root)
    assert [r.id for r in again[0]] == [r.id for r in plain[0]] == list("abcd")
    assert again[1] == plain[1] == ["tench", "goldfish"]


@pytest.mark.parametrize("side", ["inf", "-inf", "nan", "-20", "1e400", "1e12", "wide"])
@pytest.mark.parametrize("which", [0, 1])
def test_an_impossible_size_leaves_no_box(root, side, which):
    size = [20, 16]
    size[which] = side
    path = root / "ILSVRC/Annotations/CLS-LOC/val/a.xml"
    path.write_text(xml(("n2", 2, 4, 11, 7), size=size))
    prepared, problems = prepare(root)
    assert not prepared.has_box[0]
    assert ("a", "bad_box") in [(problem.image, problem.kind) for problem in problems]


@pytest.mark.parametrize("edge", range(1, 5))
@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "1e400", "-1e300", "1e300", "0x10", ""])
def test_a_box_is_inside_its_image_or_there_is_none(root, edge, value):
    one = ["n2", 2, 4, 11, 7]
    one[edge] = value
    (root / "ILSVRC/Annotations/CLS-LOC/val/a.xml").write_text(xml(one))
    prepared, problems = prepare(root)
    assert "a" in [problem.image for problem in problems]
    if prepared.has_box[0]:
        x1, y1, x2, y2 = prepared.boxes[0]
        assert 0 <= x1 < x2 <= 10
        assert 0 <= y1 < y2 <= 8
    else:
        assert all(map(math.isnan, prepared.boxes[0]))


def test_a_size_of_zero_counts_as_left_out(root):
    path = root / "ILSVRC/Annotations/CLS-LOC/val/a.xml"
    path.write_text(xml(("n2", 0, 0, 9, 7), size=(0, 0)))
    np.testing.assert_allclose(prepare(root)[0].boxes[0], [0, 0, 5, 4])


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\0", b"<a>" * 100_000, b"<a>" * 1_000_000, b"\0", b"<a b='&#x110000;'/>"]
)
def test_damaged_annotations_are_named(tmp_path, content):
    (tmp_path / "a.xml").write_bytes(content)
    with pytest.raises(SmugError, match=r"a\.xml is not a readable annotation"):
        read_xml_boxes(tmp_path / "a.xml", "n1")
