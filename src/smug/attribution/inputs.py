"""Model, input, target and settings of every method, checked once around it."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar, cast

import keras
import numpy as np
from keras import ops

from smug.attribution.scores import class_scores
from smug.attribution.targets import check_target, known_classes, one_each
from smug.attribution.word_ids import check_word_ids
from smug.errors import SmugError, reason, shortened, shown, unknown_name, warn_user
from smug.limits import Setting, check_settings
from smug.models import backend, rewire
from smug.models.first_layer import FirstLayer
from smug.models.inputs import as_array, as_batch, check_size, input_rank, written_batch
from smug.models.modules import is_module
from smug.models.precision import in_float32
from smug.models.preprocessing import padding_words
from smug.models.weights.npz import check_finite

Function = TypeVar("Function", bound=Callable[..., Any])


class Call(NamedTuple):
    """Arguments of a method, checked.

    Parameters
    ----------
    x : numpy.ndarray, shape (batch, ...)
        Of the model's input type.
    target : numpy.ndarray of int64, shape (batch,)
    settings : dict
        Layers as objects.
    classes : int
        Outputs of the model.
    score : numpy.ndarray, shape (batch,)
        The model's output for the target; empty if it was not asked for.
    """

    x: np.ndarray
    target: np.ndarray
    settings: dict[str, Any]
    classes: int
    score: np.ndarray


def checked(method: Function) -> Function:
    """Let a method get checked arguments only, and answer finite values only.

    Whoever has checked them calls the method behind: ``inspect.unwrap(method)``.
    """
    known = {
        name: Setting.read(parameter.default, _annotation(parameter))
        for name, parameter in inspect.signature(method).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    name = method.__name__

    @functools.wraps(method)
    def run(model: keras.Model, x: np.ndarray, target: np.ndarray, **settings: Any) -> Any:
        settled = check_settings(name, known, settings)
        with in_float32(model):
            return answer(method, model, check(model, x, target, settled, known=known))

    return cast(Function, run)


def check(
    model: keras.Model,
    x: Any,
    target: Any,
    settings: dict[str, Any],
    *,
    known: Mapping[str, Setting],
    one: bool = False,
) -> Call:
    """Check what a method is called with.

    Parameters
    ----------
    model : keras.Model
    x : array-like, shape (batch, ...)
    target : array-like of int, shape (batch,)
    settings : dict
        As :func:`smug.limits.check_settings` answers them.
    known : mapping of str to Setting
        Every setting of the method.
    one : bool
        Whether `x` may be one input without the batch axis, and `target` one class for all inputs
        or None, the predicted class. An empty batch is refused then, and the scores come back.

    Raises
    ------
    SmugError
        Names what does not fit, its value and what is allowed.
    """
    check_model(model)
    # On some processors a ReLU answers 0 to NaN, and nobody would notice.
    check_finite(model, f"model {model.name!r}")
    x = as_array(model, x)
    if one and x.ndim + 1 == input_rank(model):
        x = x[np.newaxis]
    if one and x.ndim and not len(x):
        raise SmugError("x holds no input; give one at least")
    x = as_batch(model, x)
    check_word_ids(model, x)
    _check_batches(model, x)
    score = np.zeros(0, np.float32)
    if one:
        outputs = _outputs(model, x)
        classes = outputs.shape[1]
        labels = check_target(model, one_each(target, outputs), len(x), classes)
        score = class_scores(outputs, labels)
    else:
        classes = known_classes(model) or _outputs(model, x[:1]).shape[1]
        labels = check_target(model, target, len(x), classes)
    check_size(model, settings)
    if settings.get("layer") is not None:
        first = "FirstLayer" in known["layer"].objects
        settings = settings | {"layer": check_layer(model, settings["layer"], first=first)}
    return Call(x, labels, settings, classes, score)


def _check_batches(model: keras.Model, x: np.ndarray) -> None:
    """Refuse a model that runs on one size of batches only."""
    try:
        if (written := written_batch(model)) is not None:
            _outputs(model, np.repeat(x[:1], written + 1, axis=0))
    except SmugError as error:
        raise SmugError(
            f"model {model.name!r} takes batches of exactly {written} inputs, and smug runs "
            "batches of many sizes; build it with keras.Input(shape), not batch_shape"
        ) from error


def check_model(model: keras.Model) -> None:
    """Refuse what is no Keras model, or has layers without weights yet."""
    if is_module(model):
        raise SmugError(
            f"model={type(model).__name__} is a torch.nn.Module; give it to smug.explain, or "
            "smug.models.modules.model.ModuleModel(module) to what takes a keras.Model"
        )
    if not isinstance(model, keras.Model):
        bases = {f"{base.__module__}.{base.__name__}" for base in type(model).__mro__}
        if "keras.src.models.model.Model" in bases:
            raise SmugError(
                f"model {shown(model)} was made before Keras changed to its backend "
                f"{keras.config.backend()!r}; set KERAS_BACKEND before keras is imported, and "
                "load the model again"
            )
        raise SmugError(
            f"model={shown(model)} is no keras.Model; load one with keras.models.load_model"
        )
    # A layer that defines build makes its weights there, at random; others have none.
    open_layers = [
        op.name
        for op in [*rewire.leaves(model), model]
        if isinstance(op, keras.Layer) and not op.built and type(op).build is not keras.Layer.build
    ]
    if open_layers:
        raise SmugError(
            f"layer {open_layers[0]!r} of model {model.name!r} is not built, so that its weights "
            "would be random; train the model or load its weights first"
        )


def check_layer(model: keras.Model, layer: Any, *, first: bool) -> Any:
    """Find the layer that a setting ``layer`` means.

    Parameters
    ----------
    model : keras.Model
    layer : str, keras.layers.Layer, keras.Operation, Run or FirstLayer
    first : bool
        Whether the method takes a :class:`~smug.models.first_layer.FirstLayer`; for the others
        that is the layer which answers its activations.

    Raises
    ------
    SmugError
        If the model has no such layer, or several of that name.
    """
    if isinstance(layer, str):
        return rewire.layer_named(model, layer)
    if isinstance(layer, FirstLayer):
        if layer.model is not model:
            raise SmugError(
                f"layer={layer.name!r} was found in model {layer.model.name!r}, not in model "
                f"{model.name!r}; find it in the model that you explain"
            )
        return layer if first else layer.site
    inside = [*rewire.leaves(model), *model._flatten_layers(include_self=False)]
    found = layer.op if isinstance(layer, rewire.Run) else layer
    if not any(op is found for op in inside):
        names = {op.name for op in inside if isinstance(op, keras.Layer)}
        if isinstance(found, keras.Layer | keras.Operation):
            raise SmugError(
                f"layer {found.name!r} ({type(found).__name__}) is no part of model "
                f"{model.name!r}; give one of its layers: {', '.join(sorted(names))}"
            )
        raise unknown_name("layer", layer, names)
    return found if first else layer


def answer(method: Callable[..., Any], model: keras.Model, call: Call) -> Any:
    """Call a method with what was checked.

    Raises
    ------
    SmugError
        If its values are not finite, or there is not enough memory.
    """
    try:
        # What overflows on the way is told below.
        with np.errstate(over="ignore", invalid="ignore"):
            values = made = method(model, call.x, call.target, **call.settings)
    except Exception as error:
        if not isinstance(error, MemoryError) and not backend.out_of_memory(error):
            raise
        raise SmugError(
            f"{method.__name__} has not enough memory: {shortened(str(error), 200)}; give fewer "
            "inputs or smaller settings"
        ) from error
    while isinstance(values, tuple):
        values = values[0]
    finite = np.isfinite(values.astype(np.float64))
    if not finite.all():
        raise SmugError(
            f"{method.__name__} answers NaN or infinite values for input "
            f"{np.argwhere(~finite)[0][0]}; {_not_finite(model, call.x)}"
        )
    _warn_of_zero_maps(method.__name__, values)
    return made


def _warn_of_zero_maps(name: str, values: np.ndarray) -> None:
    zero = np.flatnonzero(~values.any(axis=tuple(range(1, values.ndim))))
    if zero.size:
        more = f" (and of {zero.size - 1} more inputs)" if zero.size > 1 else ""
        message = (
            f"{name}: the map of input {zero[0]}{more} is zero everywhere: no part of the input "
            "was found that the class needs; take another target, layer or setting, such as a "
            "larger gamma or epsilon"
        )
        warn_user(message)


def _annotation(parameter: inspect.Parameter) -> ast.expr | None:
    if parameter.annotation is inspect.Parameter.empty:
        return None
    return ast.parse(inspect.formatannotation(parameter.annotation).strip("'"), mode="eval").body


def _outputs(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Class scores of a batch, shape (batch, classes), all finite."""
    try:
        outputs = rewire.outputs_of(model, x)
    except SmugError:
        raise
    except Exception as error:  # whatever the layers of a user's model raise
        raise SmugError(
            f"model {model.name!r} does not run on inputs of shape {x.shape} and type {x.dtype}: "
            f"{reason(error)}"
        ) from error
    finite = np.isfinite(outputs.astype(np.float64)).all(axis=1)
    if not finite.all():
        raise SmugError(
            f"model {model.name!r} answers NaN or infinite values for input "
            f"{np.flatnonzero(~finite)[0]}; {_not_finite(model, x)}"
        )
    return outputs


def _float64(tensor: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor), np.float64)


def _not_finite(model: keras.Model, x: np.ndarray) -> str:
    """Source of NaN and infinite values, and the way out."""
    for call in rewire.record_calls(model, x):
        if any(
            rewire.is_floating(output) and not np.isfinite(_float64(output)).all()
            for output in rewire.tensors(call.output)
        ):
            return f"layer {call.op.name!r} answers them first: look there for a division by 0"
    return "look for a division, a logarithm or a root of 0 in the model, or for too large settings"


def word_padding(x: np.ndarray, spatial: tuple[int, ...], pad_id: int | None) -> np.ndarray:
    """Padding words of a batch, see :func:`~smug.models.preprocessing.padding_words`.

    Raises
    ------
    SmugError
        If an input holds no other word.
    """
    padding = padding_words(x, spatial, pad_id)
    if padding.reshape(len(x), -1).all(axis=1).any():
        raise SmugError(
            f"the input holds nothing but padding (id {pad_id}); there is no word to explain"
        )
    return padding
