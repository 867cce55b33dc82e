"""Explained images as plain data: text, numbers and small pictures inside data addresses."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from PIL import Image

from smug.explained_images import ExplainedImage
from smug.figures.image_saliency import clipped
from smug.figures.names import method_name
from smug.figures.style import SCORE_COLOURS
from smug.io import load_json

#: Grey that hides the pixels a mask drops; not a colour of photographs or of ink on white.
DROPPED = (118, 120, 132)


def plain_image(image: ExplainedImage, files: Mapping[str, str]) -> dict[str, Any]:
    """Turn one image into what the page shows of it.

    Parameters
    ----------
    image : ExplainedImage
    files : mapping of str to str
        Paths of the arrays it was read from, by a name to print.

    Returns
    -------
    dict
        Plain values for JSON. ``methods`` holds, for every method with a map or a measure, the
        ``map`` and ``mask`` (PNG data addresses or None), its ``box`` and its ``scores``; what is
        not finite is None.
    """
    measured = [method for (method, _), value in image.scores.items() if np.isfinite(value)]
    height, width = image.pixels.shape[:2]
    return {
        "id": image.id,
        "target": image.target,
        "confidence": _finite(image.confidence),
        "label": image.label,
        "status": image.status,
        "width": width,
        "height": height,
        "picture": picture(image.pixels),
        "box": _box(image.box),
        "methods": {
            method: _method(image, method) for method in dict.fromkeys([*image.maps, *measured])
        },
        "files": dict(files),
    }


def files_by_shard(paths) -> list[dict[str, str]]:
    """Paths of the arrays that each shard's images come from, by a name to print.

    Parameters
    ----------
    paths : smug.job.Paths
        ``attribution``, ``masks`` and ``smug_maps`` in shard order, and so ``maps`` with their
        records ``settings`` for every method.
    """
    found = {
        name: paths.all(key)
        for name, key in (
            ("attribution of the first layer", "attribution"),
            ("masks", "masks"),
            ("SMUG maps", "smug_maps"),
        )
    }
    for path, record in zip(paths.all("maps"), paths.all("settings"), strict=True):
        name = method_name(load_json(record)["config"]["explainer"]["name"])
        found.setdefault(f"{name} maps", []).append(path)
    return [
        {name: str(of_name[shard]) for name, of_name in found.items()}
        for shard in range(len(paths.all("attribution")))
    ]


def plain_record(path: str | Path) -> dict[str, Any]:
    """What the page shows of a record: its stage (and method), configuration and commit."""
    record = load_json(path)
    stage, config = record["stage"], record["config"]
    method = config.get("explainer", {}).get("name")
    return {
        "name": stage
        if method is None or stage != "explain"
        else f"{stage}: {method_name(method)}",
        "path": str(path),
        "config": config,
        "commit": record["commit"],
    }


def method_names(inputs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Every method of these inputs with the name to print, in the order first met."""
    return {method: method_name(method) for one in inputs for method in one["methods"]}


def picture(pixels: np.ndarray) -> str:
    """A photograph as it is, or a grey digit as dark ink on white, as a PNG data address."""
    return _png(Image.fromarray(255 - pixels if pixels.ndim == 2 else pixels))


def map_picture(scores: np.ndarray) -> str:
    """A map in the figures' colours, from zero to its 99th percentile, as a PNG data address."""
    cut = clipped(np.maximum(scores, 0))
    levels = np.rint(255 * cut / (cut.max() or 1)).astype(np.uint8)
    image = Image.fromarray(levels).convert("P")
    colours = matplotlib.colormaps[SCORE_COLOURS](np.arange(256), bytes=True)[:, :3]
    image.putpalette(colours.tobytes())
    return _png(image)


def mask_picture(mask: np.ndarray) -> str:
    """A cover for the picture with holes where the mask keeps pixels, as a PNG data address."""
    image = Image.fromarray(mask.astype(np.uint8)).convert("P")
    image.putpalette([*DROPPED, 0, 0, 0])
    return _png(image, transparency=1, bits=1)


def _method(image: ExplainedImage, method: str) -> dict[str, Any]:
    scores = image.maps.get(method)
    mask = image.masks.get(method)
    return {
        "map": None if scores is None else map_picture(scores),
        "mask": None if mask is None else mask_picture(mask),
        "box": _box(image.best_box(method)),
        "scores": {
            metric: _finite(value)
            for (name, metric), value in image.scores.items()
            if name == method
        },
    }


def _box(box: np.ndarray) -> list[float] | None:
    return [float(edge) for edge in box] if np.isfinite(box).all() else None


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _png(image: Image.Image, **options: int) -> str:
    buffer = BytesIO()
    image.save(buffer, "PNG", optimize=True, **options)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
