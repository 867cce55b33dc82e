"""Network of a job: from its file and its section of the configuration."""

from __future__ import annotations

from pathlib import Path

import keras

from smug.jobs.settings.models import ModelSettings
from smug.jobs.settings.own import (
    OwnImagesModelSettings,
    OwnModelSettings,
    OwnTextsModelSettings,
)
from smug.models import own
from smug.models.modules.channels import channels_last
from smug.models.registry import Network, load_model, network


def explained_network(path: str | Path, settings: ModelSettings) -> tuple[keras.Model, Network]:
    """Network as it is explained, with an output a class, and what it is fed.

    Parameters
    ----------
    path : path-like
        Its ``.keras`` or ``.onnx`` file, as the run keeps it.
    settings : ModelSettings
        The section ``model``.
    """
    model = load_model(path)
    if isinstance(settings, OwnImagesModelSettings):
        model = channels_last(model, axes=3)
        known = own.of_images(model, settings.preprocessing)
    elif isinstance(settings, OwnTextsModelSettings):
        known = own.of_texts()
    elif isinstance(settings, OwnModelSettings):
        model = channels_last(model, axes=2)
        known = own.of_rows(model)
    else:
        known = network(settings.name)
    return known.view(model), known
