"""Read image files of any kind and size into prepared arrays."""

from __future__ import annotations

import math
import os
import struct
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from smug.datasets.prepared import UNKNOWN, PreparedImages, Problem
from smug.errors import SmugError

Box = tuple[float, float, float, float]

_UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error)

#: Formats that are read; Pillow's others start programs (EPS) or are seldom tested.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
#: Endings of their files, by which a folder's images are found.
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".ppm", ".tif", ".tiff", ".webp"})

#: Numbers of TIFF's tags, and the value of the second for images with white as zero.
_BITS, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0


@dataclass(frozen=True)
class Annotation:
    """Box of an image: edges ``x1, y1, x2, y2`` and the image size they refer to.

    ``size`` is (width, height) of the annotated image in pixels; None if it is the file's own.
    """

    box: Box
    size: tuple[float, float] | None = None


@dataclass(frozen=True)
class ImageRecord:
    """One image to prepare.

    Parameters
    ----------
    id : str
        Distinct name.
    path : pathlib.Path
        The image file.
    label : int
        Class index or :data:`~smug.datasets.prepared.UNKNOWN`.
    annotation : callable, optional
        Returns the image's :class:`Annotation` or None when it is prepared (so that listing
        50,000 images opens no file); raises SmugError for a damaged one.
    upright : bool
        Whether to turn the image as its EXIF orientation says.
    """

    id: str
    path: Path
    label: int = UNKNOWN
    annotation: Callable[[], Annotation | None] | None = None
    upright: bool = False


def read_image(path: str | os.PathLike, upright: bool = False) -> Image.Image:
    """Read an image file as 8-bit RGB.

    Grey, palette, CMYK and 16-bit images are converted; transparent pixels are laid on white.

    Parameters
    ----------
    path : path-like
        A file of one of :data:`FORMATS`.
    upright : bool
        Whether to turn the image as its EXIF orientation says (photographs from a phone).

    Raises
    ------
    SmugError
        If the file is missing, no image of these formats, truncated or larger than Pillow's
        safety limit; if it holds several images, or pixels of no known range (32-bit).
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                _check_single(image)
                image.load()
                return _to_rgb(ImageOps.exif_transpose(image) if upright else image, image)
    except FileNotFoundError as error:
        raise SmugError(f"no image at {path}; check the dataset's root") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise SmugError(f"{path} is too large ({error}); scale it down first") from error
    except UnidentifiedImageError as error:
        raise SmugError(
            f"{path} is not a readable image of a known format ({', '.join(FORMATS)}); "
            "save it as one of them"
        ) from error
    except _UNREADABLE as error:
        raise SmugError(
            f"{path} is not a readable image ({type(error).__name__}: {error}); "
            "it may be truncated: fetch it again or leave it out"
        ) from error
    except _Unsuitable as error:
        raise SmugError(f"{path} {error}") from error


class _Unsuitable(Exception):
    """An image that can be read, but is not one that can be explained."""


def _check_single(image: Image.Image) -> None:
    frames = getattr(image, "n_frames", 1)
    # A phone's JPEG may hold the photograph first, then previews of it: Pillow calls it MPO.
    if frames > 1 and image.format != "MPO":
        raise _Unsuitable(f"holds {frames} images; save the one that is meant by itself")


def _to_rgb(image: Image.Image, source: Image.Image) -> Image.Image:
    """Convert an image that was read from a file, and perhaps turned since."""
    if image.mode.startswith("I"):
        return _from_16_bit(np.asarray(image), source).convert("RGB")
    if image.mode == "F":
        raise _Unsuitable(
            "holds floating-point pixels, which have no known range; save it as 8 or 16 bit"
        )
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _from_16_bit(pixels: np.ndarray, source: Image.Image) -> Image.Image:
    """Grey image of 16-bit pixels; Pillow's own conversion would clip them at 255."""
    tags = getattr(source, "tag_v2", {})
    bits = max(tags.get(_BITS, (16,)))
    if bits > 16 or pixels.min() < 0:
        raise _Unsuitable(
            f"holds {'signed' if bits <= 16 else f'{bits}-bit'} pixels from {pixels.min()} to "
            f"{pixels.max()}, which have no known range; save it as 8 or 16 bit"
        )
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        pixels = 65535 - pixels
    return Image.fromarray((pixels // 257).clip(0, 255).astype(np.uint8))


def resize(image: Image.Image, size: tuple[int, int]) -> np.ndarray:
    """Squash an image to ``size`` (height, width), bilinear, as uint8 (height, width, 3)."""
    height, width = size
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), np.uint8)


def prepare_images(
    records: Sequence[ImageRecord], class_names: Sequence[str], size: tuple[int, int]
) -> tuple[PreparedImages, tuple[Problem, ...]]:
    """Read, resize and label images; a bad image never stops the others.

    Parameters
    ----------
    records : sequence of ImageRecord
        The images, in the order wanted.
    class_names : sequence of str
        Name of each class index.
    size : (int, int)
        Height and width of the model's input.

    Returns
    -------
    PreparedImages
        All readable images.
    tuple of Problem
        What was wrong, image by image: see :class:`~smug.datasets.prepared.Problem`.
    """
    images, kept, boxes, problems = [], [], [], []
    for record in records:
        try:
            image = read_image(record.path, record.upright)
        except SmugError as error:
            problems.append(Problem(record.id, "unreadable", str(error)))
            continue
        box, problem = _resized_box(record, image.size, size)
        if problem is not None:
            problems.append(problem)
        images.append(resize(image, size))
        kept.append(record)
        boxes.append(box)
    prepared = PreparedImages(
        images=np.stack(images) if images else np.zeros((0, *size, 3), np.uint8),
        labels=np.array([record.label for record in kept], np.int64),
        ids=np.array([record.id for record in kept], np.str_),
        boxes=np.array(boxes, np.float64).reshape(-1, 4),
        class_names=np.array(class_names, np.str_),
    )
    return prepared, tuple(problems)


def _resized_box(
    record: ImageRecord, own: tuple[int, int], size: tuple[int, int]
) -> tuple[Box, Problem | None]:
    """Box in pixels of the resized image (NaN if there is none) and what is wrong with it."""
    nothing = (math.nan,) * 4
    try:
        annotation = record.annotation() if record.annotation else None
    except SmugError as error:
        return nothing, Problem(record.id, "bad_box", str(error))
    if annotation is None:
        return nothing, Problem(record.id, "no_box", f"{record.id} has no box")
    width, height = annotation.size or own
    x1, y1, x2, y2 = annotation.box
    clipped = (max(x1, 0.0), max(y1, 0.0), min(x2, width), min(y2, height))
    where = f"box {annotation.box} of {record.id} ({width:g}x{height:g} pixels)"
    if not all(map(math.isfinite, (*annotation.box, width, height))) or width <= 0 or height <= 0:
        return nothing, Problem(record.id, "bad_box", f"{where} is not finite")
    if clipped[0] >= clipped[2] or clipped[1] >= clipped[3]:
        message = f"{where} is empty or outside the image"
        return nothing, Problem(record.id, "bad_box", message)
    problem = None
    # One pixel over the edge is how some annotators count, not an error.
    if max(abs(a - b) for a, b in zip(clipped, annotation.box, strict=True)) > 1:
        problem = Problem(record.id, "clipped_box", f"{where} reaches outside; clipped")
    across, down = size[1] / width, size[0] / height
    x1, y1, x2, y2 = clipped
    return (x1 * across, y1 * down, x2 * across, y2 * down), problem
