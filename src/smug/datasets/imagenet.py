"""ImageNet in the layout of Kaggle's "ImageNet Object Localization Challenge" (CLS-LOC)."""

from __future__ import annotations

import csv
import functools
import math
import os
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

from smug.datasets.images import Annotation, Box, ImageRecord
from smug.errors import SmugError

_IMAGES = "ILSVRC/Data/CLS-LOC"
_BOXES = "ILSVRC/Annotations/CLS-LOC"
_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"}


@functools.cache
def class_names() -> tuple[str, ...]:
    """Short names of the 1000 ImageNet classes in label order, from the package's own list."""
    text = resources.files("smug.models").joinpath("imagenet_classes.txt").read_text("utf-8")
    return tuple(text.splitlines())


def read_synsets(root: str | os.PathLike) -> tuple[list[str], list[str]]:
    """Read ``LOC_synset_mapping.txt``: synsets in label order and the first name of each."""
    path = Path(root) / "LOC_synset_mapping.txt"
    lines = [line for line in _read_text(path).splitlines() if line.strip()]
    if not lines or any(" " not in line.strip() for line in lines):
        raise SmugError(f"{path} must hold one 'synset name, name ...' a line")
    pairs = [line.strip().split(" ", 1) for line in lines]
    return [synset for synset, _ in pairs], [names.split(",")[0].strip() for _, names in pairs]


def validation_records(root: str | os.PathLike) -> tuple[list[ImageRecord], list[str]]:
    """List the validation images that ``LOC_val_solution.csv`` names.

    Parameters
    ----------
    root : path-like
        Folder that holds ``ILSVRC/``, ``LOC_val_solution.csv`` and ``LOC_synset_mapping.txt``.

    Returns
    -------
    list of ImageRecord
        In the file's order. An image's box is the tightest around all boxes of its class: from
        its XML file, or from the solution file where there is no XML.
    list of str
        Class names in label order.
    """
    root = Path(root)
    synsets, names = read_synsets(root)
    labels = {synset: label for label, synset in enumerate(synsets)}
    path = root / "LOC_val_solution.csv"
    records = []
    for number, row in enumerate(csv.DictReader(_read_text(path).splitlines()), start=2):
        image, prediction = row.get("ImageId"), (row.get("PredictionString") or "").split()
        if not image or not prediction or prediction[0] not in labels:
            raise SmugError(
                f"{path}, line {number}: {row} is not 'ImageId,PredictionString' with a synset "
                "of LOC_synset_mapping.txt"
            )
        records.append(
            ImageRecord(
                id=image,
                path=root / _IMAGES / "val" / f"{image}.JPEG",
                label=labels[prediction[0]],
                annotation=functools.partial(
                    _annotation, root / _BOXES / "val" / f"{image}.xml", prediction
                ),
            )
        )
    return records, names


def training_records(root: str | os.PathLike) -> tuple[list[ImageRecord], list[str]]:
    """List the training images, one folder a synset under ``ILSVRC/Data/CLS-LOC/train``.

    Returns
    -------
    list of ImageRecord
        Sorted by folder and name, with the boxes of their XML files.
    list of str
        Class names in label order.
    """
    root = Path(root)
    synsets, names = read_synsets(root)
    folder = root / _IMAGES / "train"
    records = [
        ImageRecord(
            id=path.stem,
            path=path,
            label=label,
            annotation=functools.partial(
                _annotation, root / _BOXES / "train" / synset / f"{path.stem}.xml", [synset]
            ),
        )
        for label, synset in enumerate(synsets)
        for path in sorted((folder / synset).glob("*.JPEG"))
    ]
    if not records:
        raise SmugError(f"no <synset>/*.JPEG below {folder}; check the dataset's root")
    return records, names


