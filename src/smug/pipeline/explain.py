"""Run one method over a shard of inputs; an input that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from smug.errors import SmugError
from smug.methods import explain, method_settings, word_scores
from smug.models import rewire
from smug.models.axes import axes_of
from smug.pipeline.each_input import each_input
from smug.pipeline.shards import SaliencyShard


def explain_shard(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    ids: np.ndarray,
    method: str,
    settings: dict[str, Any],
) -> SaliencyShard:
    """Explain every input of a shard, one at a time.

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray, shape (n, ...)
        As the model gets it.
    target : numpy.ndarray of int64, shape (n,)
    ids : numpy.ndarray of str, shape (n,)
    method, settings
        See :func:`smug.methods.explain`.

    Returns
    -------
    SaliencyShard
    """
    spatial = _positions(model, x)
    maps = np.zeros((len(x), *spatial), np.float32)
    masks = np.zeros((len(x), *spatial), bool)
    seconds, message = np.zeros(len(x)), [""] * len(x)

    def explain_one(i: int) -> tuple[np.ndarray, np.ndarray | None]:
        made = explain(model, x[i : i + 1], target[i : i + 1], method, **settings)
        scores = (word_scores(made) if x.ndim == 2 else made.saliency())[0]
        if not np.isfinite(scores).all():
            raise SmugError(f"{method} answers NaN or infinite values")
        return scores, None if made.mask is None else made.mask[0]

    outcomes = each_input(ids, explain_one, label=method, failures=rewire.FAILURES)
    for i, outcome in enumerate(outcomes):
        seconds[i], message[i] = outcome.seconds, outcome.message
        if outcome.value is not None:
            maps[i], mask = outcome.value
            if mask is not None:
                masks[i] = mask
    return SaliencyShard(
        ids, target.astype(np.int64), maps, masks, seconds, np.array(message, np.str_)
    )


def _positions(model: keras.Model, x: np.ndarray) -> tuple[int, ...]:
    """Shape of a map: of images in grey and of series, which look alike, the model says which."""
    if x.ndim == 3 and len(x):
        return axes_of(model, x).shape(x)
    return x.shape[1:3]


def method_of(explainer: Mapping[str, Any], input_range: tuple) -> tuple[str, dict[str, Any]]:
    """Method and settings that a section ``explainer`` names.

    Parameters
    ----------
    explainer : mapping
        The section: ``name``, ``method`` and the method's settings.
    input_range : tuple
        Black and white as the network gets them, for methods that ask.
    """
    settings = {key: value for key, value in explainer.items() if key not in ("name", "method")}
    method = explainer["method"]
    if "input_range" in method_settings(method):
        settings["input_range"] = input_range
    return method, settings
