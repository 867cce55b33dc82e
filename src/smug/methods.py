"""Every method by name, and one call for all: ``smug.explain(model, x)``.

The registry :data:`METHODS` names each method's function without importing it, and its settings
are read from the function's source: tables, schemas and the command line ask it, and TensorFlow
loads when a method is called.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from smug import provenance
from smug.errors import SmugError, unknown_name
from smug.explanation import Explanation, joined
from smug.io import plain
from smug.limits import Setting, check_name, check_settings
from smug.source import definition

if TYPE_CHECKING:
    import keras

#: Keyword-only parameters that change what a function returns, not what it computes.
_NOT_SETTINGS = ("return_details",)


@dataclass(frozen=True)
class Method:
    """One entry of the registry.

    Parameters
    ----------
    function : str
        ``module:function``; called as ``function(model, x, target, **settings)``. It returns the
        values, or ``(values, mask, solver)`` and, where it has them, counterexamples, as
        :class:`~smug.explanation.Explanation` has them.
    name : str
        Name in tables and figures.
    about : str
        One line about it.
    needs : tuple of str
        What it asks of the model or the input, in the field's words.
    contributions : bool
        Whether its values are contributions to the class score: their sign says for or against.
    mask : bool
        Whether it answers a mask beside its values.
    """

    function: str
    name: str
    about: str
    needs: tuple[str, ...] = ()
    contributions: bool = False
    mask: bool = False

    def load(self) -> Callable[..., Any]:
        """Import the function."""
        module, _, name = self.function.partition(":")
        return getattr(import_module(module), name)


#: Every method by name; the order is that of lists and documentation.
METHODS: dict[str, Method] = {
    "smug": Method(
        "smug.attribution.smug:smug",
        name="SMUG",
        about="smallest mask that keeps the top nodes' response, scored (SMUG)",
        needs=("a linear first layer", "gradients"),
        mask=True,
    ),
    "smug_base": Method(
        "smug.attribution.smug:smug_base",
        name="SMUG_base",
        about="the top nodes' receptive fields, scored, nothing minimised",
        needs=("a linear first layer", "gradients"),
        mask=True,
    ),
    "integrated_gradients": Method(
        "smug.attribution.integrated_gradients:integrated_gradients",
        name="IG",
        about="gradients summed from a baseline",
        needs=("gradients",),
        contributions=True,
    ),
    "gradients": Method(
        "smug.attribution.gradients:gradients",
        name="gradients",
        about="gradient of the class score",
        needs=("gradients",),
    ),
    "gradcam": Method(
        "smug.attribution.gradcam:gradcam",
        name="GradCAM",
        about="last feature maps, weighted by their gradients",
        needs=("images", "feature maps of a convolution", "gradients"),
    ),
    "ggig": Method(
        "smug.attribution.geometric:ggig",
        name="GGIG",
        about="largest gradients around the path from a baseline, found by ascent",
        needs=("gradients",),
        contributions=True,
    ),
    "geometric_ensemble": Method(
        "smug.attribution.geometric:geometric_ensemble",
        name="GGIG ensemble",
        about="mean ggig of models near the trained one",
        needs=("gradients", "weights that may be perturbed for a while"),
        contributions=True,
    ),
    "sis": Method(
        "smug.attribution.sis:sis",
        name="SIS",
        about="few words, features or pixels that alone keep the class score, any model",
        needs=("at most 4096 words, features or pixels",),
        mask=True,
    ),
    "robust": Method(
        "smug.attribution.robust:robust",
        name="robust set",
        about="fewest features that keep the class whatever the others become, proven",
        needs=(
            "a chain of dense, convolution, pooling and ReLU layers, not large",
            "the predicted class",
        ),
        mask=True,
    ),
    "image_sis": Method(
        "smug.attribution.image_sis:image_sis",
        name="SIS (batched)",
        about="windows that alone keep the class score, found by gradients",
        needs=("images", "gradients"),
        mask=True,
    ),
}


def explain(
    model: keras.Model,
    x: np.ndarray,
    target: int | np.ndarray | None = None,
    method: str = "smug",
    *,
    explain: str | int | None = None,
    output: str | int | None = None,
    reduce: str | Callable[[Any], Any] | None = None,
    class_names: Sequence[str] | None = None,
    detail: str = "fine",
    **settings: Any,
) -> Explanation:
    """Explain a model's predictions.

    Parameters
    ----------
    model : keras.Model or torch.nn.Module
        Any Keras model, or with ``KERAS_BACKEND=torch`` a torch module; SMUG needs a linear first
        layer. One in half precision is explained as its weights answer in float32.
    x : numpy.ndarray, shape (batch, ...) or one input without the batch axis
        As the model gets it (after the preprocessing that stands outside the model). Whatever
        NumPy turns into an array of numbers: a tensor, a list, a table, an image. Of a model with
        several inputs, a list or dict of all of them.
    target : int or numpy.ndarray of int, shape (batch,), optional
        Class to explain; the predicted one by default. Of a model with one output, 0 and 1 both
        name that output.
    method : str
        See :data:`METHODS`.
    explain : str or int, optional
        Of a model with several inputs, name or number of the one that is explained; the others are
        held as given, each row's own.
    output : str or int, optional
        Of a model with several outputs, name or number of the one that is explained.
    reduce : {"mean", "sum", "max"} or callable, optional
        How an output that is no ``(batch, classes)``, such as a segmentation map, becomes class
        scores: over all its axes between the first and the last, or by a function of it, made of
        ``keras.ops``.
    class_names : sequence of str, optional
        Name of each class, in the order of the model's outputs; they stand in the plot and in the
        saved record.
    detail : {"fine", "coarse"}
        Nodes and windows of ``smug`` and ``smug_base`` where ``top_k`` and ``window`` are not
        given, see :func:`smug.attribution.smug.default_settings`; other methods have none.
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
        Unknown method or setting, a setting of a wrong type or value, an input or target that
        does not fit the model, a model that answers no finite class scores, too few or too many
        class names.
    """
    known = method_settings(method)
    check_name("detail", detail)
    settled = check_settings(method, known, settings)
    from smug.attribution import inputs
    from smug.attribution.targets import one_by_one
    from smug.models.modules import as_model
    from smug.models.precision import in_float32
    from smug.models.single import single

    def one_model(model: keras.Model, x: np.ndarray, target: Any) -> Explanation:
        return _explained(model, x, target, method, settled, class_names, detail)

    with as_model(model) as model:
        inputs.check_model(model)
        with in_float32(model):
            seen = single(model, x, explain=explain, output=output, reduce=reduce)
        if seen is None:
            made = one_model(model, x, target)
        else:
            targets = [target] if not seen.held else one_by_one(seen.model, target, len(seen.x))
            made = joined(
                [one_model(*part, to) for part, to in zip(seen.parts(), targets, strict=True)]
            )
        chosen = {} if seen is None else seen.record
        return replace(made, record=made.record | chosen | _provenance(model, made.inputs))


def _explained(
    model: keras.Model,
    x: np.ndarray,
    target: Any,
    method: str,
    settled: dict[str, Any],
    class_names: Sequence[str] | None,
    detail: str,
) -> Explanation:
    """Explanation of a model of one input and class scores, its origin not yet recorded."""
    from smug.attribution import inputs
    from smug.models.axes import axes_of
    from smug.models.precision import in_float32

    known = method_settings(method)
    with in_float32(model):
        call = inputs.check(model, x, target, settled, known=known, one=True)
        names = _checked_names(class_names, call.classes)
        positions = axes_of(model, call.x).positions
        given, record = _found_first(model, call.x, method, call.settings, detail)
        # Everything is checked: what checks it around the function is left out.
        if target is None and method == "robust":
            from smug.attribution.robust import predicted

            # The side of a single output, which has one class for all other methods.
            call = call._replace(target=predicted(model, call.x))
        function = inspect.unwrap(METHODS[method].load())
        answer = inputs.answer(function, model, call._replace(settings=given))
    values, mask, solver, *found = answer if isinstance(answer, tuple) else (answer, None, {})
    return Explanation(
        method,
        values,
        call.x,
        call.target,
        call.score.astype(np.float32),
        mask,
        solver,
        settings={
            # Of a layer that was found, the record speaks; what is asked for again is its name.
            name: plain((settled if name == "layer" else given).get(name, setting.default))
            for name, setting in known.items()
        },
        class_names=names,
        record=record | {"position_axes": list(positions)},
        counterexamples=found[0] if found else None,
    )


def _checked_names(class_names: Sequence[str] | None, outputs: int) -> tuple[str, ...] | None:
    """Class names, one for each class; one output has the classes 0 and 1."""
    if class_names is None:
        return None
    listed = isinstance(class_names, list | tuple | np.ndarray)
    if not listed or not all(isinstance(name, str) for name in class_names):
        raise SmugError("class_names must be a list of texts, the name of each class")
    classes = max(outputs, 2)
    if len(class_names) != classes:
        raise SmugError(
            f"{len(class_names)} class names for a model of {classes} classes; give one for each"
        )
    return tuple(str(name) for name in class_names)


def _found_first(
    model: keras.Model, x: np.ndarray, method: str, settings: dict[str, Any], detail: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings with what a method finds for itself, and the record of the layer that it rests on.

    That is the first layer, or the layer that stands for the input where that has no gradient.
    """
    needs = METHODS[method].needs
    if "a linear first layer" not in needs:
        if "layer" not in method_settings(method) or "feature maps of a convolution" in needs:
            return settings, {}
        from smug.attribution.gradients import site_of

        site = site_of(model, x, settings.get("layer"), gradient="gradients" in needs)
        return settings | {"layer": site}, {"attributed_to": getattr(site, "name", "input")}
    from smug.attribution.smug import default_settings
    from smug.models.first_layer import FirstLayer, find_first_layer

    layer = settings.get("layer")
    if not isinstance(layer, FirstLayer):
        layer = find_first_layer(model, layer, x=x)
    about = {"name": layer.name, "kind": layer.linear.kind, "outputs": layer.linear.output_shape}
    default = default_settings(layer.linear, detail)
    missing = {name: value for name, value in default.items() if settings.get(name) is None}
    return settings | missing | {"layer": layer}, {"first_layer": plain(about)}


