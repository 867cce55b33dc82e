"""ImageNet in the layout of Kaggle's "ImageNet Object Localization Challenge" (CLS-LOC)."""

from __future__ import annotations

import csv
import functools
import math
import os
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from smug.datasets.images import SUFFIXES, Annotation, Box, ImageRecord
from smug.datasets.synsets import check_file_name, class_names, read_synsets, read_table
from smug.errors import SmugError
from smug.io import reading

_IMAGES = "ILSVRC/Data/CLS-LOC"
_BOXES = "ILSVRC/Annotations/CLS-LOC"
#: Bytes of an annotation, and letters of a line of the solution file: above all honest ones.
_LONGEST_XML, _LONGEST_ROW = 2**20, 2**17
#: Side of an image that an annotation may state, in pixels.
_LONGEST_SIDE = 10**6


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
    records: list[ImageRecord] = []
    line_of: dict[str, int] = {}
    for number, row in _solution_rows(path):
        image, prediction = row.get("ImageId"), (row.get("PredictionString") or "").split()
        if not image or not prediction or prediction[0] not in labels:
            raise SmugError(
                f"{path}, line {number}: {row} is not 'ImageId,PredictionString' with a synset "
                "of LOC_synset_mapping.txt"
            )
        check_file_name(image, f"{path}, line {number}: ImageId")
        if image in line_of:
            raise SmugError(
                f"{path}, line {number}: {image} stands on line {line_of[image]} already; "
                "one row an image"
            )
        line_of[image] = number
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


def _solution_rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Rows of ``LOC_val_solution.csv`` by the line's number; at least one."""
    lines = read_table(path).splitlines()
    if long := [number for number, line in enumerate(lines, 1) if len(line) > _LONGEST_ROW]:
        raise SmugError(f"{path}, line {long[0]} has more than {_LONGEST_ROW} letters; fetch again")
    try:
        table = csv.DictReader(lines)
        rows, columns = list(table), table.fieldnames
    except csv.Error as error:
        raise SmugError(f"{path} is no table of 'ImageId,PredictionString' ({error})") from error
    if not {"ImageId", "PredictionString"} <= set(columns or ()):
        raise SmugError(f"{path} does not begin with the line 'ImageId,PredictionString'")
    if not rows:
        raise SmugError(f"{path} names no image below its first line; fetch it again")
    return list(enumerate(rows, start=2))


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
    paths = sorted(path for path in root.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise SmugError(f"no image in {root}; known suffixes: {', '.join(sorted(SUFFIXES))}")
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
    with reading(path, damaged="is not a readable annotation", step="fetch it again"):
        if Path(path).stat().st_size > _LONGEST_XML:
            raise ValueError(f"more than {_LONGEST_XML} bytes")
        parser = ElementTree.XMLParser(target=_PlainTree())
        tree = ElementTree.fromstring(Path(path).read_bytes(), parser)
    objects = tree.findall("object")
    chosen = [o for o in objects if (o.findtext("name") or "").strip() == synset] or objects
    if not chosen:
        return None
    edges = ("xmin", "ymin", "xmax", "ymax")
    boxes = [_box([o.findtext(f"bndbox/{edge}") for edge in edges], path) for o in chosen]
    return Annotation(_union(boxes), _size(tree, path))


def _size(tree: ElementTree.Element, path: str | os.PathLike) -> tuple[float, float] | None:
    """Width and height that an annotation states; None where it leaves them out or says 0."""
    told = [tree.findtext(f"size/{side}") or "0" for side in ("width", "height")]
    try:
        width, height = (float(word) for word in told)
    except ValueError as error:
        raise SmugError(f"{path} states no image size ({error})") from error
    if not (0 <= width <= _LONGEST_SIDE and 0 <= height <= _LONGEST_SIDE):
        raise SmugError(
            f"{path}: the size {' x '.join(told)} is none of an image; at most {_LONGEST_SIDE} "
            "pixels a side are allowed"
        )
    return (width, height) if width and height else None


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
