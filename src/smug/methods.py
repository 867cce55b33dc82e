"""Every method by name, and one call for all: ``smug.explain(model, x)``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from smug.attribution.geometric import geometric_ensemble, ggig
from smug.attribution.gradcam import gradcam
from smug.attribution.gradients import check_target, gradients
from smug.attribution.image_sis import image_sis
from smug.attribution.integrated_gradients import integrated_gradients
from smug.attribution.sis import sis
from smug.attribution.smug import smug, smug_base
from smug.errors import SmugError, unknown_name
from smug.explanation import Explanation
from smug.models import rewire


@dataclass(frozen=True)
class Method:
    """A method by name: its function and one line about it."""

    function: Callable[..., Any]
    about: str


def explain(
    model: keras.Model,
    x: np.ndarray,
    target: int | np.ndarray | None = None,
    method: str = "smug",
    **settings: Any,
) -> Explanation:
    """Explain a model's predictions.

    Parameters
    ----------
    model : keras.Model
        Any Keras model on the TensorFlow backend; SMUG needs a linear first layer.
    x : numpy.ndarray, shape (batch, ...) or one input without the batch axis
        As the model gets it (after the preprocessing that stands outside the model).
    target : int or numpy.ndarray of int, shape (batch,), optional
        Class to explain; the predicted one by default.
    method : str
        See :data:`METHODS`.
    **settings
        Settings of the method, e.g. ``top_k``, ``gamma``, ``window`` and ``solver`` of ``smug``
        (:func:`smug.attribution.smug.smug`) or ``steps`` of ``integrated_gradients``.

    Returns
    -------
    Explanation
        Raw arrays; ``plot()``, ``save()``, ``load()``.

    Raises
    ------
    SmugError
        Unknown method or setting, input or target that does not fit the model.
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    known = _settings_of(METHODS[method].function)
    for name in settings:
        if name not in known:
            raise unknown_name(f"setting of method {method!r}", name, known)
    x = _as_batch(model, x)
    outputs = rewire.outputs_of(model, x)
    if target is None:
        target = outputs.argmax(axis=1)
    target = check_target(model, np.broadcast_to(np.asarray(target), len(x)), len(x)).numpy()
    score = outputs[:, 0] if outputs.shape[1] == 1 else outputs[np.arange(len(x)), target]
    made = METHODS[method].function(model, x, target, **settings)
    values, mask, solver = made if isinstance(made, tuple) else (made, None, {})
    return Explanation(
        method, values, x, target.astype(np.int64), score, mask, solver, _plain(settings)
    )


#: Every method by name.
METHODS: dict[str, Method] = {
    "smug": Method(smug, "smallest mask that keeps the top nodes' response, scored (SMUG)"),
    "smug_base": Method(smug_base, "the top nodes' receptive fields, scored, nothing minimised"),
    "integrated_gradients": Method(integrated_gradients, "gradients summed from a baseline"),
    "gradients": Method(gradients, "gradient of the class score"),
    "gradcam": Method(gradcam, "last feature maps, weighted by their gradients"),
    "ggig": Method(ggig, "largest gradients around the path from a baseline, found by ascent"),
    "geometric_ensemble": Method(geometric_ensemble, "mean ggig of models near the trained one"),
    "sis": Method(sis, "few words, features or pixels that alone keep the class score, any model"),
    "image_sis": Method(image_sis, "windows that alone keep the class score, found by gradients"),
}


def method_settings(method: str) -> dict[str, Any]:
    """Settings of a method and their defaults."""
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    return _settings_of(METHODS[method].function)


def _settings_of(function: Callable[..., Any]) -> dict[str, Any]:
    return {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and name != "return_details"
    }


def _as_batch(model: keras.Model, x: np.ndarray) -> np.ndarray:
    x = np.asarray(x)
    known = getattr(model, "inputs", None)
    if known and x.ndim == len(known[0].shape) - 1:
        x = x[np.newaxis]
    if not len(x):
        raise SmugError("x holds no input; give one at least")
    return rewire.as_batch(model, x).numpy()


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as JSON can hold them: arrays as lists, layers by name."""
    plain = {}
    for name, value in settings.items():
        if isinstance(value, np.ndarray | np.generic):
            value = value.tolist()
        plain[name] = getattr(value, "name", value)
    return plain
