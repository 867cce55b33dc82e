"""Measures that explain again, of every method, as rows of the result table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from smug.metrics import stability
from smug.metrics.sanity import levels
from smug.models import rewire
from smug.pipeline.sanity import Checked, Explainer, compared, shown
from smug.pipeline.shards import SaliencyShard

#: Classes that a map of another class needs: of two, one map is the other with its sign changed.
_CLASSES = 3


def stability_rows(
    checked: Checked, *, seeds: Sequence[int], draws: int
) -> Iterator[dict[str, Any]]:
    """Explain another class, noisy inputs, and a network without any training.

    Inputs of whole numbers, such as words, take no noise; of fewer than three classes there is no
    other one to explain.

    Parameters
    ----------
    checked : Checked
    seeds : sequence of int
        Draws of the other class, of new weights and of the noise.
    draws : int
        Noisy inputs for each input; 0 for no such measure.

    Yields
    ------
    dict
        Columns ``image``, ``method``, ``network``, ``check`` (a function's name in
        :mod:`smug.metrics.stability`), ``seed``, ``metric`` (ssim and spearman, or the check's
        own name), ``value``, ``status``.
    """
    model, x, target, ids = checked.model, checked.x, checked.target, checked.ids
    classes = rewire.outputs_of(model, x).shape[1]
    for seed in seeds:
        about = {"network": checked.network, "seed": seed}
        if classes >= _CLASSES:
            other = stability.other_classes(target, classes, seed)
            for name, explain in checked.methods.items():
                check, made = about | {"check": "random_logit"}, explain(x, other, ids)
                yield from compared(name, check, checked.trained[name], made, checked.padding)
        for name, made in checked.untrained(levels(model, at_most=1)[0], seed).items():
            rises = _rises(checked.trained[name], made, checked.padding)
            check = about | {"check": "efficient_mprt"}
            yield from _rows(name, ids, check, "efficient_mprt", rises)
        if not draws or x.dtype.kind != "f":
            continue
        print(f"{draws} noisy inputs, seed {seed}", flush=True)
        for name, explain in checked.methods.items():
            again, check = _maps_of(explain), about | {"check": "smooth_mprt"}
            found = stability.smooth_mprt(
                again, model, x, target, draws=draws, at_most=1, seed=seed
            )
            for metric, values in zip(("ssim", "spearman"), found, strict=True):
                yield from _rows(name, ids, check, metric, values[0])
            most = stability.max_sensitivity(again, x, target, draws=draws, seed=seed)
            check = about | {"check": "max_sensitivity"}
            yield from _rows(name, ids, check, "max_sensitivity", most)


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
