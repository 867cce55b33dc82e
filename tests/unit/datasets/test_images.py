"""Images of unusual kinds are read right, or refused by name."""

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from smug.datasets.images import FORMATS, read_image
from smug.errors import SmugError

GREY = np.linspace(0, 255, 48).astype(np.uint8).reshape(6, 8)


def read(path, image, **options):
    image.save(path, **options)
    return np.asarray(read_image(path))


@pytest.mark.parametrize("name", ["x.tif", "x.png", "x.pgm"])
@pytest.mark.parametrize("most", [255, 65535])
def test_16_bit_pixels_are_scaled_down(tmp_path, name, most):
    pixels = GREY.astype(np.uint16) * (most // 255)
    found = read(tmp_path / name, Image.fromarray(pixels))
    np.testing.assert_array_equal(found[..., 0], pixels // 257)


def test_16_bit_pixels_where_white_is_zero(tmp_path):
    pixels = GREY.astype(np.uint16) * 257
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[262] = 0
    found = read(tmp_path / "x.tif", Image.fromarray(65535 - pixels), tiffinfo=tags)
    np.testing.assert_array_equal(found[..., 0], GREY)


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        (GREY.astype(np.int32), "32-bit pixels from 0 to 255"),
        (GREY.astype(np.int32) * 70_000, "32-bit pixels"),
        (GREY.astype(np.float32), "floating-point"),
        (GREY.astype(np.float32) / 255, "floating-point"),
    ],
)
def test_pixels_of_no_known_range_are_refused(tmp_path, pixels, said):
    Image.fromarray(pixels).save(tmp_path / "x.tif")
    with pytest.raises(SmugError, match=said) as found:
        read_image(tmp_path / "x.tif")
    assert "x.tif" in str(found.value)
    assert "truncated" not in str(found.value)


@pytest.mark.parametrize("name", ["x.gif", "x.png", "x.webp", "x.tif"])
def test_several_images_in_a_file_are_refused(tmp_path, name):
    frames = [Image.fromarray(np.roll(GREY, k)).convert("RGB") for k in range(3)]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
    with pytest.raises(SmugError, match="holds 3 images"):
        read_image(tmp_path / name)


def test_a_photograph_with_a_preview_is_read(tmp_path):
    photo = Image.fromarray(GREY).convert("RGB").resize((80, 60))
    path = tmp_path / "phone.jpg"
    photo.save(path, "MPO", save_all=True, append_images=[photo.resize((8, 6))], quality=100)
    assert np.abs(np.asarray(read_image(path)).astype(int) - np.asarray(photo)).max() <= 4


@pytest.mark.parametrize("kind", ["RGBA", "LA", "PA", "P"])
def test_transparent_pixels_are_white_whatever_the_mode(tmp_path, kind):
    rgba = np.stack([GREY, GREY, GREY, np.full_like(GREY, 255)], axis=-1)
    rgba[0] = 0
    image = Image.fromarray(rgba)
    options = {}
    if kind == "P":
        image = Image.fromarray(np.maximum(GREY, 1)).convert("P")
        image.putpixel((0, 0), 0)
        options = {"transparency": 0}
    elif kind != "RGBA":
        image = image.convert("LA")
    found = read(tmp_path / "x.png", image, **options)
    assert found[0, 0].tolist() == [255, 255, 255]
    np.testing.assert_array_equal(found[1:, :, 0], np.maximum(GREY, 1)[1:])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(tmp_path, orientation):
    upright = Image.fromarray(np.stack([GREY, GREY[::-1], GREY[:, ::-1]], -1))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "x.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "x.png", upright=True), upright)


@pytest.mark.parametrize("name", ["x.eps", "x.pdf", "x.ico", "x.tga", "x.sgi", "x.pcx"])
def test_formats_that_are_not_listed_are_refused(tmp_path, name):
    Image.fromarray(GREY).convert("RGB").resize((32, 32)).save(tmp_path / name)
    # Whatever its name says: the content decides.
    for path in (tmp_path / name, (tmp_path / name).rename(tmp_path / "y.png")):
        if path.exists():
            with pytest.raises(SmugError, match=r"known format \(JPEG, PNG"):
                read_image(path)


def test_listed_formats_are_read_whatever_their_name(tmp_path):
    for kind in FORMATS:
        path = tmp_path / f"{kind}.txt"
        options = {"lossless": True} if kind == "WEBP" else {"quality": 100}
        Image.fromarray(GREY).convert("RGB").save(path, kind, **options)
        found = np.asarray(read_image(path)).astype(int)
        assert np.abs(found - GREY[..., None]).max() <= 4, kind


def test_a_folder_and_an_empty_file_are_named(tmp_path):
    (tmp_path / "x.png").touch()
    for path in (tmp_path, tmp_path / "x.png"):
        with pytest.raises(SmugError, match=path.name):
            read_image(path)
