"""Networks that come with trained weights: from a package, a file, or Keras's own downloads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import keras

from smug.errors import SmugError, unknown_name
from smug.models.networks import applications, efficientnet_lite0, inception_v1


class ModelSettings(Protocol):
    """The values of the configuration section ``model``."""

    name: str
    weights: str | None


def import_model(settings: ModelSettings) -> keras.Model:
    """Build the network that a configuration names, with its weights.

    Parameters
    ----------
    settings
        ``name`` is one of :data:`IMPORTS` or of ``keras.applications``. ``weights`` is a file, an
        ``.npz`` of :func:`smug.models.weights.npz.save_npz` included, or ``imagenet`` for what
        Keras downloads; null means what the installed package ships (EfficientNet-Lite0 only).

    Raises
    ------
    SmugError
        Unknown network, no weights given, or a file that does not fit.
    """
    of_keras = applications.names()
    if settings.name not in IMPORTS and settings.name not in of_keras:
        known = [*IMPORTS, *of_keras]
        raise unknown_name("network with trained weights", settings.name, known)
    if settings.weights is None and settings.name != "efficientnet_lite0":
        raise SmugError(
            f"model.weights=null: {settings.name} needs a file of weights; see DATA.md, "
            "then set imagenet:model.weights=<file>"
        )
    if settings.name in of_keras:
        return applications.build(settings.name, settings.weights)
    own = settings.weights is not None and Path(settings.weights).suffix == ".npz"
    if own and settings.name in _NPZ:
        return _NPZ[settings.name](settings.weights)
    return IMPORTS[settings.name](settings.weights)


#: Every network that can be imported, by name.
IMPORTS: dict[str, Callable[[str | None], keras.Model]] = {
    "efficientnet_lite0": efficientnet_lite0.import_weights,
    "inception_v1": inception_v1.import_slim,
    "googlenet": inception_v1.import_onnx,
    "inception_v3": lambda weights: applications.build("InceptionV3", weights),
    "resnet50": lambda weights: applications.build("ResNet50", weights),
}

# Those whose importers read the formats of other houses only.
_NPZ: dict[str, Callable[[str], keras.Model]] = {
    "efficientnet_lite0": efficientnet_lite0.load,
    "inception_v1": inception_v1.load,
    "googlenet": lambda weights: inception_v1.load(weights, "bvlc"),
}

#: The same networks with fresh weights.
UNTRAINED: dict[str, Callable[[], keras.Model]] = {
    "efficientnet_lite0": efficientnet_lite0.build,
    "inception_v1": inception_v1.build,
    "googlenet": lambda: inception_v1.build("bvlc", batch_norm=False),
    "inception_v3": lambda: applications.build("InceptionV3"),
    "resnet50": lambda: applications.build("ResNet50"),
}
