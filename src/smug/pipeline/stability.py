"""Measures that explain again, of every method, as rows of the result table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

from smug.metrics import stability
from smug.metrics.sanity import levels, randomised
from smug.models import rewire
from smug.pipeline.sanity import Explainer, compared, shown
from smug.pipeline.shards import SaliencyShard

#: Checks by the names of their functions in :mod:`smug.metrics.stability`.
RANDOM_LOGIT, EFFICIENT, SMOOTH, SENSITIVITY = (
    *("random_logit", "efficient_mprt", "smooth_mprt", "max_sensitivity"),
)
#: Classes that a map of another class needs: of two, one map is the other with its sign changed.
_CLASSES = 3


def stability_rows(
    model: keras.Model,
    inputs: tuple[np.ndarray, np.ndarray, np.ndarray],
    padding: np.ndarray,
    methods: dict[str, Explainer],
    trained: dict[str, SaliencyShard],
    *,
    network: str,
    seeds: Sequence[int],
    draws: int,
) -> Iterator[dict[str, Any]]:
    """Explain another class, noisy inputs, and a network without any training.

    Parameters as for :func:`smug.pipeline.sanity.randomisation_rows`; ``draws`` is the number of
    noisy inputs for each input, 0 for no such measure. Inputs of whole numbers, such as words,
    take no noise; of fewer than three classes there is no other one to explain.

    Yields
    ------
    dict
        Columns ``image``, ``method``, ``network``, ``check``, ``seed``, ``metric`` (ssim and
        spearman, or the check's own name), ``value``, ``status``.
    """
    x, target, ids = inputs
    classes = rewire.outputs_of(model, x).shape[1]
    for seed in seeds:
        about = {"network": network, "seed": seed}
        if classes >= _CLASSES:
            other = stability.other_classes(target, classes, seed)
            for name, explain in methods.items():
                check, made = about | {"check": RANDOM_LOGIT}, explain(x, other, ids)
                yield from compared(name, check, trained[name], made, padding)
        with randomised(model, levels(model, at_most=1)[0], seed=seed):
            untrained = {name: explain(x, target, ids) for name, explain in methods.items()}
        for name, made in untrained.items():
            rises = _rises(trained[name], made, padding)
            yield from _rows(name, ids, about | {"check": EFFICIENT}, EFFICIENT, rises)
        if not draws or x.dtype.kind != "f":
            continue
        print(f"{draws} noisy inputs, seed {seed}", flush=True)
        for name, explain in methods.items():
            again = _maps_of(explain)
            found = stability.smooth_mprt(
                again, model, x, target, draws=draws, at_most=1, seed=seed
            )
            for metric, values in zip(("ssim", "spearman"), found, strict=True):
                yield from _rows(name, ids, about | {"check": SMOOTH}, metric, values[0])
            most = stability.max_sensitivity(again, x, target, draws=draws, seed=seed)
            yield from _rows(name, ids, about | {"check": SENSITIVITY}, SENSITIVITY, most)


def _maps_of(explain: Explainer) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """An explainer that names its inputs by their number; an input that fails has an empty map."""
    return lambda x, target: explain(x, target, np.arange(len(x)).astype(np.str_)).maps


def _rises(before: SaliencyShard, after: SaliencyShard, padding: np.ndarray) -> np.ndarray:
    """Rise of every map's complexity; NaN where a method failed."""
    rises = np.full(len(padding), np.nan)
    for i in range(len(padding)):
        if not before.message[i] and not after.message[i]:
            pair = (shown(shard.maps[i], padding[i])[np.newaxis] for shard in (before, after))
            rises[i] = stability.complexity_rise(*pair)[0]
    return rises


def _rows(
    name: str, ids: np.ndarray, about: dict[str, Any], metric: str, values: np.ndarray
) -> Iterator[dict[str, Any]]:
    for image, value in zip(ids.tolist(), values.tolist(), strict=True):
        yield {"image": image, "method": name, **about, "metric": metric, "value": value}
