"""Explained inputs as plain data: text, numbers and small pictures inside data addresses."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from PIL import Image

from smug.drawing import SCORE_COLOURS
from smug.figures.image_saliency import clipped
from smug.io import load_json
from smug.pipeline.explained_images import ExplainedImage
from smug.pipeline.method_names import method_name
from smug.pipeline.shards import SaliencyShard, SolvedShard
from smug.reviews.highlighted import HighlightedReview

#: Grey that hides the pixels a mask drops; not a colour of photographs or of ink on white.
DROPPED = (118, 120, 132)


def plain_image(image: ExplainedImage, failed: Mapping[str, str]) -> dict[str, Any]:
    """Turn one image into plain values.

    Parameters
    ----------
    image : ExplainedImage
    failed : mapping of str to str
        Why methods found no map, by method.

    Returns
    -------
    dict
        Plain values for JSON. ``methods`` holds, for every method with a map, a measure or a
        failure, the ``map`` and ``mask`` (PNG data addresses or None), its ``box``, its ``scores``
        and why it ``failed``; what is not finite is None.
    """
    measured = [method for (method, _), value in image.scores.items() if np.isfinite(value)]
    height, width = image.pixels.shape[:2]
    truth = f", truly {image.label}" if image.label and image.label != image.target else ""
    return {
        "id": image.id,
        "title": image.target,
        "said": f"{image.id}: probability {image.confidence:.3g}{truth}; mask {image.status}",
        "found_by": f"{image.id} {image.target} {image.label}",
        "width": width,
        "height": height,
        "picture": picture(image.pixels),
        "box": _box(image.box),
        "methods": {
            method: _method(image, method, failed.get(method))
            for method in dict.fromkeys([*image.maps, *measured, *failed])
        },
    }


def plain_review(review: HighlightedReview, scores: pd.DataFrame) -> dict[str, Any]:
    """Turn the card of one review into plain values.

    Parameters
    ----------
    review : HighlightedReview
    scores : pandas.DataFrame
        Result rows of this review.

    Returns
    -------
    dict
        As :func:`plain_image`; in place of pictures ``words``, the ``rationale`` and each method's
        ``levels`` of highlight with its ``note``.
    """
    known = f", score {review.score:.2f}" if np.isfinite(review.score) else ""
    measures = scores.groupby("method")
    return {
        "id": review.title,
        "title": review.title,
        "said": f"{review.aspect} predicted {review.prediction:.2f}{known}",
        "found_by": f"{review.title} {' '.join(review.words)}",
        "words": list(review.words),
        "rationale": review.marked.tolist(),
        "methods": {
            method: {
                "levels": review.levels(method).tolist(),
                "note": review.notes.get(method, ""),
                "failed": review.notes.get(method, "") if method in review.unanswered else None,
                "scores": {
                    metric: _finite(value)
                    for of in ([measures.get_group(method)] if method in measures.groups else [])
                    for metric, value in zip(of["metric"], of["value"], strict=True)
                },
            }
            for method in review.saliency
        },
    }


def page_data(
    records: Sequence[Path],
    inputs: Sequence[Mapping[str, Any]],
    *,
    kind: str,
    dataset: str,
    generated: bool,
    explained: int,
    name_of: Callable[[str], str],
) -> dict[str, Any]:
    """One dataset as the page gets it.

    Parameters
    ----------
    records : sequence of path
        Records of the stages behind the inputs, of every shard.
    inputs : sequence of mapping
        Of :func:`plain_image` or :func:`plain_review`, with ``files``, ``shard`` and ``row``.
    kind : {"pictures", "words"}
    dataset : str
        Name to show.
    generated : bool
        Whether a program made the inputs.
    explained : int
        Inputs explained in the run, shown or not.
    name_of : callable
        From a method to the name to print.
    """
    methods = dict.fromkeys(method for one in inputs for method in one["methods"])
    return {
        "kind": kind,
        "dataset": dataset,
        "generated": generated,
        "explained": explained,
        "names": {method: name_of(method) for method in methods},
        "inputs": list(inputs),
        "records": [plain_record(path) for path in records],
    }


def failures(
    masks: Sequence[Path], maps: Sequence[Path], settings: Sequence[Path]
) -> dict[str, dict[str, str]]:
    """Reasons for which methods found no map of an image: by image, then by method.

    Parameters
    ----------
    masks : sequence of path
        Of SMUG.
    maps, settings : sequence of path
        Maps of the other methods and their records, in one order.
    """
    found: dict[str, dict[str, str]] = {}
    for path in masks:
        solved = SolvedShard.load(path)
        for method, answered in (("smug", solved.has_mask()), ("smug_base", solved.has_nodes())):
            for row in np.flatnonzero(~answered):
                why = solved.message[row] or f"mask problem: {solved.status[row]}"
                found.setdefault(str(solved.ids[row]), {})[method] = str(why)
    for path, record in zip(maps, settings, strict=True):
        method, shard = load_json(record)["config"]["explainer"]["name"], SaliencyShard.load(path)
        for row in np.flatnonzero(shard.message != ""):
            found.setdefault(str(shard.ids[row]), {})[method] = str(shard.message[row])
    return found


def files_by_shard(
    *,
    attribution: Sequence[Path],
    masks: Sequence[Path],
    smug_maps: Sequence[Path],
    maps: Sequence[Path],
    settings: Sequence[Path],
    sets: Sequence[Path] = (),
) -> list[dict[str, str]]:
    """Paths of the arrays that each shard's inputs come from, by a name to print.

    Parameters
    ----------
    attribution, masks, smug_maps, sets : sequence of path
        A file a shard; ``sets`` of reviews only.
    maps, settings : sequence of path
        Maps of the other methods, those of each in shard order, and their records.
    """
    known: dict[str, Sequence[Path]] = {
        "attribution of the first layer": attribution,
        "masks": masks,
        "SMUG maps": smug_maps,
        "sufficient words": sets,
    }
    of_methods: dict[str, list[Path]] = {}
    for path, record in zip(maps, settings, strict=True):
        name = method_name(load_json(record)["config"]["explainer"]["name"])
        of_methods.setdefault(f"{name} maps", []).append(path)
    found = {name: files for name, files in {**known, **of_methods}.items() if files}
    return [
        {name: str(files[shard]) for name, files in found.items()}
        for shard in range(len(attribution))
    ]


def plain_record(path: Path) -> dict[str, Any]:
    """Shown parts of a record: stage (and method), shard, configuration and commit."""
    record = load_json(path)
    stage, config = record["stage"], record["config"]
    method = config.get("explainer", {}).get("name")
    return {
        "name": f"{stage}: {method_name(method)}" if stage == "explain" else stage,
        # What is made for all shards at once has a name in place of a number.
        "shard": int(path.stem) if path.stem.isdigit() else None,
        "path": str(path),
        "config": config,
        "commit": record["commit"] or "unknown",
    }


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


def _method(image: ExplainedImage, method: str, failed: str | None) -> dict[str, Any]:
    scores = None if failed else image.maps.get(method)
    mask = None if failed else image.masks.get(method)
    return {
        "map": None if scores is None else map_picture(_across(scores, image.pixels)),
        "mask": None if mask is None else mask_picture(_across(mask, image.pixels)),
        "box": _box(image.best_box(method)),
        "failed": failed,
        "scores": {
            metric: _finite(value)
            for (name, metric), value in image.scores.items()
            if name == method
        },
    }


def _across(values: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Values of features or steps as columns of the picture that they are drawn in."""
    if values.ndim > 1:
        return values
    height, width = pixels.shape[:2]
    return np.tile(np.repeat(values, width // len(values)), (height, 1))


def _box(box: np.ndarray) -> list[float] | None:
    return [float(edge) for edge in box] if np.isfinite(box).all() else None


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _png(image: Image.Image, **options: int) -> str:
    buffer = BytesIO()
    image.save(buffer, "PNG", optimize=True, **options)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