def _provenance(model: keras.Model, x: np.ndarray) -> dict[str, Any]:
    """Record of what an explanation rests on beside its method and settings."""
    return {
        "model": provenance.of_model(model),
        "input": {"sha256": provenance.sha256_of_arrays([x]), "shape": list(x.shape)},
        **provenance.software(),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def word_scores(made: Explanation) -> np.ndarray:
    """Score every word by how much it speaks for the class explained.

    A contribution is summed over the embedding first, as completeness has it, and what speaks
    against the class counts as 0: SMUG, too, chooses nodes of positive attribution only, and a
    rationale says what speaks for a score. A plain gradient is no contribution; its magnitude
    counts.

    Parameters
    ----------
    made : Explanation
        Values of shape (batch, words, d), or (batch, words) of a method that scores words.

    Returns
    -------
    numpy.ndarray, shape (batch, words)
        Scores >= 0.
    """
    if made.values.ndim == 3 and METHODS[made.method].contributions:
        return np.maximum(made.values.sum(axis=-1), 0.0)
    return made.saliency()


def method_settings(method: str) -> dict[str, Setting]:
    """Settings of a method by name, read from the source of its function, which is not imported.

    They are the keyword-only parameters. Defaults are literals; the kinds of values come from the
    annotations.

    Raises
    ------
    SmugError
        Unknown method, or a function whose settings cannot be read.
    """
    if not isinstance(method, str) or method not in METHODS:
        raise unknown_name("method", method, METHODS)
    function = METHODS[method].function
    return _settings(definition(function), function)


def _settings(node: ast.FunctionDef, function: str) -> dict[str, Setting]:
    settings = {}
    for parameter, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        if parameter.arg in _NOT_SETTINGS:
            continue
        if default is None:
            raise SmugError(f"{function}: {parameter.arg} has no default; give it one")
        try:
            value = ast.literal_eval(default)
        except ValueError:
            raise SmugError(
                f"{function}: the default of {parameter.arg} is {ast.unparse(default)}; write a "
                "number, a text, True, False, None or a tuple of them"
            ) from None
        settings[parameter.arg] = Setting.read(value, parameter.annotation)
    return settings