def folder_records(root: str | os.PathLike) -> tuple[list[ImageRecord], list[str]]:
    """List the image files of a plain folder: no labels, no boxes, turned upright.

    Returns
    -------
    list of ImageRecord
        Sorted by file name, which is also the id.
    list of str
        The ImageNet class names.
    """
    root = Path(root)
    if not root.is_dir():
        raise SmugError(f"no folder at {root}; check the dataset's root")
    paths = sorted(path for path in root.iterdir() if path.suffix.lower() in _SUFFIXES)
    if not paths:
        raise SmugError(f"no image in {root}; known suffixes: {', '.join(sorted(_SUFFIXES))}")
    records = [ImageRecord(id=path.name, path=path, upright=True) for path in paths]
    return records, list(class_names())


def _annotation(xml: Path, prediction: Sequence[str]) -> Annotation | None:
    """Annotation from the XML file, else from a solution row ``[synset, x1, y1, x2, y2, ...]``."""
    if xml.is_file():
        return read_xml_boxes(xml, prediction[0])
    numbers = [word for k, word in enumerate(prediction) if k % 5]
    if not numbers:
        return None
    if len(prediction) % 5:
        raise SmugError(f"'{' '.join(prediction)}' is not a list of 'synset x1 y1 x2 y2'")
    boxes = [_box(numbers[k : k + 4], "LOC_val_solution.csv") for k in range(0, len(numbers), 4)]
    return Annotation(_union(boxes))


def read_xml_boxes(path: str | os.PathLike, synset: str) -> Annotation | None:
    """Read the boxes of one class from a PASCAL-VOC file and join them.

    Parameters
    ----------
    path : path-like
        XML file. Document types and entities are refused: annotations need none.
    synset : str
        Class whose objects count; all objects count where none has it.

    Returns
    -------
    Annotation or None
        The tightest box around the objects (last pixel included, so edges reach one further),
        with the image size the file states; None if it lists no object.
    """
    try:
        parser = ElementTree.XMLParser(target=_PlainTree())
        tree = ElementTree.fromstring(Path(path).read_bytes(), parser)
    except (ElementTree.ParseError, OSError, ValueError, LookupError) as error:
        raise SmugError(f"{path} is not a readable annotation ({error})") from error
    objects = tree.findall("object")
    chosen = [o for o in objects if (o.findtext("name") or "").strip() == synset] or objects
    if not chosen:
        return None
    edges = ("xmin", "ymin", "xmax", "ymax")
    boxes = [_box([o.findtext(f"bndbox/{edge}") for edge in edges], path) for o in chosen]
    try:
        width, height = (
            float(tree.findtext(f"size/{side}") or "nan") for side in ("width", "height")
        )
    except ValueError as error:
        raise SmugError(f"{path} states no image size ({error})") from error
    return Annotation(_union(boxes), (width, height) if width > 0 and height > 0 else None)


class _PlainTree(ElementTree.TreeBuilder):
    """Tree builder that refuses documents with a DOCTYPE (where entity bombs are declared)."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError(f"it declares a document type {name!r}")


def _box(words: Sequence[str | None], source: str | os.PathLike) -> Box:
    """Edges from inclusive pixel positions as text."""
    try:
        x1, y1, x2, y2 = (float(word or "") for word in words)
    except (TypeError, ValueError) as error:
        raise SmugError(f"{source}: box {list(words)} is not four numbers") from error
    if not all(map(math.isfinite, (x1, y1, x2, y2))) or x2 < x1 or y2 < y1:
        raise SmugError(f"{source}: box {list(words)} is empty or not finite")
    return x1, y1, x2 + 1, y2 + 1


def _union(boxes: Sequence[Box]) -> Box:
    x1, y1, x2, y2 = zip(*boxes, strict=True)
    return min(x1), min(y1), max(x2), max(y2)


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SmugError(
            f"cannot read {path} ({error}); the dataset's root must hold ILSVRC/, "
            "LOC_val_solution.csv and LOC_synset_mapping.txt"
        ) from error
