"""Networks that come with trained weights: from a package, a file, or Keras's own downloads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras

from smug.errors import SmugError, unknown_name
from smug.models.networks import applications, efficientnet_lite0, inception_v1
from smug.models.weights.npz import check_finite


def import_model(name: str, weights: str | None) -> keras.Model:
    """Build a network with its trained weights.

    Parameters
    ----------
    name : str
        One of :data:`IMPORTS` or of ``keras.applications``.
    weights : str, optional
        A file, an ``.npz`` of :func:`smug.models.weights.npz.save_npz` included, or ``imagenet``
        for what Keras downloads; None means what the installed package ships
        (EfficientNet-Lite0 only).

    Raises
    ------
    SmugError
        Unknown network, no weights given, or a file that does not fit or holds no numbers.
    """
    of_keras = applications.names()
    if name not in IMPORTS and name not in of_keras:
        raise unknown_name("network with trained weights", name, [*IMPORTS, *of_keras])
    if weights is None:
        if name != "efficientnet_lite0":
            raise SmugError(
                f"model.weights=null: {name} needs a file of weights; see DATA.md, "
                "then set imagenet:model.weights=<file>"
            )
        return efficientnet_lite0.import_weights()
    if name in of_keras:
        model = applications.build(name, weights)
    elif name in _NPZ and Path(weights).suffix == ".npz":
        model = _NPZ[name](weights)
    else:
        model = IMPORTS[name](weights)
    check_finite(model, weights)
    return model


#: Every network that can be imported, by name.
IMPORTS: dict[str, Callable[[str], keras.Model]] = {
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
