"""Run one method over a shard of inputs; an input that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from smug.errors import SmugError
from smug.methods import explain, method_settings, word_scores
from smug.models import rewire
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
    spatial = x.shape[1:3] if x.ndim > 2 else x.shape[1:]
    maps = np.zeros((len(x), *spatial), np.float32)
    masks = np.zeros((len(x), *spatial), bool)
    seconds, message = np.zeros(len(x)), [""] * len(x)
    for i in tqdm(range(len(x)), desc=method, unit="input"):
        begin = perf_counter()
        try:
            made = explain(model, x[i : i + 1], target[i : i + 1], method, **settings)
            maps[i] = (word_scores(made) if x.ndim == 2 else made.saliency())[0]
            if not np.isfinite(maps[i]).all():
                raise SmugError(f"{method} answers NaN or infinite values")
            if made.mask is not None:
                masks[i] = made.mask[0]
        except rewire.FAILURES as error:
            print(f"{ids[i]}: {error}")
            # An empty message would say that the method succeeded.
            maps[i], message[i] = 0.0, str(error) or type(error).__name__
        seconds[i] = perf_counter() - begin
    return SaliencyShard(
        ids, target.astype(np.int64), maps, masks, seconds, np.array(message, np.str_)
    )


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
