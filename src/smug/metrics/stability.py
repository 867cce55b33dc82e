"""Measures that explain again: another class, a noisy input, a network without its training.

Each asks a function ``explain(x, target)``, from inputs (n, ...) and classes (n,) to maps
``(n, *positions)``, of any library; it explains the model as it stands when it is called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from scipy.stats import entropy

from smug.attribution.targets import check_target
from smug.errors import SmugError
from smug.limits import COUNT, NOT_NEGATIVE, POSITIVE, check_range
from smug.metrics.maps import checked_maps
from smug.metrics.sanity import levels, randomised, similarity
from smug.models import rewire
from smug.models.inputs import as_batch

#: From inputs (n, ...) and classes (n,) to maps ``(n, *positions)``.
Explain = Callable[[np.ndarray, np.ndarray], Any]


def max_sensitivity(
    explain: Explain,
    x: Any,
    target: np.ndarray,
    *,
    radius: float = 0.2,
    draws: int = 200,
    seed: int = 0,
    batch_size: int = 32,
) -> np.ndarray:
    """Largest change of the map under small noise on the input (Yeh et al. 2019).

    Parameters
    ----------
    explain : callable
        See :mod:`smug.metrics.stability`.
    x : array-like of float, shape (batch, ...)
        Inputs as `explain` takes them.
    target : numpy.ndarray of int, shape (batch,)
    radius : float
        Each value of an input gets noise from -radius to radius, in the input's unit.
    draws : int
        Noisy inputs that are tried for each input.
    seed : int
        Draws the noise, the same for every input of a shape and every method.
    batch_size : int
        Noisy inputs a call of `explain`; memory does not grow with `draws`.

    Returns
    -------
    numpy.ndarray of float64, shape (batch,)
        Largest Euclidean norm of the change, as a share of that of the map: 0 and up, lower is
        better; NaN for a map that is zero everywhere.

    Raises
    ------
    SmugError
        Numbers out of range, or maps that are none.
    """
    x, target = _floats(x), np.asarray(target)
    check_range(radius, POSITIVE, "radius")
    check_range(draws, COUNT, "draws")
    check_range(batch_size, COUNT, "batch_size")
    found = np.full(len(x), np.nan)
    for i, one in enumerate(x):
        before = _flat(explain(one[np.newaxis], target[i : i + 1]))
        size = float(np.linalg.norm(before))
        if size == 0:
            continue
        rng, farthest = np.random.default_rng(seed), 0.0
        for start in range(0, draws, batch_size):
            count = min(batch_size, draws - start)
            noisy = one + rng.uniform(-radius, radius, (count, *one.shape))
            after = _flat(explain(noisy.astype(one.dtype), np.repeat(target[i], count)))
            farthest = max(farthest, float(np.linalg.norm(after - before, axis=1).max()))
        found[i] = farthest / size
    return found


def random_logit(
    explain: Explain,
    model: keras.Model,
    x: Any,
    target: np.ndarray,
    *,
    other: np.ndarray | None = None,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Similarity of a map with that of another class (Sixt, Granz & Landgraf 2020).

    Parameters
    ----------
    explain : callable
        See :mod:`smug.metrics.stability`.
    model : keras.Model
        Says how many classes there are; 3 at least, since the map of the second of two classes is
        that of the first with the sign changed.
    x : array-like, shape (batch, ...)
    target : numpy.ndarray of int, shape (batch,)
    other : numpy.ndarray of int, shape (batch,), optional
        The other classes; by default one drawn at random for each input.
    seed : int
        Draws them.

    Returns
    -------
    ssim, spearman : numpy.ndarray of float64, shape (batch,)
        See :func:`smug.metrics.sanity.similarity`; lower is better: the map depends on its class.
        Quantus 0.6 takes the SSIM of the flattened maps, here it is that of the images.

    Raises
    ------
    SmugError
        Fewer than 3 classes, or another class that is the target or that the model does not have.
    """
    x = as_batch(model, x)
    target = check_target(model, target, len(x))
    classes = rewire.outputs_of(model, x[:1]).shape[1]
    if classes < 3:
        raise SmugError(
            f"model {model.name!r} has {classes} outputs; random_logit needs 3 classes at least"
        )
    if other is None:
        other = other_classes(target, classes, seed)
    other = check_target(model, other, len(x))
    if (other == target).any():
        raise SmugError(
            f"other holds the target itself for input {np.argmax(other == target)}; give another "
            "class"
        )
    before, after = (checked_maps(explain(x, labels)) for labels in (target, other))
    return _similarities(before, after)


def other_classes(target: np.ndarray, classes: int, seed: int) -> np.ndarray:
    """Another class for each input, drawn at random from the others; int64, shape (batch,)."""
    drawn = np.random.default_rng(seed).integers(classes - 1, size=len(target))
    return drawn + (drawn >= target)


