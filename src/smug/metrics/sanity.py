"""Sanity checks of maps: a changed model must change them, a nudged one must not.

Model randomisation (Adebayo et al. 2018) and model perturbation (Rahman, Lewis & Plis 2022).
Both change the weights of the given model in place, for the length of a block.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import keras
import numpy as np
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity

from smug.errors import SmugError
from smug.limits import check_name
from smug.models import rewire
from smug.models.perturb import perturbed, restored, same_class

# Side of the SSIM's window, as its authors' code has it for a uniform window.
_WINDOW = 7


@dataclass(frozen=True)
class Level:
    """Layers that one randomisation initialises anew.

    Parameters
    ----------
    name : str
        The level's own layer, or its first and last one.
    depth : int
        1 for the level that comes first, nearest to the output or, bottom up, to the input.
    layers : tuple of keras.Layer
        In that direction; unless independent, a level holds the layers of those before it as well.
    """

    name: str
    depth: int
    layers: tuple[keras.Layer, ...]


def levels(
    model: keras.Model, *, order: str = "cascading", at_most: int | None = 10
) -> list[Level]:
    """Divide a model into levels of randomisation, one after the other.

    Parameters
    ----------
    model : keras.Model
    order : {"cascading", "independent", "bottom_up"}
        All layers from the top down to the level, the level's own only, or all from the input up
        to it.
    at_most : int or None
        Levels to form; a model with more layers that have weights gets them in blocks of nearly
        the same number of layers. None: one level for each such layer.

    Raises
    ------
    SmugError
        For an unknown order, a number below 1, or a model with weights outside its layers.
    """
    check_name("order", order)
    layers = _layers(model)
    if order != "bottom_up":
        layers = layers[::-1]
    count = len(layers) if at_most is None else min(at_most, len(layers))
    if count < 1:
        raise SmugError(
            f"at_most={at_most} levels of the {len(layers)} layers with weights of model "
            f"{model.name!r}; both have to be 1 or more"
        )
    stops = [round(len(layers) * i / count) for i in range(count + 1)]
    found = []
    for depth, (start, stop) in enumerate(pairwise(stops), 1):
        own = layers[start:stop]
        name = own[0].name if len(own) == 1 else f"{own[0].name} … {own[-1].name}"
        chosen = own if order == "independent" else layers[:stop]
        found.append(Level(name, depth, tuple(chosen)))
    return found


@contextmanager
def randomised(model: keras.Model, level: Level, *, seed: int = 0) -> Iterator[None]:
    """Within the block, the level's layers are untrained.

    Each draws from its own initialisers. Batch normalisation loses its moving statistics too
    (mean 0, variance 1): they are learnt from the data like the weights, and only without them
    the last cascading level is the untrained network. An initialiser that a layer's configuration
    does not hold (made in ``build`` by a user's layer) draws from Keras's own seed instead.

    Parameters
    ----------
    model : keras.Model
    level : Level
        From :func:`levels`, of this model.
    seed : int
        A layer gets the same new weights in every level, so that cascading levels build on each
        other.

    Raises
    ------
    SmugError
        If a layer cannot be built anew from its configuration.
    """
    position = {id(layer): i for i, layer in enumerate(_layers(model))}
    weights = [weight for layer in level.layers for weight in layer.weights]
    with restored(weights):
        for layer in level.layers:
            rng = np.random.default_rng((seed, position[id(layer)]))
            for weight, value in zip(layer.weights, _untrained(layer, rng), strict=True):
                weight.assign(value)
        yield


@contextmanager
def perturbation(
    model: keras.Model, x: np.ndarray, noise: float, *, seed: int = 0
) -> Iterator[np.ndarray]:
    """Within the block, the weights carry Gaussian noise; yields whose prediction is kept.

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray, shape (batch, ...)
    noise : float
        Standard deviation as a share of the root mean square of each weight tensor.
    seed : int
        The same seed draws the same noise, only larger, at every level of it.

    Yields
    ------
    numpy.ndarray of bool, shape (batch,)
        Whether each input has the class that it had without noise; only where it has, a changed
        map speaks against a method.
    """
    before = rewire.outputs_of(model, x)
    with perturbed(model, noise, seed=seed):
        yield same_class(before, rewire.outputs_of(model, x))


def similarity(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Compare the magnitudes of two maps of one input.

    Parameters
    ----------
    first, second : numpy.ndarray, shape (height, width) or (words,)
        Signed maps; each magnitude is divided by its largest.

    Returns
    -------
    ssim : float
        Mean structural similarity (Wang et al. 2004), uniform window of side 7, or the largest odd
        one that fits the map; NaN if that is below 3.
    spearman : float
        Rank correlation, ties at their mean rank.

    Both are NaN where a magnitude is the same everywhere (as is an empty map): it ranks nothing.

    Raises
    ------
    SmugError
        If the shapes differ, are not those of a map, or a value is not finite.
    """
    first, second = (np.abs(np.asarray(values, np.float64)) for values in (first, second))
    if first.shape != second.shape or first.ndim not in (1, 2) or not first.size:
        raise SmugError(
            f"maps of shapes {first.shape} and {second.shape}; both need one shape, "
            "(height, width) or (words,): reduce channels or embeddings first"
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise SmugError("a map holds NaN or infinite values; leave that input out")
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan"), float("nan")
    spearman = float(spearmanr(first, second, axis=None).statistic)
    side = min(_WINDOW, *first.shape)
    side -= side % 2 == 0
    if side < 3:
        return float("nan"), spearman
    first, second = first / first.max(), second / second.max()
    return float(structural_similarity(first, second, win_size=side, data_range=1.0)), spearman


def _layers(model: keras.Model) -> list[keras.Layer]:
    """Layers with weights, in the model's order; together they hold every weight."""
    layers = [op for op in rewire.leaves(model) if isinstance(op, keras.Layer) and op.weights]
    held = {id(weight) for layer in layers for weight in layer.weights}
    for weight in model.weights:
        if id(weight) not in held:
            raise SmugError(
                f"weight {weight.path!r} belongs to no layer of its own, so it cannot be "
                "initialised anew; put it into a layer"
            )
    return layers


def _untrained(layer: keras.Layer, rng: np.random.Generator) -> list[np.ndarray]:
    """Weights of a new layer of the same configuration."""
    try:
        # Torch takes no dot where Keras lists weights; layers of its modules have them.
        config = layer.get_config() | {"name": layer.name.replace(".", "_")}
        twin = type(layer).from_config(_reseeded(config, rng))
        twin.build_from_config(layer.get_build_config() or {})
    except (TypeError, ValueError, NotImplementedError) as error:
        raise SmugError(
            f"layer {layer.name!r} cannot be built anew from its configuration ({error}); give "
            "its class a get_config and a build that return to the same layer"
        ) from error
    values = twin.get_weights()
    shapes = [tuple(weight.shape) for weight in layer.weights]
    if [value.shape for value in values] != shapes:
        raise SmugError(
            f"layer {layer.name!r} has weights of shapes {shapes}, built anew "
            f"{[value.shape for value in values]}; its configuration has to say all about it"
        )
    return values


def _reseeded(config: Any, rng: np.random.Generator) -> Any:
    """Give every initialiser in a configuration a seed of its own."""
    if isinstance(config, dict):
        return {
            key: int(rng.integers(2**31)) if key == "seed" else _reseeded(value, rng)
            for key, value in config.items()
        }
    if isinstance(config, list | tuple):
        return type(config)(_reseeded(value, rng) for value in config)
    return config
