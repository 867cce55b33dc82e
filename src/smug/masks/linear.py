"""The first layer as plain arrays: receptive fields and responses of its nodes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from smug.errors import SmugError
from smug.limits import check_name
from smug.masks.origin import Origin

# A response this small beside the terms it sums is rounding of a float32 network: its sign,
# and with it the row 1 / o_i of the mask problem, would be noise.
_ROUNDING = 1e-7


@dataclass(frozen=True)
class LinearMap:
    """A dense or convolutional layer (``o = scale * (W x + b) + shift``) without Keras.

    A dense layer is kept as a convolution with one output position whose kernel covers the
    whole input, so that everything below holds for both.

    Parameters
    ----------
    name : str
        Name of the layer in its model, for messages.
    kind : str
        ``dense``, ``conv1d``, ``conv2d`` or ``conv3d``.
    kernel : numpy.ndarray of float64, shape (*taps, channels, filters)
        Weights, zero where a filter does not see a channel; for a dense layer ``taps`` is
        ``spatial``.
    bias : numpy.ndarray of float64, shape (filters,)
        Bias, zeros where the layer has none.
    spatial : tuple of int
        Rows and columns of the image, or number of words: the mask grid at window 1.
    output_shape : tuple of int
        Shape of the layer's output without the batch axis, filters last or first.
    strides, dilation, pads : tuple of int
        One value per spatial axis; ``pads`` counts the zeros before the first row and column.
    scale, shift : numpy.ndarray of float64, shape (filters,), optional
        A batch normalisation that follows the layer, folded. One over another axis than the
        filters has the shape that broadcasts to `output_shape`, such as ``(rows, 1, 1)``.
    origin : Origin, optional
        Where the layer's input comes from on the user's input, `spatial`, if not from the same
        positions.
    channels_first : bool
        Whether channels come before the positions in the layer's input, and filters in its output.
    """

    name: str
    kind: str
    kernel: np.ndarray
    bias: np.ndarray
    spatial: tuple[int, ...]
    output_shape: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    pads: tuple[int, ...]
    scale: np.ndarray | None = None
    shift: np.ndarray | None = None
    origin: Origin | None = None
    channels_first: bool = False

    @property
    def inner(self) -> tuple[int, ...]:
        """Rows and columns of the layer's own input."""
        return self.spatial if self.origin is None else self.origin.inner

    @property
    def channels(self) -> int:
        """Number of input features that share one position, and so one mask variable."""
        return self.kernel.shape[-2]

    @property
    def size(self) -> int:
        """Number of nodes."""
        return int(np.prod(self.output_shape))

    @property
    def places(self) -> tuple[int, ...]:
        """Rows and columns of a convolution's output; a dense layer has a single place."""
        if self.kind == "dense":
            return (1,) * len(self.inner)
        return self.output_shape[1:] if self.channels_first else self.output_shape[:-1]

    @property
    def _filters(self) -> int:
        return self.kernel.shape[-1]

    def nodes_at(self, places: np.ndarray, filters: np.ndarray) -> np.ndarray:
        """Flat index of the node of each flat place of the output and filter."""
        if self.channels_first:
            return filters * (self.size // self._filters) + places
        return places * self._filters + filters

    def places_of(self, nodes: np.ndarray) -> np.ndarray:
        """Flat place of the output that each node stands at."""
        nodes = np.asarray(nodes)
        if self.channels_first:
            return nodes % (self.size // self._filters)
        return nodes // self._filters

    def filters_of(self, nodes: np.ndarray) -> np.ndarray:
        """Filter of each node."""
        nodes = np.asarray(nodes)
        if self.channels_first:
            return nodes // (self.size // self._filters)
        return nodes % self._filters

    def elements_at(self, positions: np.ndarray) -> np.ndarray:
        """Flat indices of the values of each position of the layer's input, one axis more."""
        channels = np.arange(self.channels)
        if self.channels_first:
            return positions[..., np.newaxis] + channels * int(np.prod(self.inner))
        return positions[..., np.newaxis] * self.channels + channels

    @property
    def batch_normalised(self) -> bool:
        """True if a batch normalisation follows the layer."""
        return self.scale is not None

    def resolve_response(self, response: str) -> str:
        """``auto`` means ``bias_free`` where batch normalisation follows, else ``paper``."""
        check_name("response", response)
        if response == "auto":
            return "bias_free" if self.batch_normalised else "paper"
        return response

    def check_nodes(self, nodes: np.ndarray) -> np.ndarray:
        """Return `nodes` as an int64 vector, or raise `SmugError` if one is not in the layer."""
        nodes = np.asarray(nodes)
        if nodes.ndim != 1 or nodes.size == 0 or nodes.dtype.kind not in "iu":
            raise SmugError(
                f"nodes has shape {nodes.shape} and type {nodes.dtype}; expected a non-empty "
                "vector of flat indices, as top_k_nodes returns"
            )
        if nodes.min() < 0 or nodes.max() >= self.size:
            raise SmugError(
                f"nodes lie in [{nodes.min()}, {nodes.max()}] but layer {self.name!r} has "
                f"{self.size} nodes, numbered from 0"
            )
        return nodes.astype(np.int64)

    def positions(self, x: np.ndarray) -> np.ndarray:
        """Lay out what enters the layer for one input as (positions, channels) float64.

        Raises
        ------
        SmugError
            If `x` holds NaN or infinity, or is not one input of this layer.
        """
        x = self._checked(x)
        if self.origin is not None:
            x = self.origin.entering(x.ravel())
        if self.channels_first:
            return x.reshape(self.channels, -1).T
        return x.reshape(-1, self.channels)

    def masked(self, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """One input where a mask keeps it, shaped like `x`.

        Parameters
        ----------
        x : numpy.ndarray
        mask : numpy.ndarray of bool, shape ``spatial``
        """
        values = self._checked(x)
        if self.origin is not None:
            kept = self.origin.masked(values.ravel(), mask.ravel())
        elif self.channels_first:
            kept = values.reshape(self.channels, -1) * mask.reshape(1, -1)
        else:
            kept = values.reshape(-1, self.channels) * mask.reshape(-1, 1)
        return kept.reshape(values.shape)

    def _checked(self, x: np.ndarray) -> np.ndarray:
        x = np.asarray(x, np.float64)
        shape = (*self.inner, self.channels)
        if self.channels_first:
            shape = (self.channels, *self.inner)
        allowed = {shape, (int(np.prod(shape)),)} if self.kind == "dense" else {shape}
        if self.channels == 1:
            allowed.add(self.inner)
        fits = x.shape in allowed
        if self.origin is not None:
            fits = x.size == len(self.origin.position)
        if not fits:
            raise SmugError(
                f"the input of layer {self.name!r} has shape {x.shape}; expected one of "
                f"{sorted(allowed, key=len)} (one input, no batch axis)"
            )
        if not np.isfinite(x).all():
            raise SmugError(f"the input of layer {self.name!r} holds NaN or infinite values")
        return x

    @property
    def per_node(self) -> bool:
        """True if each node has a kernel of its own, over the whole input."""
        return self.kind == "dense" and len(self.output_shape) > 1

    def constants(self, nodes: np.ndarray) -> np.ndarray:
        """Part of each node's ``o`` that does not depend on the input, shape (nodes,)."""
        constant = self.shifts(nodes)
        if self.origin is not None and self.origin.constant.any():
            rows = _rows(self, nodes, _own_fields(self, nodes))
            constant = constant + self.scales(nodes) * (rows @ self.origin.constant)
        return constant

    def shifts(self, nodes: np.ndarray) -> np.ndarray:
        """Bias of each node, through the batch normalisation if there is one, shape (nodes,)."""
        bias = self.bias[self.filters_of(nodes)]
        if self.scale is None or self.shift is None:
            return bias
        return self._of_nodes(self.scale, nodes) * bias + self._of_nodes(self.shift, nodes)

    def scales(self, nodes: np.ndarray) -> np.ndarray | float:
        """Factor of the batch normalisation on each node, shape (nodes,); 1 without one."""
        return 1.0 if self.scale is None else self._of_nodes(self.scale, nodes)

    def magnitudes(self) -> LinearMap:
        """The layer with every weight as its absolute value."""
        scale = None if self.scale is None else np.abs(self.scale)
        shift = None if self.shift is None else np.abs(self.shift)
        kernel, bias = np.abs(self.kernel), np.abs(self.bias)
        origin = None if self.origin is None else self.origin.magnitudes()
        return replace(self, kernel=kernel, bias=bias, scale=scale, shift=shift, origin=origin)

    def _of_nodes(self, values: np.ndarray, nodes: np.ndarray) -> np.ndarray:
        if values.ndim == 1:
            return values[self.filters_of(nodes)]
        return np.broadcast_to(values, self.output_shape).ravel()[nodes]


def receptive_fields(layer: LinearMap, nodes: np.ndarray) -> np.ndarray:
    """Positions each node sees.

    Parameters
    ----------
    layer : LinearMap
    nodes : numpy.ndarray of int, shape (nodes,)
        Flat indices into the layer's output.

    Returns
    -------
    numpy.ndarray of int64, shape (nodes, taps)
        Flat position in ``layer.spatial`` under each tap of the kernel, -1 in the padding.
    """
    nodes = layer.check_nodes(nodes)
    own = _own_fields(layer, nodes)
    if layer.origin is None:
        return own
    rows = _rows(layer, nodes, own)
    rows.data[:] = 1
    seen = layer.origin.magnitudes().on_elements(rows)
    seen = layer.origin.on_positions(seen, int(np.prod(layer.spatial)))
    width = np.diff(seen.indptr)
    fields = np.full((len(nodes), max(int(width.max()), 1)), -1, np.int64)
    fields[np.arange(fields.shape[1]) < width[:, None]] = seen.indices
    return fields


def _own_fields(layer: LinearMap, nodes: np.ndarray) -> np.ndarray:
    """As :func:`receptive_fields`, in positions of the layer's own input."""
    *taps, _, filters = layer.kernel.shape
    corners = np.unravel_index(layer.places_of(nodes), layer.places)
    flat = np.zeros((len(nodes), 1), np.int64)
    inside = np.ones((len(nodes), 1), bool)
    for axis, corner in enumerate(corners):
        start = corner * layer.strides[axis] - layer.pads[axis]
        place = start[:, None] + np.arange(taps[axis]) * layer.dilation[axis]
        within = (place >= 0) & (place < layer.inner[axis])
        flat = (flat[:, :, None] * layer.inner[axis] + place[:, None]).reshape(len(nodes), -1)
        inside = (inside[:, :, None] & within[:, None]).reshape(len(nodes), -1)
    if layer.per_node:
        weights = layer.kernel.reshape(-1, layer.channels, filters)[:, :, nodes]
        inside &= (weights != 0).any(axis=1).T
    return np.where(inside, flat, -1)


def _rows(layer: LinearMap, nodes: np.ndarray, own: np.ndarray) -> sparse.csr_array:
    """Weights of nodes on all that enters the layer, without batch normalisation."""
    filters = layer.kernel.shape[-1]
    kernel = layer.kernel.reshape(-1, layer.channels, filters)
    weights = np.moveaxis(kernel[:, :, layer.filters_of(nodes)], -1, 0)
    columns = layer.elements_at(own)
    inside = np.broadcast_to(own[:, :, None] >= 0, columns.shape)
    row = np.broadcast_to(np.arange(len(own))[:, None, None], columns.shape)
    shape = (len(own), int(np.prod(layer.inner)) * layer.channels)
    return sparse.csr_array((weights[inside], (row[inside], columns[inside])), shape=shape)


def contributions(
    layer: LinearMap, x: np.ndarray, nodes: np.ndarray, fields: np.ndarray
) -> np.ndarray:
    """Compute what each position adds to each node's response, batch-norm scale included.

    Parameters
    ----------
    layer : LinearMap
    x : numpy.ndarray
        One input of the layer.
    nodes : numpy.ndarray of int, shape (nodes,)
    fields : numpy.ndarray of int, shape (nodes, taps)
        ``receptive_fields(layer, nodes)``.

    Returns
    -------
    numpy.ndarray of float64, shape (nodes, taps)
        Zero in the padding.
    """
    if layer.origin is not None:
        return _origin_contributions(layer, layer.origin, x, nodes, fields)
    # One extra row of zeros: it is what -1, the padding, points to.
    padded = np.vstack([layer.positions(x), np.zeros((1, layer.channels))])
    filters = layer.kernel.shape[-1]
    weights = layer.kernel.reshape(-1, layer.channels, filters)
    if layer.scale is not None and layer.scale.ndim == 1:
        weights = weights * layer.scale
    per_filter = np.ascontiguousarray(np.moveaxis(weights, -1, 0))
    chosen = layer.filters_of(nodes)
    terms = np.einsum("ntc,ntc->nt", padded[fields], per_filter[chosen])
    if layer.scale is not None and layer.scale.ndim > 1:
        terms *= np.asarray(layer.scales(nodes))[:, None]
    return terms


def _origin_contributions(
    layer: LinearMap, origin: Origin, x: np.ndarray, nodes: np.ndarray, fields: np.ndarray
) -> np.ndarray:
    values = layer.masked(x, np.ones(layer.spatial, bool)).ravel()
    rows = origin.on_elements(_rows(layer, nodes, _own_fields(layer, np.asarray(nodes))))
    rows.data *= values[rows.indices]
    positions = int(np.prod(layer.spatial))
    summed = origin.on_positions(rows, positions)
    row = np.repeat(np.arange(len(fields)), np.diff(summed.indptr))
    known = row * positions + summed.indices
    wanted = np.arange(len(fields))[:, None] * positions + fields
    if not len(known):
        return np.zeros(fields.shape)
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    found = (fields >= 0) & (known[place] == wanted)
    terms = np.where(found, summed.data[place], 0.0)
    return terms * np.reshape(layer.scales(nodes), (-1, 1))


def node_responses(
    layer: LinearMap, nodes: np.ndarray, terms: np.ndarray, response: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split each node's response into the part a mask can and cannot remove.

    Parameters
    ----------
    layer : LinearMap
    nodes : numpy.ndarray of int, shape (nodes,)
    terms : numpy.ndarray of float64, shape (nodes, taps)
        :func:`contributions`.
    response : {"auto", "paper", "bias_free"}
        ``paper``: the pre-activation, ``o = s (W x + b) + shift``. ``bias_free``:
        ``r = s (W x)``, for layers whose folded batch normalisation would meet the demand
        with an empty mask. ``auto``: see :meth:`LinearMap.resolve_response`.

    Returns
    -------
    response : numpy.ndarray of float64, shape (nodes,)
    constant : numpy.ndarray of float64, shape (nodes,)
        Its constant part: bias and shift, or zero.
    positive : numpy.ndarray of bool, shape (nodes,)
        Nodes whose response is above zero by more than float32 rounding; only they have a
        constraint.
    """
    constant = np.zeros(len(terms))
    if layer.resolve_response(response) == "paper":
        constant = layer.constants(nodes)
    total = terms.sum(axis=1) + constant
    magnitude = np.abs(terms).sum(axis=1) + np.abs(constant)
    return total, constant, total > _ROUNDING * magnitude


def random_values(layer: LinearMap, seed: int, i: int) -> np.ndarray:
    """Values in [0, 1) for the nodes of input ``i``, ``(*layer.output_shape)``.

    They choose and score nodes under the ranking ``random``.
    """
    return np.random.default_rng([seed, i]).uniform(0.0, 1.0, layer.output_shape)
