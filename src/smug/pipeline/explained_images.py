"""Explained images put together from the jobs' files, for figures and pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from smug.datasets.load import Prepared, load_shard
from smug.datasets.prepared import PreparedImages
from smug.datasets.rows import PreparedRows
from smug.drawing.rows import drawn
from smug.io import load_arrays, load_json
from smug.pipeline.results import load_results
from smug.pipeline.shards import AttributedShard, SaliencyShard, SolvedShard


@dataclass(frozen=True)
class ExplainedImage:
    """One image with everything that was found out about it.

    Parameters
    ----------
    id : str
    pixels : numpy.ndarray of uint8, shape (height, width[, 3])
    target : str
        Name of the class explained, predicted with the probability ``confidence``.
    label : str
        Name of the true class; empty if nobody told.
    box : numpy.ndarray of float64, shape (4,)
        Annotated box ``x1, y1, x2, y2``; NaN without one.
    nodes : numpy.ndarray of float64, shape (height, width of the first layer)
        Attribution of the chosen nodes, summed over channels; zero elsewhere.
    status : str
        Of the mask problem; empty where the caller did not read it.
    maps : dict of str to numpy.ndarray, shape (height, width)
        Of the methods that did not fail on this image.
    masks : dict of str to numpy.ndarray of bool, shape (height, width)
        Of the methods that have one.
    scores : dict of (method, metric) to float
    network : str
        Name of the network; empty where the caller knows one only.
    """

    id: str
    pixels: np.ndarray
    target: str
    confidence: float
    label: str
    box: np.ndarray
    nodes: np.ndarray
    status: str
    maps: dict[str, np.ndarray]
    masks: dict[str, np.ndarray]
    scores: dict[tuple[str, str], float]
    network: str = ""

    def best_box(self, method: str) -> np.ndarray:
        """Box of lowest LSC that a method's map (or the method itself) leads to, shape (4,)."""
        return np.array([self.scores.get((method, edge), np.nan) for edge in _EDGES])


_EDGES = ("x1", "y1", "x2", "y2")


def collect_images(
    *,
    data: Path,
    attribution: Sequence[Path],
    shard_size: int,
    masks: Sequence[Path] = (),
    smug_maps: Sequence[Path] = (),
    maps: Sequence[Path] = (),
    settings: Sequence[Path] = (),
    scores: Sequence[Path] = (),
    shown: int | None = None,
) -> list[ExplainedImage]:
    """Read what the jobs wrote about the first images of a dataset.

    A method that failed on an image has no map and no mask of it.

    Parameters
    ----------
    data : path
        The prepared images.
    attribution : sequence of path
        First-layer attributions, a file a shard; ``masks`` with ``smug_maps``, and ``scores``, in
        the same order where a caller has them.
    shard_size : int
        Images per shard.
    maps, settings : sequence of path
        Maps of the other methods and their records, a pair for every method and shard.
    shown : int, optional
        Most images to read; all by default.
    """
    by_method = _maps_by_method(maps, settings)
    nothing = [None] * len(attribution)
    files = zip(attribution, masks or nothing, smug_maps or nothing, scores or nothing, strict=True)
    images: list[ExplainedImage] = []
    for number, (arrays, solved, own, rows) in enumerate(files):
        part = _pictured(load_shard(data, number, shard_size))
        shard = AttributedShard.load(arrays)
        found = _unexplained(part, shard)
        if solved is not None and own is not None:
            found = _with_smug(found, shard, SolvedShard.load(solved), load_arrays(own))
        for image in found:
            _add_maps(image, by_method)
        if rows is not None:
            _add_scores(found, load_results(rows))
        images += found
        if shown is not None and len(images) >= shown:
            return images[:shown]
    return images


def _maps_by_method(
    maps: Sequence[Path], settings: Sequence[Path]
) -> dict[str, dict[str, tuple[SaliencyShard, int]]]:
    """Shard and row of every image that a method has a map of, by method."""
    found: dict[str, dict[str, tuple[SaliencyShard, int]]] = {}
    for path, record in zip(maps, settings, strict=True):
        name = load_json(record)["config"]["explainer"]["name"]
        shard = SaliencyShard.load(path)
        found.setdefault(name, {}).update(
            (image, (shard, row))
            for row, image in enumerate(shard.ids.tolist())
            if not shard.message[row]
        )
    return found


def _pictured(part: Prepared) -> PreparedImages:
    """Images as they are; rows of a table and series drawn as pictures."""
    if isinstance(part, PreparedImages):
        return part
    assert isinstance(part, PreparedRows)
    return PreparedImages(
        images=drawn(part.values),
        labels=part.labels,
        ids=part.ids,
        boxes=np.full((len(part), 4), np.nan),
        class_names=part.class_names,
    )


def _unexplained(part: PreparedImages, shard: AttributedShard) -> list[ExplainedImage]:
    """The images of a shard and what the network sees in them."""
    names = part.class_names
    return [
        ExplainedImage(
            id=image,
            pixels=part.images[i],
            target=str(names[shard.target[i]]),
            confidence=float(shard.probability[i, shard.target[i]]),
            label=str(names[part.labels[i]]) if part.labels[i] >= 0 else "",
            box=part.boxes[i],
            nodes=_chosen_nodes(shard.attribution[i], np.zeros(0, np.int64)),
            status="",
            maps={},
            masks={},
            scores={},
        )
        for i, image in enumerate(part.ids.tolist())
    ]


def _with_smug(
    images: list[ExplainedImage],
    shard: AttributedShard,
    solved: SolvedShard,
    own: dict[str, np.ndarray],
) -> list[ExplainedImage]:
    """Add SMUG and SMUG_base, each where it has an answer."""
    explained = []
    for i, image in enumerate(images):
        answered = {"smug": solved.has_mask()[i], "smug_base": solved.has_nodes()[i]}
        masks = {"smug": solved.masks[i], "smug_base": own["seen"][i]}
        explained.append(
            replace(
                image,
                nodes=_chosen_nodes(shard.attribution[i], solved.nodes[i]),
                status=str(solved.status[i]),
                maps={name: own[name][i] for name, answer in answered.items() if answer},
                masks={name: masks[name] for name, answer in answered.items() if answer},
            )
        )
    return explained


def _add_maps(image: ExplainedImage, maps: dict[str, dict[str, tuple[SaliencyShard, int]]]) -> None:
    for name, by_image in maps.items():
        if image.id in by_image:
            shard, row = by_image[image.id]
            image.maps[name] = shard.maps[row]
            if shard.masks.any():
                image.masks[name] = shard.masks[row]


def _add_scores(images: list[ExplainedImage], scores: pd.DataFrame) -> None:
    by_id = {image.id: image for image in images}
    for row in scores.itertuples(index=False):
        by_id[row.image].scores[row.method, row.metric] = row.value


def _chosen_nodes(attribution: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Attribution of the chosen nodes, summed over channels."""
    chosen = np.zeros(attribution.size)
    nodes = nodes[nodes >= 0]
    chosen[nodes] = attribution.ravel()[nodes]
    grid = chosen.reshape(attribution.shape)
    return grid.sum(axis=-1) if grid.ndim == 3 else np.atleast_2d(grid)
