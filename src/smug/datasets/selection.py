"""Choose the images that are explained: in seeded order, until enough fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from smug.datasets.images import ImageRecord, prepare_images
from smug.datasets.prepared import PreparedImages, concatenate, count_problems
from smug.errors import SmugError

#: Images read and classified at a time.
BATCH = 32


def select_images(
    records: Sequence[ImageRecord],
    class_names: Sequence[str],
    size: tuple[int, int],
    *,
    predict: Callable[[np.ndarray], np.ndarray],
    selection: str,
    wanted: int,
    seed: int | None,
) -> tuple[PreparedImages, dict[str, int]]:
    """Read images in random order until enough of them fit.

    Parameters
    ----------
    records : sequence of ImageRecord
    class_names : sequence of str
    size : (int, int)
        Height and width of the model's input.
    predict : callable
        From uint8 pixels (n, height, width, 3) to predicted classes (n,).
    selection : {"correct_with_box", "correct", "all"}
        Which images fit: the paper explains those classified correctly that have a box.
    wanted : int
        Most images to choose.
    seed : int, optional
        Of the order; None keeps the order of the records.

    Returns
    -------
    PreparedImages
        The chosen ones, in the order tried.
    dict of str to int
        Images ``tried``, and of those the ``misclassified``, the ones ``without_box`` left out
        for it, and every kind of :class:`~smug.datasets.prepared.Problem`.
    """
    if not records:
        raise SmugError("there is no image to choose from; check the dataset's root")
    order = np.arange(len(records))
    if seed is not None:
        order = np.random.default_rng(seed).permutation(len(records))
    pixels = np.empty((min(wanted, len(records)), *size, 3), np.uint8)
    chosen, counts, found = [], Counter(tried=0), 0
    with tqdm(total=min(wanted, len(records)), desc="choose", unit="image") as progress:
        for start in range(0, len(order), BATCH):
            some = [records[row] for row in order[start : start + BATCH]]
            images, problems = prepare_images(some, class_names, size)
            for problem in problems:
                print(f"{problem.image}: {problem.kind}: {problem.message}")
            fits = np.ones(len(images), bool)
            if selection != "all" and len(images):
                fits = predict(images.images) == images.labels
                counts["misclassified"] += int((~fits).sum())
            if selection == "correct_with_box":
                counts["without_box"] += int((fits & ~images.has_box).sum())
                fits &= images.has_box
            some_chosen = images.take(np.flatnonzero(fits)[: wanted - found])
            counts["tried"] += len(some)
            counts.update(count_problems(problems))
            room = pixels[found : found + len(some_chosen)]
            room[:] = some_chosen.images
            chosen.append(replace(some_chosen, images=room))
            found += len(some_chosen)
            progress.update(len(some_chosen))
            if found == wanted:
                break
    return concatenate(chosen, pixels[:found]), dict(counts)
