"""Networks of affine layers, ReLU and max pooling, written out as dense ReLU networks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import keras
import numpy as np
from keras import activations, layers
from scipy import sparse
from scipy.special import expit, softmax

from smug.errors import SmugError
from smug.models import backend, rewire
from smug.models.saved_model import check_open

Layers = tuple[tuple[np.ndarray, np.ndarray], ...]

#: Layers that do nothing at inference time.
_NOTHING = (
    *(layers.InputLayer, layers.Identity, layers.ActivityRegularization),
    *(layers.Dropout, layers.GaussianDropout, layers.GaussianNoise),
    *(layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D),
)
#: Layers whose answer, before their activation, is an affine function of what enters.
_AFFINE = (
    *(layers.Dense, layers.BatchNormalization, layers.Rescaling),
    *(layers.Flatten, layers.Reshape, layers.Permute),
    *(layers.Conv1D, layers.Conv2D, layers.Conv3D),
    *(layers.DepthwiseConv1D, layers.DepthwiseConv2D),
    *(layers.SeparableConv1D, layers.SeparableConv2D),
    *(layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D),
    *(layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D),
    *(layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D),
    *(layers.Cropping1D, layers.Cropping2D, layers.Cropping3D),
)
_MAXIMA = (
    *(layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D),
    *(layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalMaxPooling3D),
)
#: What may follow the last layer, as a function of the logits.
_ENDS = {"softmax": lambda logits: softmax(logits, axis=1), "sigmoid": expit, "linear": np.asarray}
#: Most entries of a matrix (half a gigabyte), and most values of a batch that layers run on.
_ENTRIES, _BATCH = 2**26, 2**22
#: How far float32 answers may lie from those of the network written out, for answers around 1.
_ROUNDING = 1e-3


def unroll(model: keras.Model, x: np.ndarray) -> Layers:
    """Kernels and biases of a dense ReLU network that computes a model's logits.

    Affine layers between two ReLUs become one matrix, found by running them in float64 on every
    unit vector. A max pooling becomes hidden layers, one for each halving of its windows, by
    ``max(p, q) = p + relu(q - p)``; there ``p`` passes the ReLU as itself where it cannot be
    negative, else as ``relu(p) - relu(-p)``.

    Parameters
    ----------
    model : keras.Model
        One layer after the other, nested or not: dense, convolution, pooling, batch
        normalisation, padding, cropping and reshaping, with ReLU; at the end softmax, sigmoid of
        a single output, or nothing.
    x : numpy.ndarray, shape (batch, ...)
        Inputs on which the answers are compared.

    Returns
    -------
    tuple of (kernel, bias)
        float64, (inputs, units) and (units,); the last one without its softmax or sigmoid.

    Raises
    ------
    SmugError
        Names the first layer or activation that does not fit; or a layer is too large, or the
        model computes something else than its layers' settings say.
    """
    pieces, end = _pieces(model, x)
    network = _Network(x.shape[1:])
    for kind, chain in groupby(pieces, key=lambda piece: piece[0]):
        network.append(kind, [layer for _, layer in chain])
    made = (*network.hidden, network.pending())
    _compare(model, x, made, end)
    return made


def _pieces(model: keras.Model, x: np.ndarray) -> tuple[list[tuple[str, Any]], str]:
    """Kind of each step with a copy of its layer, ReLUs apart, and what ends the network."""
    calls = rewire.record_calls(model, x[:1])
    pieces: list[tuple[str, Any]] = []
    end = "linear"
    for number, call in enumerate(calls):
        layer, where = call.op, f"layer {call.op.name!r} ({type(call.op).__name__})"
        before = call.inputs[0] if not number else calls[number - 1].output
        if len(call.inputs) != 1 or call.inputs[0] is not before:
            made = [calls[0].inputs[0], *(earlier.output for earlier in calls[:number])]
            seen = len(call.inputs) > 1 or any(call.inputs[0] is one for one in made)
            if seen:
                raise _misfit(model, f"more than one way through it, at {where}")
            raise _misfit(model, f"a computation that is no layer before {where}")
        activation = getattr(layer, "activation", activations.linear)
        if type(layer) in _AFFINE:
            pieces.append(("affine", _copy(layer, before.shape, "float64")))
        elif type(layer) in _MAXIMA:
            # Asked for positions only; not every max pooling of TensorFlow takes float64.
            pieces.append(("largest", _copy(layer, before.shape, "float32")))
        elif type(layer) is layers.Softmax and layer.axis in (-1, 1):
            activation = activations.softmax
        elif type(layer) is layers.ReLU and _is_plain(layer):
            activation = activations.relu
        elif type(layer) is not layers.Activation and type(layer) not in _NOTHING:
            raise _misfit(model, where)
        if activation is activations.relu:
            pieces.append(("relu", None))
        elif activation is not activations.linear:
            name = getattr(activation, "__name__", str(activation))
            one = call.output.shape[-1] == 1
            if number < len(calls) - 1 or name != ("sigmoid" if one else "softmax"):
                raise _misfit(model, f"activation {name} in layer {layer.name!r}")
            end = name
    return pieces, end


def _is_plain(relu: layers.ReLU) -> bool:
    return relu.max_value is None and relu.negative_slope == 0 and relu.threshold == 0


def _misfit(model: keras.Model, what: str) -> SmugError:
    check_open(model, "robust")
    return SmugError(
        f"robust takes one chain of dense, convolution, pooling and ReLU layers that ends in "
        f"softmax, the sigmoid of one output, or nothing; model {model.name!r} has {what}; use "
        "smug or sis"
    )


def _copy(layer: Any, shape: tuple[int, ...], dtype: str) -> Any:
    """A copy of a layer without its activation, for inputs of shape (1, ...)."""
    # Torch, where Keras runs on it, takes no dot in the names of weights; submodules have them.
    config = layer.get_config() | {"dtype": dtype, "name": layer.name.replace(".", "_")}
    if "activation" in config:
        config["activation"] = None
    copy = type(layer).from_config(config)
    with backend.in_float64():
        copy.build((None, *shape[1:]))
        copy.set_weights(layer.get_weights())
    copy.name = layer.name
    return copy


class _Network:
    """A dense network that grows: its hidden layers, and an affine function after the last one.

    Parameters
    ----------
    shape : tuple of int
        Of one input; then of what the affine function answers.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.hidden: list[tuple[np.ndarray, np.ndarray]] = []
        self.shape = shape
        self._W: Any = sparse.eye_array(int(np.prod(shape)), format="csr")
        self._b = np.zeros(int(np.prod(shape)))
        self._positive = False  # whether no value can be negative

    def append(self, kind: str, chain: list[Any]) -> None:
        """Append layers of one kind of :func:`_pieces`."""
        if kind == "affine":
            self._affine(*self._probed(chain))
        elif kind == "relu":
            self._relu()
        else:
            for layer in chain:
                # A window's maximum is positive for the unit vectors of its own positions.
                inside = self._probed([layer])[0].T > 0
                self._largest([np.flatnonzero(window) for window in inside])

    def pending(self) -> tuple[np.ndarray, np.ndarray]:
        """The affine function after the last ReLU."""
        _check_entries(*self._W.shape)
        return self._W.toarray() if sparse.issparse(self._W) else self._W, self._b

    def _affine(self, A: Any, c: np.ndarray) -> None:
        self._W, self._b = self._W @ A, self._b @ A + c
        self._positive = self._positive and A.min() >= 0 and c.min() >= 0

    def _relu(self) -> None:
        if self._positive:
            return
        self.hidden.append(self.pending())
        size = len(self._b)
        self._W, self._b = sparse.eye_array(size, format="csr"), np.zeros(size)
        self._positive = True

    def _largest(self, windows: list[np.ndarray]) -> None:
        """The maxima of windows, each given by its positions."""
        while max(len(window) for window in windows) > 1:
            windows = self._halve(windows)
        places = np.concatenate(windows)
        self._affine(_select(len(self._b), places), np.zeros(len(places)))

    def _halve(self, windows: list[np.ndarray]) -> list[np.ndarray]:
        """Maxima of the pairs in each window, by one hidden layer; the windows over them."""
        size = len(self._b)
        left = np.concatenate([window[::2] for window in windows])
        right = np.concatenate([window[1::2] for window in windows])
        halves = np.split(
            np.arange(len(left)), np.cumsum([-(-len(window) // 2) for window in windows])[:-1]
        )
        paired = np.concatenate(
            [half[: len(window) // 2] for half, window in zip(halves, windows, strict=True)]
        )
        passed, place = np.unique(left, return_inverse=True)
        signs = (1,) if self._positive else (1, -1)
        keep, join = _select(size, passed), _select(len(passed), place)
        larger = _select(size, right) - _select(size, left[paired])
        units = sparse.hstack([*(sign * keep for sign in signs), larger], format="csr")
        self._affine(units, np.zeros(units.shape[1]))
        self._relu()
        sums = [*(sign * join for sign in signs), _select(len(left), paired).T]
        self._affine(sparse.vstack(sums, format="csr"), np.zeros(len(left)))
        return halves

    def _probed(self, chain: list[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Matrix and constant of affine layers, by their answers to unit vectors."""
        size = len(self._b)
        constant = self._run(chain, np.zeros((1, size)))
        shape, constant = constant.shape[1:], constant.reshape(-1)
        _check_entries(size, len(constant), f"layer {chain[0].name!r}")
        A = np.empty((size, len(constant)))
        step = max(1, _BATCH // max(A.shape))
        for start in range(0, size, step):
            count = min(step, size - start)
            answers = self._run(chain, np.eye(count, size, start))
            A[start : start + count] = answers.reshape(count, -1) - constant
        self.shape = shape
        return A, constant

    def _run(self, chain: Sequence[Any], rows: np.ndarray) -> np.ndarray:
        with backend.in_float64():
            a = keras.ops.convert_to_tensor(rows.reshape(-1, *self.shape))
            for layer in chain:
                try:
                    a = layer(a)
                except Exception as error:  # channels first, for one, may run on GPUs only
                    raise SmugError(
                        f"robust cannot write layer {layer.name!r} out, which does not run by "
                        "itself in float64 on this machine; use smug or sis"
                    ) from error
            return keras.ops.convert_to_numpy(a)


def _select(size: int, places: np.ndarray) -> sparse.csr_array:
    """Matrix by which ``v @ matrix`` is ``v[places]``, v of shape (size,)."""
    count = len(places)
    return sparse.csr_array((np.ones(count), (places, np.arange(count))), shape=(size, count))


def _check_entries(inputs: int, units: int, name: str = "a max pooling") -> None:
    if inputs * units > _ENTRIES:
        raise SmugError(
            f"robust writes layers out as matrices of at most {_ENTRIES} entries; {name} takes "
            f"{inputs} x {units}: use smug or sis, or a smaller network"
        )


def _compare(model: keras.Model, x: np.ndarray, made: Layers, end: str) -> None:
    """Refuse a model whose answers are not those of the network written out."""
    points = np.concatenate([x, x / 2])
    a = points.reshape(len(points), -1).astype(np.float64)
    for W, b in made[:-1]:
        a = np.maximum(a @ W + b, 0)
    answers = _ENDS[end](a @ made[-1][0] + made[-1][1])
    right = rewire.outputs_of(model, points.astype(x.dtype))
    if answers.shape != right.shape:
        raise _misfit(model, "more behind its layers, such as a reduction of their answer")
    apart = np.abs(answers - right).max()
    if apart > _ROUNDING * max(1.0, np.abs(right).max()):
        raise _misfit(
            model, f"answers that lie {apart:.3g} from those that its layers' settings give"
        )
