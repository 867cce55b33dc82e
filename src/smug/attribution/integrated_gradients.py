"""Integrated Gradients (Sundararajan et al. 2017) on the input and on the first layer."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from smug.attribution.gradients import attribution_site
from smug.attribution.inputs import checked
from smug.attribution.paths import IGDetails, PathSettings, path_integrals
from smug.errors import SmugError
from smug.limits import check_name
from smug.models.first_layer import FirstLayer, find_first_layer


@checked
def integrated_gradients(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    *,
    baseline: str | float | np.ndarray = "zero",
    input_range: tuple[float | np.ndarray, float | np.ndarray] = (0.0, 1.0),
    layer: keras.Layer | str | None = None,
    steps: int = 200,
    rule: str = "riemann",
    batch_size: int | str = 10,
    adaptive: bool = False,
    tolerance: float = 0.02,
    return_details: bool = False,
) -> np.ndarray | tuple[np.ndarray, IGDetails]:
    """Integrate the gradient along the straight path from a baseline to the input.

    Equation 1 of Sundararajan et al. (2017). Memory does not depend on `steps`: gradients are
    summed as they come.

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray, shape (batch, ...)
    target : numpy.ndarray of int, shape (batch,)
        Class whose probability is explained; a model with one output explains that output.
    baseline : {"zero", "black", "white", "both"}, float or numpy.ndarray
        Start of the path, in the values of the model's input. ``black`` and ``white`` are the
        ends of `input_range`, ``both`` the mean of the two maps; an array is one baseline, or
        one per input.
    input_range : tuple of float
        Black and white in the values of the model's input.
    layer : keras.layers.Layer or str, optional
        Attribute to the output of this layer (or the layer of this name) instead. By default the
        input, or the embeddings of a model on integers (then `baseline` is a value of embeddings,
        ``zero`` or an array).
    steps : int
        Number of gradients per input and baseline; an upper limit if `adaptive`.
    rule : {"riemann", "gauss_legendre"}
        Sum of the gradients along the path. ``riemann``: midpoints of equal intervals. It
        agrees with the usual mean over evenly spaced points to O(1/steps) and leaves out the
        ends, where activations at zero sit on the kink of their ReLUs.
    batch_size : int or "auto"
        Path points per pass, of several inputs where it holds their whole paths. ``auto``: as many
        as the device's memory takes. Either is halved where memory is not enough.
    adaptive : bool
        Double the intervals (trapezoid rule, earlier gradients used again) until completeness
        and attribution change by no more than `tolerance`.
    tolerance : float
        Largest change that counts as none, relative to ``score - baseline_score`` and to the
        sum of magnitudes.
    return_details : bool
        Return the :class:`IGDetails` too.

    Returns
    -------
    numpy.ndarray of float32, shape (batch, ...)
        Signed, shaped like the input (or like the output of `layer` or of the embedding).

    Raises
    ------
    SmugError
        For input, target, baseline or settings that do not fit.
    """
    settings = PathSettings(steps, batch_size, rule, adaptive, tolerance)
    layer, stop = attribution_site(model, x, layer)
    starts = [
        np.broadcast_to(value, stop.shape).astype(stop.dtype)
        for value in baselines(baseline, input_range, stop.shape, layer is not None)
    ]
    results = [path_integrals(model, layer, x, start, stop, target, settings) for start in starts]
    attribution = np.asarray(np.mean([result for result, _ in results], axis=0, dtype=np.float64))
    if not return_details:
        return attribution.astype(np.float32)
    details = [detail for _, detail in results]
    return attribution.astype(np.float32), IGDetails(
        details[0].score,
        np.mean([detail.baseline_score for detail in details], axis=0),
        np.mean([detail.completeness_error for detail in details], axis=0),
        np.sum([detail.steps for detail in details], axis=0),
    )


@checked
def first_layer_integrated_gradients(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    *,
    layer: FirstLayer | keras.Layer | str | None = None,
    steps: int = 200,
    rule: str = "riemann",
    batch_size: int | str = 10,
    adaptive: bool = False,
    tolerance: float = 0.02,
    top_k: int | None = None,
    return_details: bool = False,
) -> np.ndarray | tuple[np.ndarray, IGDetails]:
    """Attribute the class score to the first layer's activations, baseline zero.

    Step 1 of SMUG (Sahoo et al. 2021, section 3): Integrated Gradients with respect to
    ``a = ReLU(W1 x + b1)``.

    Parameters
    ----------
    model, x, target, steps, rule, batch_size, tolerance, return_details
        As for :func:`integrated_gradients`.
    layer : FirstLayer, keras.layers.Layer or str, optional
        The layer, or its name; found in the model by default.
    adaptive : bool
        Double the intervals until completeness and the set of the `top_k` nodes settle.
    top_k : int, optional
        Size of that set; without it the attribution as a whole must settle.

    Returns
    -------
    numpy.ndarray of float32, shape (batch, *layer.linear.output_shape)
    """
    settings = PathSettings(steps, batch_size, rule, adaptive, tolerance, top_k)
    if not isinstance(layer, FirstLayer):
        layer = find_first_layer(model, layer, x=x)
    attribution, details = layer_path_integrals(x, target, layer, settings)
    return (attribution, details) if return_details else attribution


def layer_path_integrals(
    x: np.ndarray, target: np.ndarray, layer: FirstLayer, settings: PathSettings
) -> tuple[np.ndarray, IGDetails]:
    """As :func:`first_layer_integrated_gradients`, for inputs and targets that were checked."""
    stop = layer.activations(x)
    start = np.zeros_like(stop)
    attribution, details = path_integrals(layer.model, layer.site, x, start, stop, target, settings)
    return attribution.astype(np.float32), details


def baselines(
    baseline: str | float | np.ndarray,
    input_range: tuple[float | np.ndarray, float | np.ndarray],
    shape: tuple[int, ...],
    inner: bool,
) -> list[np.ndarray]:
    """Start values of the paths, each broadcastable to `shape` (batch first).

    Parameters
    ----------
    baseline, input_range
        As for :func:`integrated_gradients`.
    shape : tuple of int
        Shape of the points to attribute to, the batch first.
    inner : bool
        Whether the points are a layer's output, for which black and white mean nothing.

    Raises
    ------
    SmugError
        If the baseline has an unknown name or does not fit the shape.
    """
    if isinstance(baseline, str):
        low, high = input_range
        values: dict[str, list[Any]]
        values = {"zero": [0.0], "black": [low], "white": [high], "both": [low, high]}
        check_name("baseline", baseline)
        if inner and baseline != "zero":
            raise SmugError(
                f"baseline={baseline!r} is a value of pixels; attributing to a layer's output "
                "needs 'zero', a number or an array"
            )
        return [np.asarray(value) for value in values[baseline]]
    value = np.asarray(baseline)
    if value.shape not in ((), shape[1:], shape) or not np.isfinite(value).all():
        raise SmugError(
            f"baseline has shape {value.shape}; expected a finite number or array of shape "
            f"{shape[1:]} or {shape}"
        )
    return [value]