def efficient_mprt(
    explain: Explain,
    model: keras.Model,
    x: Any,
    target: np.ndarray,
    *,
    bins: int = 100,
    seed: int = 0,
) -> np.ndarray:
    """Rise of a map's complexity once every layer is untrained (Hedström et al. 2023, eMPRT).

    Parameters
    ----------
    explain : callable
        See :mod:`smug.metrics.stability`; it explains `model`, whose weights are changed for the
        time of the test.
    model, x, target
        See :func:`random_logit`; any number of classes.
    bins : int
        See :func:`histogram_entropy`.
    seed : int
        Of the new weights, see :func:`smug.metrics.sanity.randomised`.

    Returns
    -------
    numpy.ndarray of float64, shape (batch,)
        See :func:`complexity_rise`; higher is better.

    Raises
    ------
    SmugError
        Maps that are none, or a layer that cannot be built anew.
    """
    x = as_batch(model, x)
    before = checked_maps(explain(x, target))
    with randomised(model, levels(model, at_most=1)[0], seed=seed):
        after = checked_maps(explain(x, target), before.shape)
    return complexity_rise(before, after, bins=bins)


def complexity_rise(before: np.ndarray, after: np.ndarray, *, bins: int = 100) -> np.ndarray:
    """Rise of the entropy of maps' histograms, as a share of the entropy before.

    Parameters
    ----------
    before, after : numpy.ndarray, shape ``(batch, *positions)``
        Maps of the trained and of the untrained network, with their signs.
    bins : int
        See :func:`histogram_entropy`.

    Returns
    -------
    numpy.ndarray of float64, shape (batch,)
        ``(H(after) - H(before)) / H(before)``; NaN where the map before holds one value only.
    """
    low, high = (
        np.array([histogram_entropy(one, bins) for one in maps]) for maps in (before, after)
    )
    return np.where(low > 0, (high - low) / np.where(low > 0, low, 1), np.nan)


def histogram_entropy(one: np.ndarray, bins: int = 100) -> float:
    """Entropy in nats of one map's values, sorted into so many bins of equal width."""
    check_range(bins, COUNT, "bins")
    return float(entropy(np.histogram(one, bins=bins)[0]))


def smooth_mprt(
    explain: Explain,
    model: keras.Model,
    x: Any,
    target: np.ndarray,
    *,
    draws: int = 50,
    noise: float = 0.1,
    order: str = "bottom_up",
    at_most: int | None = 10,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Similarity of denoised maps before and after layers lose their training.

    Hedström et al. (2023, sMPRT): both maps are means over noisy inputs, so that the test does not
    take a noisy map for one that depends on the weights.

    Parameters
    ----------
    explain, model, x, target
        See :func:`efficient_mprt`; the inputs are floats.
    draws : int
        Inputs that a map is the mean of; the last one has no noise.
    noise : float
        Standard deviation of the noise as a share of the input's range.
    order : {"bottom_up", "cascading", "independent"}
        Layers that lose their training at each level, see :func:`smug.metrics.sanity.levels`.
    at_most : int or None
        Levels; 1 is the untrained network alone.
    seed : int
        Of the noise and of the new weights.

    Returns
    -------
    ssim, spearman : numpy.ndarray of float64, shape (levels, batch)
        See :func:`smug.metrics.sanity.similarity`; lower is better.

    Raises
    ------
    SmugError
        Numbers out of range, maps that are none, or a layer that cannot be built anew.
    """
    x = _floats(as_batch(model, x))
    check_range(draws, COUNT, "draws")
    check_range(noise, NOT_NEGATIVE, "noise")
    before = smoothed(explain, x, target, draws=draws, noise=noise, seed=seed)
    found = []
    for level in levels(model, order=order, at_most=at_most):
        with randomised(model, level, seed=seed):
            after = smoothed(explain, x, target, draws=draws, noise=noise, seed=seed)
        found.append(_similarities(before, after))
    ssim, spearman = zip(*found, strict=True)
    return np.stack(ssim), np.stack(spearman)


def smoothed(
    explain: Explain, x: np.ndarray, target: np.ndarray, *, draws: int, noise: float, seed: int
) -> np.ndarray:
    """Mean map over noisy inputs, see :func:`smooth_mprt`; float64."""
    axes = tuple(range(1, x.ndim))
    deviation = noise * np.ptp(x, axis=axes, keepdims=True) if len(x) else 0.0
    rng = np.random.default_rng(seed)
    total = checked_maps(explain(x, target)).astype(np.float64)
    for _ in range(draws - 1):
        noisy = x + deviation * rng.standard_normal(x.shape)
        total += checked_maps(explain(noisy.astype(x.dtype), target), total.shape)
    return total / draws


def _similarities(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pairs = [similarity(one, other) for one, other in zip(before, after, strict=True)]
    ssim, spearman = np.array(pairs, np.float64).reshape(-1, 2).T
    return ssim, spearman


def _floats(x: Any) -> np.ndarray:
    x = np.asarray(x)
    if x.dtype.kind != "f":
        raise SmugError(f"the inputs are of type {x.dtype}; noise needs floats, such as float32")
    return x


def _flat(maps: Any) -> np.ndarray:
    maps = checked_maps(maps)
    return maps.reshape(len(maps), -1).astype(np.float64)
