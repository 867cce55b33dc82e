"""Find the first linear layer of any Keras 3 model, and the rest of the model behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from smug.errors import SmugError
from smug.masks.linear import LinearMap, receptive_fields
from smug.masks.minimal import MinimalMask
from smug.masks.rounding import rounding
from smug.models import rewire
from smug.models.first_layer import search
from smug.models.first_layer.answers import Answers
from smug.models.first_layer.geometry import read_layer, with_norm
from smug.models.first_layer.origin import Traced, trace_back
from smug.models.first_layer.passes import Place, float32, run_between
from smug.models.first_layer.recover import recovered
from smug.models.first_layer.search import Chain
from smug.models.inputs import numpy_type


@dataclass(frozen=True)
class FirstLayer:
    """A model's first linear layer as arrays, with the model around it.

    Parameters
    ----------
    linear : LinearMap
        Weights, geometry and folded batch normalisation as they were when the layer was found.
        They were checked against what the layer answers.
    model : keras.Model
    entry : Place
        Tensor that masks act on: what enters the layer, or the zero padding directly before it.
    end : Place
        The responses ``o``: what leaves the layer, or the batch normalisation behind it.
    site : Run
        Run whose output is the activation ``a``: the end of the chain linear layer, batch
        normalisation, activation (each if present). A ReLU that is no layer (a subclassed model
        calling a function) is not part of it; Integrated Gradients from zero agree all the
        same wherever ``o > 0``, because ``t * relu(o) == relu(t * o)``. A normalisation that
        arrays cannot stand for (it uses the batch's own statistics) ends the chain before it.
    layer : keras.layers.Layer
        The linear layer.
    words : bool
        Whether the model looks up embeddings of words before the layer.
    """

    linear: LinearMap
    model: keras.Model
    entry: Place
    end: Place
    site: rewire.Run
    layer: Any
    words: bool

    @property
    def name(self) -> str:
        """Name of the linear layer in the model."""
        return self.linear.name

    def linear_input(self, x: np.ndarray) -> np.ndarray:
        """Compute the tensor that enters the linear layer.

        Parameters
        ----------
        x : numpy.ndarray, shape (batch, ...)
            Inputs of the model.

        Returns
        -------
        numpy.ndarray, shape (batch, ...)
            Image after preprocessing (before zero padding), word embeddings, or flat vector.
        """
        if self.entry.run is None:
            return rewire.as_batch(self.model, x)
        return rewire.tensor_at(self.model, self.entry.run, x, side=self.entry.side)

    def activations(self, x: np.ndarray) -> np.ndarray:
        """Compute the first layer's activations ``a``, ``(batch, *linear.output_shape)``."""
        return rewire.tensor_at(self.model, self.site, x, side="output")

    def tail(self, x: np.ndarray, activations: np.ndarray) -> np.ndarray:
        """Run the rest of the model on given activations.

        Parameters
        ----------
        x : numpy.ndarray, shape (batch, ...)
            Inputs of the model, for whatever bypasses the first layer.
        activations : numpy.ndarray, shape (batch, *linear.output_shape)

        Returns
        -------
        numpy.ndarray, shape (batch, classes)
        """
        return rewire.outputs_from(self.model, self.site, x, activations)

    def outputs_on(self, x: np.ndarray, entering: np.ndarray) -> np.ndarray:
        """Run the model with other values in the place of the tensor that masks act on.

        Parameters
        ----------
        x : numpy.ndarray, shape (n, ...)
            Inputs of the model, for whatever bypasses that tensor.
        entering : numpy.ndarray, shape (n, ...)
            As :meth:`linear_input` gives them.

        Returns
        -------
        numpy.ndarray, shape (n, classes)
        """
        if self.entry.run is None:
            return rewire.outputs_of(self.model, entering.astype(x.dtype))
        site = Place(self.site, "output")
        return self.tail(x, run_between(self.model, x, self.entry, entering, site))

    def confirms(self, x: np.ndarray, entering: np.ndarray, found: MinimalMask) -> bool:
        """True if a forward pass of the real layer agrees with a mask, see :meth:`keeps`.

        Parameters
        ----------
        x : numpy.ndarray, shape (1, ...)
            An input of the model.
        entering : numpy.ndarray, shape (...)
            Its :meth:`linear_input`.
        found : MinimalMask
        """
        if not found.found:
            return False
        encoded = found.encoded
        return self.keeps(
            x,
            entering,
            found.parts(entering)[0],
            encoded.nodes,
            encoded.responses,
            gamma=encoded.problem.gamma,
            response=encoded.response,
        )

    def keeps(
        self,
        x: np.ndarray,
        entering: np.ndarray,
        kept: np.ndarray,
        nodes: np.ndarray,
        responses: np.ndarray,
        *,
        gamma: float,
        response: str,
    ) -> bool:
        """True if the real layer keeps more than ``gamma`` of some nodes' responses.

        The layer gets the input and the part of it that is kept. On the whole input each node has
        to answer what is said of it, and on the part more than ``gamma`` times as much. Both hold
        up to rounding: the network's numbers are rounded, and
        :func:`smug.masks.rounding.rounding` says how much that can be.

        Parameters
        ----------
        x, entering
            As for :meth:`confirms`.
        kept : numpy.ndarray, shaped like `entering`
        nodes : numpy.ndarray of int, shape (rows,)
        responses : numpy.ndarray, shape (rows,)
        response : {"paper", "bias_free"}
            With the bias, or without it.
        """
        linear = self.linear
        answers = Answers(self.model, x, self.entry, self.end, self.layer)
        everything = linear.masked(entering, np.ones(linear.spatial, bool))
        both = answers(np.stack([everything, kept]))
        whole, rest = both.reshape(2, -1)[:, nodes].astype(np.float64)
        if response == "bias_free":
            constant = linear.constants(nodes)
            whole, rest = whole - constant, rest - constant
        fields = receptive_fields(linear, nodes)
        allowed = rounding(linear, entering, nodes, fields, answers.roundoff)
        same = np.abs(whole - responses) <= allowed
        return bool((same & (rest > gamma * whole - 2 * allowed)).all())


def find_first_layer(
    model: keras.Model,
    name: keras.Layer | str | None = None,
    *,
    x: np.ndarray | None = None,
    image_shape: tuple[int, ...] | None = None,
) -> FirstLayer:
    """Find the first linear layer of a model by watching it run once.

    Parameters
    ----------
    model : keras.Model
        Sequential, functional, subclassed, nested.
    name : keras.layers.Layer or str, optional
        Take this layer (or the layer of this name) instead of the first computing one. If its
        input cannot be traced back to the model's, masks act on the tensor that enters it.
    x : numpy.ndarray, shape (1, ...), optional
        An input, where the model leaves its input shape open.
    image_shape : tuple of int, optional
        Rows and columns of the image behind a dense layer's flat input; by default the shape
        before flattening, or no image (each feature is a position).

    Raises
    ------
    SmugError
        If the first computing layer is not linear or its settings cannot be encoded; the
        message names the layer and what is allowed.
    """
    x = _example(model) if x is None else np.asarray(x)[:1]
    root = keras.ops.convert_to_tensor(rewire.as_batch(model, x))
    calls = rewire.record_calls(model, root)
    first = search.first_computing(model, calls)
    index = first if name is None else search.named(model, calls, name)
    entering, chain = search.entry_of(calls, index), search.chain_of(calls, index)
    traced = Traced(Place(entering.run, "input"), float32(entering.inputs[0]))
    if index == first:
        try:
            traced = trace_back(model, root, calls, index, image_shape)
        except SmugError:
            if name is None:
                raise
    linear = read_layer(calls, index, image_shape)
    probes = _probes(float32(entering.inputs[0]))
    linear, chain = _as_it_answers(linear, chain, model, x, Place(entering.run, "input"), probes)
    end = Place(chain.linear_end.run, "output")
    layer = search.inner_layer(chain.layer.op)
    words = any(isinstance(call.op, keras.layers.Embedding) for call in calls[:index])
    if traced.origin is not None and traced.spatial is not None:
        origin = traced.origin if linear.origin is None else traced.origin.before(linear.origin)
        linear = replace(linear, spatial=traced.spatial, origin=origin)
        answers = Answers(model, x, traced.entry, end, layer)
        everything = np.ones(linear.spatial, bool)
        probes = np.stack([linear.masked(one, everything) for one in _probes(traced.entering)])
        if why := answers.difference(linear, probes):
            raise SmugError(
                f"what stands before layer {linear.name!r} could not be traced back to the input "
                f"of model {model.name!r}: {why}; {search.ALLOWED}"
            )
    return FirstLayer(linear, model, traced.entry, end, chain.end.run, layer, words)


def _as_it_answers(
    linear: LinearMap,
    chain: Chain,
    model: keras.Model,
    x: np.ndarray,
    entry: Place,
    probes: np.ndarray,
) -> tuple[LinearMap, Chain]:
    """Arrays that agree with the real layer, and the part of the chain that they stand for."""
    op = search.inner_layer(chain.layer.op)

    def answers(call: rewire.Call) -> Answers:
        return Answers(model, x, entry, Place(call.run, "output"), op)

    def normed(linear: LinearMap) -> LinearMap:
        return linear if chain.norm is None else with_norm(linear, chain.norm.op)

    of_chain, of_layer = answers(chain.linear_end), answers(chain.layer)
    if not of_chain.difference(normed(linear), probes):
        return normed(linear), chain
    if of_layer.difference(linear, probes):
        linear = recovered(linear, of_layer, probes, type(chain.layer.op).__name__)
    if not of_chain.difference(normed(linear), probes):
        return normed(linear), chain
    return linear, Chain(chain.layer)


def _probes(entering: np.ndarray) -> np.ndarray:
    """Values to compare arrays and layer on: an input, half of its positions, noise of its size."""
    rng = np.random.default_rng(0)
    half = entering * (rng.random((*entering.shape[:-1], 1)) < 0.5)
    noise = rng.normal(size=entering.shape) * (np.abs(entering).max() or 1.0)
    return np.concatenate([entering, half, noise]).astype(np.float32)


def _example(model: keras.Model) -> np.ndarray:
    inputs = getattr(model, "inputs", None)
    if not inputs:
        raise SmugError(
            f"model {model.name!r} has no known input shape yet; pass an input as x=, or call "
            "the model on one first"
        )
    shape = inputs[0].shape[1:]
    if None in shape:
        raise SmugError(
            f"model {model.name!r} leaves its input shape {tuple(shape)} open; pass an input as x="
        )
    dtype, rng = numpy_type(rewire.type_of(inputs[0])), np.random.default_rng(0)
    if not rewire.is_floating(inputs[0]):
        return rng.integers(0, search.vocabulary(model), (1, *shape)).astype(dtype)
    return rng.random((1, *shape)).astype(dtype)
