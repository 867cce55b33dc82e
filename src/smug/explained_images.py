"""Explained images put together from the jobs' files, for figures and pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smug.datasets.prepared import PreparedImages
from smug.io import load_arrays, load_json
from smug.results import load_results
from smug.shards import AttributedShard, SaliencyShard, SolvedShard


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
        Of the mask problem.
    maps : dict of str to numpy.ndarray, shape (height, width)
    masks : dict of str to numpy.ndarray of bool, shape (height, width)
        Of the methods that have one.
    scores : dict of (method, metric) to float
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

    def best_box(self, method: str) -> np.ndarray:
        """Box of lowest LSC that a method's map (or the method itself) leads to, shape (4,)."""
        return np.array([self.scores.get((method, edge), np.nan) for edge in _EDGES])


_EDGES = ("x1", "y1", "x2", "y2")


def collect_images(paths, shard_size: int, shown: int | None = None) -> list[ExplainedImage]:
    """Read what the jobs wrote about the first images of a dataset.

    Parameters
    ----------
    paths : smug.job.Paths
        ``data``, and in shard order ``attribution``, ``masks``, ``smug_maps``, ``scores``;
        ``maps`` with their records ``settings`` for every method and shard.
    shard_size : int
        Images per shard.
    shown : int, optional
        Most images to read; all by default.
    """
    data = PreparedImages.load(paths.data)
    maps = _maps_by_method(paths.all("maps"), paths.all("settings"))
    images: list[ExplainedImage] = []
    files = zip(
        *(paths.all(n) for n in ("attribution", "masks", "smug_maps", "scores")), strict=True
    )
    for number, (attribution, masks, smug_maps, scores) in enumerate(files):
        part = data.shard(number, shard_size)
        images += _read_shard(part, attribution, masks, smug_maps, scores, maps)
        if shown is not None and len(images) >= shown:
            return images[:shown]
    return images


def _maps_by_method(
    maps: Sequence[Path], settings: Sequence[Path]
) -> dict[str, dict[str, tuple[SaliencyShard, int]]]:
    """Shard and row of every image, by method."""
    found: dict[str, dict[str, tuple[SaliencyShard, int]]] = {}
    for path, record in zip(maps, settings, strict=True):
        name = load_json(record)["config"]["explainer"]["name"]
        shard = SaliencyShard.load(path)
        rows = {image: (shard, row) for row, image in enumerate(shard.ids.tolist())}
        found.setdefault(name, {}).update(rows)
    return found


def _read_shard(part, attribution, masks, smug_maps, scores, maps) -> list[ExplainedImage]:
    shard, solved = AttributedShard.load(attribution), SolvedShard.load(masks)
    own, rows = load_arrays(smug_maps), load_results(scores)
    names = part.class_names
    images = []
    for i, image in enumerate(part.ids.tolist()):
        of_image = rows[rows["image"].eq(image)]
        others = {name: by_image[image] for name, by_image in maps.items() if image in by_image}
        images.append(
            ExplainedImage(
                id=image,
                pixels=part.images[i],
                target=str(names[shard.target[i]]),
                confidence=float(shard.probability[i, shard.target[i]]),
                label=str(names[part.labels[i]]) if part.labels[i] >= 0 else "",
                box=part.boxes[i],
                nodes=_chosen_nodes(shard.attribution[i], solved.nodes[i]),
                status=str(solved.status[i]),
                maps={"smug": own["smug"][i], "smug_base": own["smug_base"][i]}
                | {name: made.maps[row] for name, (made, row) in others.items()},
                masks={"smug": solved.masks[i], "smug_base": own["seen"][i]}
                | {
                    name: made.masks[row]
                    for name, (made, row) in others.items()
                    if made.masks.any()
                },
                scores={
                    (row.method, row.metric): row.value for row in of_image.itertuples(index=False)
                },
            )
        )
    return images


def _chosen_nodes(attribution: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Attribution of the chosen nodes, summed over channels."""
    chosen = np.zeros(attribution.size)
    nodes = nodes[nodes >= 0]
    chosen[nodes] = attribution.ravel()[nodes]
    chosen = chosen.reshape(attribution.shape)
    return chosen.sum(axis=-1) if chosen.ndim == 3 else np.atleast_2d(chosen)
