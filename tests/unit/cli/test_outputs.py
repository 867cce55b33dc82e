from pathlib import Path
from types import SimpleNamespace

import pytest

from smug.cli.outputs import PICTURES, check_options, is_output, plan, plan_table
from smug.errors import SmugError


def options(output=None, output_dir=None, overwrite=False):
    return SimpleNamespace(output=output, output_dir=output_dir, overwrite=overwrite)


def names(planned):
    return [sorted({str(path) for path in outputs}) for outputs in planned]


def test_names_carry_the_method():
    (one,) = plan([Path("a/photo.jpg")], ["gradcam"], options(), ".png")
    files = [f"a/photo.gradcam.{ending}" for ending in ("json", "npz", "png")]
    assert names([one]) == [files]
    (two,) = plan([Path("photo.v2.jpg")], ["smug", "sis"], options(output_dir="b"), ".png")
    assert str(two.shown) == "b/photo.v2.methods.png"
    assert [str(two.arrays(method)) for method in two.methods] == [
        "b/photo.v2.methods.smug.npz",
        "b/photo.v2.methods.sis.npz",
    ]


def test_a_name_that_was_given_is_kept():
    (one,) = plan([Path("a.jpg")], ["smug"], options(output="b/x_0.1.pdf"), ".png")
    assert names([one]) == [["b/x_0.1.json", "b/x_0.1.npz", "b/x_0.1.pdf"]]
    (two,) = plan([Path("a.jpg")], ["smug", "sis"], options(output="x.png"), ".png")
    files = ["x.png", "x.sis.json", "x.sis.npz", "x.smug.json", "x.smug.npz"]
    assert names([two]) == [files]


@pytest.mark.parametrize(
    ("images", "folder"),
    [
        (["photo.jpg", "photo.png", "other.png"], None),
        (["a/photo.jpg", "b/photo.jpg"], "out"),
        (["a/photo.jpg", "b/photo.jpg", "b/photo.png"], "out"),
        (["a/photo.jpg", "b/photo.jpg"], None),
    ],
)
def test_no_two_images_share_a_file(images, folder):
    planned = plan([Path(image) for image in images], ["smug"], options(output_dir=folder), ".png")
    files = [str(path) for outputs in planned for path in {*outputs}]
    assert len(files) == len(set(files)) == 3 * len(images)


def test_images_that_cannot_be_told_apart_are_refused():
    images = [Path("x/a/photo.jpg"), Path("y/a/photo.jpg")]
    with pytest.raises(SmugError, match="2 images would write out/a_photo"):
        plan(images, ["smug"], options(output_dir="out"), ".png")


@pytest.mark.parametrize("ending", ["png", "npz", "json"])
def test_no_file_is_replaced_unasked(tmp_path, ending):
    (tmp_path / f"photo.smug.{ending}").touch()
    with pytest.raises(SmugError, match=rf"photo\.smug\.{ending} exists; --overwrite replaces it"):
        plan([tmp_path / "photo.jpg"], ["smug"], options(), ".png")
    plan([tmp_path / "photo.jpg"], ["smug"], options(overwrite=True), ".png")
    plan([tmp_path / "photo.jpg"], ["gradcam"], options(), ".png")


def test_the_table_lies_beside_its_images(tmp_path):
    inside = [tmp_path / "a.png", tmp_path / "b.png"]
    assert plan_table(inside, options()) == tmp_path / "explained.csv"
    assert plan_table(inside, options(output_dir="out")) == Path("out/explained.csv")
    assert plan_table([*inside, Path("c/d.png")], options()) == Path("explained.csv")
    (tmp_path / "explained.csv").touch()
    with pytest.raises(SmugError, match=r"explained\.csv exists"):
        plan_table(inside, options())


def test_pictures_of_ours_are_known(tmp_path):
    for name in ("photo.gradcam.json", "photo.smug.json", "photo.methods.sis.json"):
        (tmp_path / name).touch()
    known = {"photo.gradcam.png", "photo.smug.pdf", "photo.methods.png"}
    foreign = ("photo.sis.png", "other.smug.png", "other.methods.png", "photo.png", "gradcam.png")
    for name in (*known, *foreign):
        assert is_output(tmp_path / name) == (name in known)


@pytest.mark.parametrize(
    ("given", "several", "said"),
    [
        ({"output": "result"}, False, "has no ending; allowed: .png"),
        ({"output": "r.foo"}, False, "the ending .foo; allowed: .png"),
        ({"output": "r.smug"}, False, "the ending .smug"),
        ({"output": "r.png"}, True, "give --output-dir"),
        ({"output": "r.png", "output_dir": "b"}, False, "contradict"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused(given, several, said):
    with pytest.raises(SmugError) as found:
        check_options(options(**given), PICTURES, several=several)
    assert said in str(found.value)


def test_the_endings_of_pictures_are_allowed():
    for ending in (*PICTURES, ".PNG"):
        check_options(options(output=f"x{ending}"), PICTURES, several=False)
