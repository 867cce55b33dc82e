"""SavedModel folders as models: they answer and have gradients, and cannot be looked into."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import keras

from smug.errors import SmugError
from smug.io import reading
from smug.models import rewire
from smug.models.backend.library import tensorflow

#: The function that model.export, and model.save of Keras 2, write for whoever serves the model.
_ENDPOINT = "serving_default"


class ClosedModel(keras.Model):
    """The function ``serving_default`` of a SavedModel, as a model of one layer.

    Parameters
    ----------
    layer : keras.layers.TFSMLayer
    given : KerasTensor
        Its input, as the folder has it written down.
    name : str
    """

    def __init__(self, layer: keras.layers.TFSMLayer, given: Any, name: str) -> None:
        super().__init__(name=name, autocast=False)
        self.layer = layer
        self.inputs = [given]
        self.built = True

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Answer to a batch; of several outputs a dict by their names."""
        del training  # what is saved is the function at inference
        answer = self.layer(x)
        if isinstance(answer, dict) and len(answer) == 1:
            (answer,) = answer.values()
        return answer


def load_saved_model(path: str | Path) -> ClosedModel:
    """Read a SavedModel folder of one input.

    What it holds is a program: TensorFlow runs its operators, those that read and write files
    too. Load none that you do not trust.

    Raises
    ------
    SmugError
        Keras does not run on TensorFlow, a damaged folder, one without a function
        ``serving_default``, or one of several inputs.
    """
    tensorflow(f"{path} is a SavedModel, which", running=True)
    with reading(
        path,
        what="SavedModel",
        damaged="is not a SavedModel that can be read",
        step="export it again with model.export",
    ):
        layer = keras.layers.TFSMLayer(str(path), call_endpoint=_ENDPOINT, name="saved_model")
        taken = layer._reloaded_obj.signatures[_ENDPOINT].structured_input_signature[1]
    if len(taken) != 1:
        names = ", ".join(map(repr, sorted(taken)))
        raise SmugError(
            f"{path} takes {len(taken)} inputs ({names}); one is explained: export the network "
            "with the others held fixed"
        )
    ((name, spec),) = taken.items()
    given = keras.KerasTensor(tuple(spec.shape), dtype=spec.dtype.name, name=name)
    return ClosedModel(layer, given, re.sub(r"\W", "_", Path(path).resolve().name))


def is_closed(model: keras.Model) -> bool:
    """True for a model with a SavedModel in it."""
    return any(isinstance(op, keras.layers.TFSMLayer) for op in rewire.leaves(model))


def check_open(model: keras.Model, what: str) -> None:
    """Refuse a model with a SavedModel in it, for what has to look inside and found nothing.

    Parameters
    ----------
    model : keras.Model
    what : str
        Method or work that looks inside.

    Raises
    ------
    SmugError
        Names the methods that take such a model.
    """
    if is_closed(model):
        raise SmugError(
            f"model {model.name!r} is a SavedModel, which cannot be looked into, and {what} has "
            "to; use integrated_gradients, gradients, ggig, geometric_ensemble, sis or image_sis, "
            "or save the network as a .keras file"
        )
