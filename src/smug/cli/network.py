"""The network that explains images, and how it is fed."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smug.cli.defaults import IMAGE_MODEL, IMAGE_MODELS
from smug.errors import SmugError

if TYPE_CHECKING:
    import keras

    from smug.models.preprocessing import Preprocessing

#: One number a colour.
Three = tuple[float, float, float]


@dataclass(frozen=True)
class Network:
    """A model of images, from uint8 pixels to named classes.

    Parameters
    ----------
    model : keras.Model
    preprocess : Preprocessing
        From pixels to the model's input.
    class_names : sequence of str, optional
    reason : str
        Why pixels are scaled as ``preprocess`` does.
    source : dict
        The model's file and its hash, for records.
    """

    model: keras.Model
    preprocess: Preprocessing
    class_names: Sequence[str] | None
    reason: str
    source: dict[str, Any]


def read_scale(options: argparse.Namespace) -> tuple[Three, Three] | None:
    """Mean and scale as the user typed them, three numbers each; None where neither was given.

    Raises
    ------
    SmugError
        Not one or three numbers, a scale of zero, or a network that has its own.
    """
    if options.mean is None and options.scale is None:
        return None
    name = options.model or IMAGE_MODEL
    if name in IMAGE_MODELS:
        raise SmugError(f"--mean and --scale are for your own --model; {name} has its own")
    return _three("--mean", options.mean or "0"), _three("--scale", options.scale or "1")


def _three(option: str, text: str) -> Three:
    try:
        values = tuple(float(word) for word in text.split(","))
    except ValueError:
        values = ()
    if len(values) not in (1, 3) or not all(map(math.isfinite, values)):
        raise SmugError(f"{option} {text} is not one number, or three: red,green,blue")
    if option == "--scale" and 0 in values:
        raise SmugError(
            f"{option} {text} would divide by zero; for inputs from 0 to 1 it is 255, for plain "
            "pixels 1"
        )
    red, green, blue = values * (3 // len(values))
    return red, green, blue


def check_file(path: str | None) -> None:
    """Refuse a model that is not there, before anything is loaded."""
    if path is not None and path not in IMAGE_MODELS and not Path(path).exists():
        raise SmugError(
            f"no model file {path}; give a .keras, .h5 or .onnx file, a SavedModel folder, or "
            f"{' or '.join(IMAGE_MODELS)}"
        )


def load_network(
    path: str | None,
    class_names: Sequence[str] | None,
    given: tuple[Three, Three] | None,
) -> Network:
    """Load a network.

    Parameters
    ----------
    path : str, optional
        A ``.keras``, ``.h5`` or ``.onnx`` file, a SavedModel folder, or one of
        :data:`~smug.cli.defaults.IMAGE_MODELS`, whose first is the default.
    class_names : sequence of str, optional
        Names for the classes of a model of the user's own.
    given : tuple of mean and scale, optional
        As :func:`read_scale` has them; found out from the model by default.

    Raises
    ------
    SmugError
        Missing or damaged file, a model that takes no images, or one that does not say which
        pixels it expects.
    """
    path = path or IMAGE_MODEL
    if path in IMAGE_MODELS:
        return _packaged(path, class_names)
    from smug.io import SAVED_MODEL, is_saved_model, sha256
    from smug.models.modules.channels import channels_last
    from smug.models.pixels import pixel_scale
    from smug.models.preprocessing import Preprocessing
    from smug.models.registry import load_model

    file = Path(path)
    model = channels_last(load_model(file), axes=3)
    shape = _image_shape(file, model)
    try:
        if given is None:
            found = pixel_scale(model)
            given, reason = ((found.mean,) * 3, (found.scale,) * 3), found.reason
        else:
            reason = "given by --mean and --scale"
            _check_whole(model, *given)
    except SmugError as error:
        raise SmugError(f"{file}: {error}") from error
    return Network(
        model,
        Preprocessing(shape[:2], *given),
        class_names,
        reason,
        {
            "file": str(file),
            "file_sha256": sha256(file / SAVED_MODEL if is_saved_model(file) else file),
        },
    )


def _packaged(name: str, class_names: Sequence[str] | None) -> Network:
    """One of the networks that installed packages ship."""
    from smug.datasets.imagenet import class_names as imagenet_names
    from smug.models import registry
    from smug.models.fold import fold_batch_norm
    from smug.models.imports import import_model
    from smug.models.preprocessing import Preprocessing

    preprocess = registry.network(name).preprocess
    assert isinstance(preprocess, Preprocessing)
    return Network(
        fold_batch_norm(import_model(name, None)),
        preprocess,
        class_names or imagenet_names(),
        f"{name} was trained so",
        {"source": name},
    )


def _image_shape(file: Path, model: keras.Model) -> tuple[int, int, int]:
    inputs = getattr(model, "inputs", None)
    if not inputs:
        raise SmugError(
            f"{file} was saved before it was built: its input shape is not known; call the model "
            "on one input and save it again"
        )
    if len(inputs) > 1:
        raise SmugError(
            f"{file} takes {len(inputs)} inputs, smug explain feeds one image; explain a model "
            "of one input, in which the others are fixed"
        )
    shape = tuple(inputs[0].shape[1:])
    if len(shape) != 3 or shape[-1] != 3 or None in shape:
        raise SmugError(
            f"{file} takes inputs of shape {shape}, smug explain feeds images "
            "(height, width, 3); use smug.explain in Python for others"
        )
    return shape


def _check_whole(model: keras.Model, mean: Sequence[float], scale: Sequence[float]) -> None:
    from keras.backend import is_int_dtype

    dtype = model.inputs[0].dtype
    if is_int_dtype(dtype) and (any(mean) or set(scale) != {1.0}):
        raise SmugError(f"its input type {dtype} takes whole pixels; leave out --mean and --scale")
